"""Go: programs have no store of their own; all that were built for Linux look for the system's in one way."""

from trust_doctor import mends, openssl
from trust_doctor.rows import Row

WANTED = frozenset()


def rows(host):
    """Yield the row of what Go programs trust that are started in this environment.

    On macOS and Windows they ask the system, which has rows of its own.
    """
    if host.system != "linux":
        return
    found, where, named = openssl.trusted(host, openssl.GO_FILES, openssl.GO_FOLDERS)
    note = "what a program has compiled in (x509roots/fallback, a trust module) cannot be seen from outside"
    if named:
        note = "{} of this environment counts; {}".format(" and ".join(named), note)
    yield Row(
        "go",
        "Go programs",
        where or "no store that Go looks for",
        found,
        note=note,
        mend="unset " + " ".join(named) if named else mends.system(host),
    )
