r"""Certificates in Windows' registry: the key that is called as its SHA-1, and the value Blob in that.

A blob is a list of properties, each {u32 id, u32 1, u32 size, data}; wincrypt.h has the ids. In packages a
key's path has slashes: HKEY_LOCAL_MACHINE/SOFTWARE/…
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from typing import TYPE_CHECKING

import msgspec

from builder.formats.control import Unwritable
from builder.formats.unpacked import Entry, Malformed
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.model import File

VALUE = "Blob"  # the one value of a certificate's key
MACHINE = "HKEY_LOCAL_MACHINE"
_SHA1, _CERTIFICATE = 3, 32  # CERT_SHA1_HASH_PROP_ID, CERT_CERT_PROP_ID
_HEAD = struct.Struct("<III")
_RESERVED = 1
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=\n]+)-----END CERTIFICATE-----\n")
# To Windows upper and lower case are alike, and it has such stores below EnterpriseCertificates, too.
_PLACED = re.compile(
    r"(?:.*/)?(?:System|Enterprise)Certificates/([A-Z]+)/Certificates/([0-9A-F]{40})", re.IGNORECASE
)
_MAX_PROPERTIES = 1000


class StoredCertificate(msgspec.Struct, frozen=True):
    """A certificate of a store: its key's path, the store, its SHA-1 in upper-case hex, and DER."""

    path: str
    store: str
    thumbprint: str
    der: bytes

    @property
    def blob(self) -> bytes:
        """What Windows keeps under VALUE."""
        sha1 = bytes.fromhex(self.thumbprint)
        return b"".join(
            _HEAD.pack(kind, _RESERVED, len(data)) + data
            for kind, data in ((_SHA1, sha1), (_CERTIFICATE, self.der))
        )


def stored(files: Iterable[File]) -> list[StoredCertificate]:
    """Return the certificates that files are, by their paths; raise Unwritable for what is none."""
    return sorted(map(_stored, files), key=lambda one: one.path)


def _stored(file: File) -> StoredCertificate:
    placed, pem = _PLACED.fullmatch(file.path), _PEM.fullmatch(file.data)
    if placed is None or visible(file.path) != file.path:
        raise Unwritable(
            f"'{visible(file.path)}' is no key of a certificate store, which ends in {{thumbprint}}"
        )
    if pem is None:
        raise Unwritable(f"'{file.path}' is not one certificate")
    der = base64.b64decode(pem[1])
    if thumbprint(der) != placed[2]:
        raise Unwritable(f"'{file.path}' is not called as its certificate's SHA-1")
    return StoredCertificate(file.path, placed[1], placed[2], der)


def thumbprint(der: bytes) -> str:
    """Return how Windows calls a certificate."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def is_placed(path: str) -> bool:
    """Tell whether a key's path is one of a certificate in a store."""
    return _PLACED.fullmatch(path) is not None


def is_value(name: str) -> bool:
    """Tell whether a value of such a key holds the certificate."""
    return name.lower() == VALUE.lower()


def entry(path: str, blob: bytes) -> Entry:
    """Return the certificate that a key holds as a file in PEM; raise Malformed where it is none."""
    return certificate_entry(path, _read(path, blob))


def certificate_entry(path: str, der: bytes) -> Entry:
    """Return a certificate as a file in PEM; raise Malformed where its path is another's."""
    called = path.rpartition("/")[2]
    if called.upper() != thumbprint(der):
        raise Malformed(f"{path}: is not called as its certificate's SHA-1")
    text = base64.b64encode(der).decode("ascii")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return Entry(
        path, "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]).encode()
    )


def _read(path: str, blob: bytes) -> bytes:
    """Return the certificate of a blob; what else is said of it does not matter to who is trusted."""
    found, at = {}, 0
    for _ in range(_MAX_PROPERTIES):
        if at == len(blob):
            break
        if len(blob) - at < _HEAD.size:
            raise Malformed(f"{path}: its blob is cut off")
        kind, _, size = _HEAD.unpack_from(blob, at)
        at += _HEAD.size + size
        if at > len(blob):
            raise Malformed(f"{path}: its blob is cut off")
        found[kind] = blob[at - size : at]
    if at != len(blob) or _CERTIFICATE not in found:
        raise Malformed(f"{path}: its blob holds no certificate")
    der = found[_CERTIFICATE]
    if _SHA1 in found and found[_SHA1].hex().upper() != thumbprint(der):
        raise Malformed(f"{path}: its blob has another certificate's SHA-1")
    return der


def decoded(path: str, text: str | bytes) -> bytes:
    """Return the bytes of a certificate in base64; raise Malformed where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"{path}: is no base64") from None
