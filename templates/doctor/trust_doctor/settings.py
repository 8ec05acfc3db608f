"""A setting that names roots, as a row: whose word counts beside what the system has, and whose in its place.

Measured on Debian 12 (curl 7.88 on OpenSSL, git 2.39 and wget 1.21 on GnuTLS, Python's ssl): a file that is
named stands in the place of the system's bundle, and the system's folder goes on counting where there is one
by hash. tests/doctor asks the clients again.
"""

import re
from functools import partial

from trust_doctor import clients, names, openssl
from trust_doctor.host import Host
from trust_doctor.rows import Row

_FOLDERS = ("/etc/ssl/certs", "/etc/pki/tls/certs", "/var/lib/ca-certificates/openssl")
_FILES = ("/usr/lib/ssl/cert.pem", "/etc/ssl/cert.pem", "/etc/pki/tls/cert.pem")
# What programs on OpenSSL read: a file of PEM, or a folder by hash. Go and GnuTLS take more.
_OF_FILES = frozenset((
    "SSL_CERT_FILE", "CURL_CA_BUNDLE", "NIX_SSL_CERT_FILE", "AWS_CA_BUNDLE", "HTTPLIB2_CA_CERTS",
    "WEBSOCKET_CLIENT_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CARGO_HTTP_CAINFO", "cacert", "http.cainfo",
))  # fmt: skip
_BY_HASH = frozenset(("SSL_CERT_DIR", "capath"))
_FOLDERS_OF_CLIENTS = frozenset(("http.sslCAPath", "GIT_SSL_CAPATH", "ca_directory"))
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")


def folder_counts(host):
    """Tell whether OpenSSL's folder has certificates by hash, which count beside a named file."""
    return any(_HASHED.fullmatch(name) for path in _FOLDERS for name in host.listdir(path))


def file_counts(host):
    """Tell whether OpenSSL's file is there, which counts beside a named folder."""
    return any(host.exists(path) for path in _FILES)


def row(host, kind, what, where, value, adds=False, **more):
    """Return the row of a setting: that of the store it names, or what is wrong with it.

    `where` is the file, or the process, that the setting stands in; `value` what it names, of which nothing
    is shown that is no path.
    """
    shown = names.told(what, value)
    path = value.strip()
    note = more.pop("note", "")
    said = "; ".join(filter(None, ("names " + shown, note)))
    if not path.startswith("/"):
        return Row(kind, what, where, effective=None, note=said, **more)
    if not host.exists(path):
        problem = "names a path where nothing is: " + shown
        return Row(kind, what, where, [], problem=problem, note=note, replaces=not adds, **more)
    if what == "capath" and clients.curl_refuses(host):
        problem = "does not count: curl refuses every server while it reads no certificate of "
        problem += clients.BUNDLE
        return Row(kind, what, where, [], problem=problem, note=said, mend="update-ca-certificates", **more)
    client = clients.of(kind, what)
    of_files = what in _OF_FILES or (client and what.partition(" ")[0] not in _FOLDERS_OF_CLIENTS)
    if host.kind(path) == "dir" and of_files:
        problem = "names a folder, where a file is read: " + shown
        return Row(kind, what, where, [], problem=problem, note=note, replaces=not adds, **more)
    read = _pem if of_files else _by_hash if what in _BY_HASH else Host.certificates
    if client:
        read = partial(clients.file if of_files else clients.folder, client=client)
    user = more.get("user", "")
    found = host.asked_by(user, partial(read, host), path)
    if found is None:
        return Row(
            kind, what, where, effective=None, note=said + "; no certificates can be read there", **more
        )
    if client and host.asked_by(user, partial(clients.passes_over, host, client), path):
        said = "; ".join(filter(None, ("names " + shown, clients.PASSED_OVER.format(client), note)))
    # Where all else is fine, too, curl then refuses every server.
    problem = "" if found or not of_files else "names a file of which no certificate is read: " + shown
    return Row(kind, what, where, found, note=said, replaces=not adds, problem=problem, **more)


def _by_hash(host, path):
    return openssl.hashed(host, path) if host.kind(path) == "dir" else []


def _pem(host, path):
    return host.certificates(path, pem_alone=True)


def off(kind, what, where, **more):
    """Return the row of a setting that switches verification off."""
    return Row(kind, what, where, problem="switches verification off: anybody is trusted", **more)
