"""The system's own stores: what OpenSSL, GnuTLS and p11-kit read, and what waits to get there."""

from trust_doctor import machine, mends, openssl, stores
from trust_doctor.rows import Row

WANTED = frozenset()
# What it is called, where it lies, and on which systems programs read it (ID or ID_LIKE of os-release).
_STORES = (
    ("the bundle", "/etc/ssl/certs/ca-certificates.crt", "debian ubuntu alpine arch gentoo nixos wolfi"),
    ("OpenSSL's folder", "/etc/ssl/certs", "debian ubuntu alpine arch gentoo suse opensuse"),
    ("the bundle", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
     "fedora rhel centos amzn mariner azurelinux openeuler"),
    ("the bundle", "/var/lib/ca-certificates/ca-bundle.pem", "suse opensuse sles"),
    ("the bundle", "/etc/ssl/certs/ca-bundle.crt", "nixos"),
    ("OpenSSL's file", "/etc/ssl/cert.pem", "alpine arch wolfi"),
    ("OpenSSL's file", "/etc/pki/tls/cert.pem", "fedora rhel centos amzn mariner azurelinux openeuler"),
    ("OpenSSL's file", "/usr/lib/ssl/cert.pem", "debian ubuntu"),
)  # fmt: skip
_HOMEBREW = ("/home/linuxbrew/.linuxbrew", "/opt/homebrew", "/usr/local")
# Folders whose files are anchors only once a tool has made stores of them.
_SOURCES = (
    ("debian ubuntu alpine", "/usr/local/share/ca-certificates", "update-ca-certificates"),
    ("fedora rhel centos amzn mariner azurelinux openeuler", "/etc/pki/ca-trust/source/anchors",
     "update-ca-trust"),
    ("suse opensuse sles", "/etc/pki/trust/anchors", "update-ca-certificates"),
    ("arch", "/etc/ca-certificates/trust-source/anchors", "update-ca-trust"),
)  # fmt: skip
_BLOCKLISTS = (
    "/etc/pki/ca-trust/source/blocklist", "/etc/pki/ca-trust/source/blacklist",
    "/usr/share/pki/ca-trust-source/blocklist", "/etc/pki/trust/blocklist", "/usr/share/pki/trust/blocklist",
    "/etc/ca-certificates/trust-source/blocklist", "/usr/share/ca-certificates/trust-source/blocklist",
)  # fmt: skip


def rows(host):
    """Yield a row for each store of the system, and for what waits to get there."""
    family = machine.family(host)
    held, seen = set(), set()
    for what, path, readers in _STORES:
        where = host.where(path)
        if where in seen or not host.exists(path):
            continue
        seen.add(where)
        found = openssl.hashed(host, path) if host.kind(path) == "dir" else host.certificates(path)
        effective = True if family & set(readers.split()) else None
        if effective is None and what == "OpenSSL's folder" and not found:
            continue
        held |= set(found or ())
        yield Row("system", what, where, found or [], effective=effective, mend=mends.system(host))
    for base in _HOMEBREW:
        path = base + "/etc/ca-certificates/cert.pem"
        if host.exists(path):
            name = host.packages.get("homebrew", "")
            mend = "brew install " + name if name else ""
            yield Row("system", "Homebrew's bundle", path, host.certificates(path) or [], mend=mend)
    for row in _waiting(host, family, held):
        yield row
    for path in _BLOCKLISTS:
        if host.kind(path) == "dir" and host.listdir(path):
            yield _blocklist(host, path, family)


def _waiting(host, family, held):
    """Yield a row for anchors that no store has: somebody put them there and ran nothing."""
    for readers, path, tool in _SOURCES:
        if not family & set(readers.split()) or host.kind(path) != "dir":
            continue
        found = host.certificates(path) or []
        waiting = [each for each in found if each not in held]
        if waiting:
            yield Row(
                "system", "anchors", path, found, effective=False, replaces=False,
                shadowed_by="{} has not been run since they were put there".format(tool), mend=tool,
            )  # fmt: skip


def _blocklist(host, path, family):
    """Return the row of a folder whose certificates p11-kit distrusts, whoever else has added them."""
    blocked = []
    for name in host.listdir(path):
        blocked += stores.pem(host.read(path + "/" + name) or b"", rejected_too=True)
    fine = bool(family & {"fedora", "rhel", "centos", "suse", "opensuse", "arch", "amzn"})
    return Row(
        "system", "p11-kit's blocklist", path, effective=fine or None,
        note="{} certificates are distrusted here, whoever else adds them".format(len(blocked)),
        problem=host.blocks(blocked),
    )  # fmt: skip
