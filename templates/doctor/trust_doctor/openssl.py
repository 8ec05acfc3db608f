"""What a client trusts that reads a file and folders by default, and obeys SSL_CERT_FILE and SSL_CERT_DIR.

That is how OpenSSL, Go and Node.js (for the system's roots) do it: each variable stands for its own half.
"""

import re

# What programs of other people's read: upstream Node.js and Go look for these (crypto/x509/root_linux.go).
GO_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
GO_FOLDERS = ("/etc/ssl/certs", "/etc/pki/tls/certs")
NODE_FILES = ("/etc/ssl/cert.pem",)
NODE_FOLDERS = ("/etc/ssl/certs",)


_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")


def hashed(host, path):
    """Return what OpenSSL finds in a folder: what is there by its hash, and nothing else."""
    found = {}
    for name in host.listdir(path):
        if _HASHED.fullmatch(name):
            found.update(dict.fromkeys(host.certificates(path + "/" + name) or ()))
    return list(found)


def trusted(host, files, folders, by_hash=False):
    """Return (certificates, the first path that is there, the variables that stand before the defaults).

    Of `files` the first that is there counts, of `folders` all: in these OpenSSL goes by hash, others do not.
    """
    file, folder = host.environ.get("SSL_CERT_FILE"), host.environ.get("SSL_CERT_DIR")
    named = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if host.environ.get(name)]
    paths = [file] if file else [path for path in files if host.exists(path)][:1]
    paths += folder.split(":") if folder else folders
    found, first = {}, ""
    for path in paths:
        if not path.startswith("/") or not host.exists(path):
            continue
        read = hashed if by_hash and host.kind(path) == "dir" else type(host).certificates
        first = first or path
        found.update(dict.fromkeys(read(host, path) or ()))
    return list(found), first, named
