"""Java's own trust stores, JKS and JCEKS: certificates and a keyed digest over all of them.

Neither has a specification; the reference is OpenJDK's sun.security.provider.JavaKeyStore and
com.sun.crypto.provider.JceKeyStore. Key entries are recognised, and their bytes never looked at.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAGICS = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_VERSIONS = frozenset({1, 2})
_PRIVATE_KEY, _TRUSTED_CERTIFICATE, _SECRET_KEY = 1, 2, 3
_DATE = 8
_DIGEST = 20
_WHITENER = b"Mighty Aphrodite"
_TYPE = b"X.509"


class MalformedStore(ValueError):  # noqa: N818  a reader's own word, which no user sees
    """The store breaks off, or has a form that Java does not write."""


@dataclass(slots=True)
class _Reader:
    data: bytes
    at: int

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise MalformedStore("the store is cut off")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, octets: int) -> int:
        return int.from_bytes(self.take(octets))

    def text(self) -> bytes:
        return self.take(self.number(2))


def parse(data: bytes, *, most: int) -> tuple[list[tuple[str, bytes]], bool]:
    """Return each trusted certificate's alias and DER, and whether there is a key, at which reading ends.

    Raises MalformedStore, also for more than `most` entries.
    """
    reader = _Reader(data[:-_DIGEST], len(MAGICS[0]))
    version = reader.number(4)
    if version not in _VERSIONS:
        raise MalformedStore(f"the store has the unknown version {version}")
    certificates: list[tuple[str, bytes]] = []
    count = reader.number(4)
    if count > most:
        raise MalformedStore(f"the store says that it has {count} entr{'y' if count == 1 else 'ies'}")
    for _ in range(count):
        kind = reader.number(4)
        alias = reader.text().decode("utf-8", "replace")
        reader.take(_DATE)
        if kind == _TRUSTED_CERTIFICATE:
            certificates.append((alias, _certificate(reader, version)))
        elif kind in {_PRIVATE_KEY, _SECRET_KEY}:
            # The rest of the store could be read for private keys only, and one key is enough to refuse it.
            return certificates, True
        else:
            raise MalformedStore(f"the store has an entry of the unknown kind {kind}")
    if reader.at != len(reader.data):
        raise MalformedStore("the store has bytes behind its last entry")
    return certificates, False


def _certificate(reader: _Reader, version: int) -> bytes:
    if version > 1 and reader.text() != _TYPE:
        raise MalformedStore("the store has a certificate that is not X.509")
    return reader.take(reader.number(4))


def is_intact(data: bytes, password: str) -> bool:
    """Tell whether a password proves that the store is as it was written."""
    return hmac.compare_digest(_digest(data[:-_DIGEST], password), data[-_DIGEST:])


def _digest(data: bytes, password: str) -> bytes:
    # SHA-1 is what the format has; it finds damage and other passwords, as Java's own does.
    return hashlib.sha1(password.encode("utf-16-be") + _WHITENER + data, usedforsecurity=False).digest()


def write(certificates: Iterable[tuple[str, bytes]], *, password: str, epoch: int) -> bytes:
    """Return a JKS store of certificates, each with its alias, as of `epoch` (seconds since 1970).

    Java looks aliases up in lower case. It reads the store with the password, and without any.
    """
    entries = [
        struct.pack(">I", _TRUSTED_CERTIFICATE)
        + _sized(alias.encode())
        + struct.pack(">Q", epoch * 1000)
        + _sized(_TYPE)
        + struct.pack(">I", len(der))
        + der
        for alias, der in certificates
    ]
    data = MAGICS[0] + struct.pack(">II", max(_VERSIONS), len(entries)) + b"".join(entries)
    return data + _digest(data, password)


def _sized(text: bytes) -> bytes:
    return struct.pack(">H", len(text)) + text
