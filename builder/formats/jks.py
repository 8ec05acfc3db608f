"""Java's trust stores (JKS): the certificates in the package's files, each under the file's name.

Not by a library: those put random salts into what they write. Java reads this form without a password, too.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from typing import TYPE_CHECKING

from builder.formats.control import Unwritable
from builder.formats.unpacked import Entry, Malformed, Unpacked
from builder.x509 import java_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.formats.metadata import MetadataKey
    from builder.model import File, Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {}

# The one that Java's own store has; it protects nothing, and everybody knows it.
PASSWORD = "changeit"  # noqa: S105
_MOST = 20_000
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----")


def write(package: Package) -> bytes:
    """Return the store: of a file with several certificates, each has the file's name and a number."""
    entries = [entry for file in package.files for entry in _entries(file)]
    for alias, times in Counter(alias for alias, _ in entries).items():
        if times > 1:
            raise Unwritable(f"two certificates have the alias '{alias}'")
    return java_store.write(entries, password=PASSWORD, epoch=package.epoch)


def _entries(file: File) -> Iterator[tuple[str, bytes]]:
    blocks = _BLOCK.findall(file.data)
    stem = file.path.removesuffix(".pem").lower()
    if not blocks:
        raise Unwritable(f"{file.path}: holds no certificate")
    for number, block in enumerate(blocks, start=1):
        yield (f"{stem}-{number}" if len(blocks) > 1 else stem), base64.b64decode(block)


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a store of Java's."""
    return data.startswith(java_store.MAGICS)


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a store that is as it was written; each certificate is a PEM file called as its alias."""
    try:
        certificates, has_key = java_store.parse(data, most=_MOST)
    except java_store.MalformedStore as fault:
        raise Malformed(str(fault)) from None
    if has_key:
        raise Malformed("holds a private or secret key")
    if not java_store.is_intact(data, PASSWORD):
        raise Malformed("has another password, or was changed")
    entries = tuple(Entry(f"{alias}.pem", _pem(der)) for alias, der in certificates)
    return Unpacked("jks", "", "", {}, entries)


def _pem(der: bytes) -> bytes:
    text = binascii.b2a_base64(der, newline=False)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return b"\n".join((b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""))
