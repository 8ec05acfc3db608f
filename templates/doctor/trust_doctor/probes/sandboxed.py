"""Snaps and flatpaks, which see another system: which stores count there, and what snapd itself trusts."""

from trust_doctor.probes import browsers
from trust_doctor.rows import Row

WANTED = frozenset(("policies.json",))
_BASES = "/snap/core*/current/etc/ssl/certs/ca-certificates.crt"
# https://snapcraft.io/docs/system-options: store-certs.
_SNAPD = "/var/lib/snapd/ssl/store-certs/*.pem"
_RUNTIMES = ("/var/lib/flatpak", ".local/share/flatpak")
_FILES = ("files/etc/ssl/certs/ca-certificates.crt", "files/etc/pki/tls/certs/ca-bundle.crt")


def rows(host):
    """Yield rows for the stores of snaps' bases, snapd and flatpaks' runtimes, and Firefox's policies."""
    if host.system != "linux":
        return
    for path in host.glob(_BASES):
        yield Row(
            "snap",
            path.split("/")[2] + ", a base of snaps",
            path,
            host.certificates(path) or [],
            effective=False,
            shadowed_by="the machine's own /etc/ssl, which snaps see in its place",
        )
    files = host.glob(_SNAPD)
    if files:
        held = {each: None for path in files for each in host.certificates(path) or ()}
        note = "for the store that snapd asks, beside the system's"
        yield Row("snap", "snapd", files[0].rsplit("/", 1)[0], list(held), note=note, replaces=False)
    for row in _flatpaks(host):
        yield row
    for path in host.found["policies.json"]:
        if "/org.mozilla.firefox.systemconfig/" in path:
            yield browsers.firefox(host, path, "Firefox (flatpak)", True)


def _flatpaks(host):
    bases = [_RUNTIMES[0], *(home + "/" + _RUNTIMES[1] for _, home in host.homes)]
    for base in bases:
        for active in host.glob(base + "/runtime/*/*/*/active"):
            for path in (active + "/" + name for name in _FILES):
                if host.exists(path):
                    steps = active[len(base) :].split("/")
                    yield Row(
                        "flatpak",
                        "{} {}".format(steps[2], steps[4]),
                        path,
                        host.certificates(path) or [],
                        effective=None,
                        user=host.user_of(path),
                        note="apps that ask p11-kit follow the machine's store; who reads this file does not",
                    )
                    break
