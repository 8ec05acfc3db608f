"""NSS databases: Firefox's and Thunderbird's profiles, Chromium's own, the system's."""

from trust_doctor import nss
from trust_doctor.rows import Row

WANTED = frozenset(("cert9.db", "cert8.db"))
_MOST = 200


def rows(host):
    """Yield a row for each database; what it trusts comes beside the client's built-in roots."""
    for path in host.some(host.found["cert9.db"], _MOST):
        yield _row(host, path)
    new = {path.rsplit("/", 1)[0] for path in host.found["cert9.db"]}
    for path in host.some(host.found["cert8.db"], _MOST):
        if path.rsplit("/", 1)[0] not in new:
            note = "is of a form before 2018, which no client reads any more, nor does the doctor"
            yield Row("nss", owner(path), path, effective=False, user=host.user_of(path), note=note)


def _row(host, path):
    data = host.read(path, nss.LIMIT)
    if data is None or not host.may_use(path, len(data)):
        return Row("nss", owner(path), path, effective=None, user=host.user_of(path), note="cannot be read")
    try:
        held, others = nss.trusted(data)
    except nss.NssError as error:
        host.note(path, str(error))
        return Row("nss", owner(path), path, effective=None, user=host.user_of(path), note=str(error))
    note = "{} more certificates are not trusted to issue servers'".format(others) if others else ""
    return Row("nss", owner(path), path, held, user=host.user_of(path), note=note, replaces=False)


def owner(path):
    """Say whose a database is, by the folder in which it lies."""
    for part, what in (
        ("/thunderbird", "Thunderbird's profile"),
        ("/.thunderbird/", "Thunderbird's profile"),
        ("/firefox/", "Firefox's profile"),
        ("/Firefox/", "Firefox's profile"),
        ("/.pki/nssdb/", "Chromium's own database"),
        ("/etc/pki/nssdb/", "the system's database"),
    ):
        if part in path:
            return what
    return "NSS database"
