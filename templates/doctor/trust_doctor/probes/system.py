"""The system's own stores: what OpenSSL, GnuTLS, NSS' p11-kit and all that is built on them read."""

from trust_doctor import machine
from trust_doctor.rows import Row

WANTED = frozenset()
# What it is called, where it lies, and whose programs read it (ID or ID_LIKE of os-release).
_STORES = (
    ("the bundle", "/etc/ssl/certs/ca-certificates.crt", "debian ubuntu alpine arch gentoo nixos wolfi"),
    ("OpenSSL's folder", "/etc/ssl/certs", "debian ubuntu alpine arch gentoo suse opensuse void"),
    ("Fedora's bundle", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
     "fedora rhel centos amzn mariner azurelinux"),
    ("Alpine's bundle", "/etc/ssl/cert.pem", "alpine arch wolfi"),
    ("openSUSE's bundle", "/var/lib/ca-certificates/ca-bundle.pem", "suse opensuse"),
    ("NixOS's bundle", "/etc/ssl/certs/ca-bundle.crt", "nixos"),
    ("Homebrew's bundle", "/home/linuxbrew/.linuxbrew/etc/ca-certificates/cert.pem", ""),
)  # fmt: skip


def rows(host):
    """Yield a row for each store of the system."""
    family = machine.family(host)
    seen = set()
    for what, path, readers in _STORES:
        where = host.where(path)
        if where in seen or not host.exists(path):
            continue
        seen.add(where)
        effective = bool(family & set(readers.split())) or None if readers else True
        yield Row("system", what, where, host.certificates(path) or [], effective=effective)
