"""What a client trusts that reads a file and folders by default, and obeys SSL_CERT_FILE and SSL_CERT_DIR.

That is how OpenSSL, Go and Node.js (for the system's roots) do it: each variable stands for its own half.
"""

import hashlib
import re

from trust_doctor import der

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
_CODECS = {
    0x0C: "utf-8", 0x13: "latin-1", 0x14: "latin-1", 0x16: "latin-1", 0x1C: "utf-32-be", 0x1E: "utf-16-be",
}  # fmt: skip


_HASHED = re.compile(r"([0-9a-f]{8})\.(0|[1-9][0-9]{0,5})")


def hashed(host, path):
    """Return what OpenSSL finds in a folder: PEM by the hash of its own subject, numbered without a gap."""
    numbers = {}
    for match in map(_HASHED.fullmatch, host.listdir(path)):
        if match:
            numbers.setdefault(match.group(1), set()).add(int(match.group(2)))
    found = {}
    for digest in sorted(numbers):
        number = 0
        while number in numbers[digest]:
            file = "{}/{}.{}".format(path, digest, number)
            for each in host.certificates(file, pem_alone=True) or ():
                if subject_hash(each) == digest:
                    found[each] = None
            number += 1
    return list(found)


def subject_hash(octets):
    """Return the hash by which OpenSSL looks for a certificate, empty for what is none.

    x509_name_canon() of OpenSSL's crypto/x509/x_name.c: texts in UTF-8, small, with single blanks.
    """
    try:
        name = der.certificate(octets).subject
        _, at, end = der.header(name, 0, len(name))
        folded = b""
        while at < end:
            _, start, at = der.header(name, at, end)
            folded += _element(0x31, b"".join(sorted(_folded(name, start, at))))
    except (der.DerError, UnicodeError):
        return ""
    return hashlib.sha1(folded).digest()[3::-1].hex()  # noqa: S324  it is OpenSSL's, and secures nothing


def _folded(name, at, end):
    while at < end:
        _, start, at = der.header(name, at, end)
        _, _, value = der.header(name, start, at)
        tag, first, last = der.header(name, value, at)
        kept = name[value:last]
        if tag in _CODECS:
            text = name[first:last].decode(_CODECS[tag]).encode("utf-8")
            kept = _element(0x0C, b" ".join(text.split()).lower())
        yield _element(0x30, name[start:value] + kept)


def _element(tag, content):
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


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
        first = first or path
        is_hashed = by_hash and host.kind(path) == "dir"
        # Go passes over what only OpenSSL reads.
        read = hashed(host, path) if is_hashed else host.certificates(path, plain=not by_hash)
        found.update(dict.fromkeys(read or ()))
    return list(found), first, named
