"""What a client's TLS library makes of a file: curl, git, wget and apt are not built on the same everywhere.

OpenSSL reads TRUSTED CERTIFICATE in PEM, GnuTLS and Go pass it over: measured on Debian 11 to 13, where git
and wget are built on GnuTLS, apt up to Debian 12, and curl on OpenSSL.
"""

from trust_doctor import files, machine, openssl, stores

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
FOLDER = "/etc/ssl/certs"
# Where each has the program, or the part of it, that speaks TLS.
_PROGRAMS = {
    "curl": ("/usr/bin/curl",),
    "git": ("/usr/lib/git-core/git-remote-http", "/usr/libexec/git-core/git-remote-http"),
    "wget": ("/usr/bin/wget",),
    "apt": ("/usr/lib/apt/methods/https",),
}
_GNUTLS = (b"libgnutls.so", b"libcurl-gnutls.so")
_OPENSSL = (b"libssl.so", b"libcurl.so")
PASSED_OVER = "{} is not seen to be built on OpenSSL here, which alone reads a TRUSTED CERTIFICATE"
_LIBCURL = {"curl": "/usr/lib/*/libcurl.so.4", "git": "/usr/lib/*/libcurl-gnutls.so.4"}
_OF_VARIABLES = {"GIT_SSL_CAINFO": "git", "GIT_SSL_CAPATH": "git"}


def of(kind, what):
    """Return whose setting a row is about, empty where its TLS library is always the same."""
    client = _OF_VARIABLES.get(what, kind)
    return client if client in _PROGRAMS and client != "curl" else ""


def library(host, client):
    """Return 'GnuTLS' or 'OpenSSL', empty where the client is not there, or built on neither."""
    known = host.known.setdefault("library", {})
    if client not in known:
        known[client] = _library(host, client)
    return known[client]


def _library(host, client):
    for path in _PROGRAMS[client]:
        data = _program(host, path)
        for name, marks in (("GnuTLS", _GNUTLS), ("OpenSSL", _OPENSSL)):
            if any(mark in data for mark in marks):
                return name
    return ""


def _program(host, path):
    """Return a program's bytes, none where they cannot be read: it is no store, and nothing is noted."""
    try:
        return host.files.read(path, files.LIMIT)
    except (OSError, ValueError):
        return b""


def has_compiled_in(host, client, path):
    """Tell whether a client's libcurl was built to read a file, where none is named."""
    return any((path + "\0").encode("ascii") in _program(host, each) for each in host.glob(_LIBCURL[client]))


def bundle(host):
    """Return the certificates that programs on OpenSSL read of Debian's bundle."""
    return (host.certificates(BUNDLE, pem_alone=True) or []) if host.kind(BUNDLE) == "file" else []


def by_gnutls(host):
    """Return (the certificates that GnuTLS reads of Debian's bundle, whether it fails over it)."""
    data = host.read(BUNDLE) if host.kind(BUNDLE) == "file" else None
    try:
        found = stores.read(data or b"", plain=True) if (data or b"")[:1] != b"\x30" else []
    except stores.DamagedError:
        return set(), True
    return set(found or ()), data is None


def curl_refuses(host):
    """Tell whether Debian's curl refuses every server where no file is named: its own has no certificate."""
    if "curl" not in host.known:
        debian = bool(machine.family(host) & {"debian", "ubuntu"})
        host.known["curl"] = debian and bool(library(host, "curl")) and not bundle(host)
    return host.known["curl"]


def passes_over(host, client, path):
    """Tell whether a client passes over certificates that OpenSSL reads in a file, or a folder."""
    if library(host, client) == "OpenSSL":
        return False
    return set(host.certificates(path) or ()) != set(host.certificates(path, plain=True) or ())


def file(host, path, client):
    """Return what a client reads of a file that is named to it: PEM alone; None where it cannot be read."""
    if host.kind(path) == "dir":
        return []
    return host.certificates(path, pem_alone=True, plain=library(host, client) != "OpenSSL")


def folder(host, path, client):
    """Return what a client reads of a folder that is named to it: GnuTLS every file, OpenSSL by hash."""
    if host.kind(path) != "dir":
        return []
    if library(host, client) == "OpenSSL":
        return openssl.hashed(host, path)
    return host.certificates(path, pem_alone=True, plain=True)
