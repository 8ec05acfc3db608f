"""What a client trusts that reads a file and folders by default, and obeys SSL_CERT_FILE and SSL_CERT_DIR.

That is how OpenSSL, Go and Node.js (for the system's roots) do it: each variable stands for its own half.
"""

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


def trusted(host, files, folders):
    """Return (certificates, the first path with some, the variables that stand before the defaults).

    Of `files` the first that is there counts, of `folders` all.
    """
    file, folder = host.environ.get("SSL_CERT_FILE"), host.environ.get("SSL_CERT_DIR")
    named = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if host.environ.get(name)]
    paths = [file] if file else [path for path in files if host.exists(path)][:1]
    paths += folder.split(":") if folder else folders
    found, first = {}, ""
    for path in paths:
        if not path.startswith("/") or not host.exists(path):
            continue
        certificates = host.certificates(path) or ()
        first = first or path
        found.update(dict.fromkeys(certificates))
    return list(found), first, named
