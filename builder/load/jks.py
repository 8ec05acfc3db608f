"""Java's own trust stores, JKS and JCEKS: certificates and a keyed digest over all of them.

Neither has a specification; the reference is OpenJDK's sun.security.provider.JavaKeyStore and
com.sun.crypto.provider.JceKeyStore. Key entries are recognised, and their bytes never looked at.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.load.source import MAX_CERTIFICATES
from builder.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.model import Finding, Origin

MAGICS = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
_VERSIONS = frozenset({1, 2})
_PRIVATE_KEY, _TRUSTED_CERTIFICATE, _SECRET_KEY = 1, 2, 3
_DATE = 8
_DIGEST = 20
_WHITENER = b"Mighty Aphrodite"


class _MalformedError(ValueError):
    """The store breaks off, or has a form that Java does not write."""


@dataclass(slots=True)
class _Reader:
    data: bytes
    at: int

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise _MalformedError("the store is cut off")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, octets: int) -> int:
        return int.from_bytes(self.take(octets))

    def text(self) -> bytes:
        return self.take(self.number(2))


def read(data: bytes, origin: Origin, passwords: Sequence[str]) -> Iterator[bytes | Finding]:
    """Yield the DER of each trusted certificate, if one of `passwords` proves that the store is whole."""
    try:
        certificates, has_key = _entries(data[:-_DIGEST])
    except _MalformedError as error:
        yield found("damaged-store", origin, str(error))
        return
    if has_key:
        yield found("private-key", origin, "the Java key store holds a private or secret key")
    elif not any(_is_intact(data, password) for password in passwords):
        message = "the Java key store opens with none of the passwords given, or was changed"
        yield found("password-needed", origin, message)
    elif certificates:
        yield from certificates
    else:
        yield found("no-certificates", origin, "the Java key store is empty")


def _entries(data: bytes) -> tuple[list[bytes], bool]:
    reader = _Reader(data, len(MAGICS[0]))
    version = reader.number(4)
    if version not in _VERSIONS:
        raise _MalformedError(f"the store has the unknown version {version}")
    certificates: list[bytes] = []
    count = reader.number(4)
    if count > 2 * MAX_CERTIFICATES:
        raise _MalformedError(f"the store says that it has {count} entr{'y' if count == 1 else 'ies'}")
    for _ in range(count):
        kind = reader.number(4)
        reader.text()
        reader.take(_DATE)
        if kind == _TRUSTED_CERTIFICATE:
            certificates.append(_certificate(reader, version))
        elif kind in {_PRIVATE_KEY, _SECRET_KEY}:
            # The rest of the store could be read for private keys only, and one key is enough to refuse it.
            return certificates, True
        else:
            raise _MalformedError(f"the store has an entry of the unknown kind {kind}")
    if reader.at != len(data):
        raise _MalformedError("the store has bytes behind its last entry")
    return certificates, False


def _certificate(reader: _Reader, version: int) -> bytes:
    if version > 1 and reader.text() != b"X.509":
        raise _MalformedError("the store has a certificate that is not X.509")
    return reader.take(reader.number(4))


def _is_intact(data: bytes, password: str) -> bool:
    # SHA-1 is what the format has; the comparison finds damage and other passwords, as Java's own does.
    digest = hashlib.sha1(password.encode("utf-16-be") + _WHITENER + data[:-_DIGEST], usedforsecurity=False)
    return hmac.compare_digest(digest.digest(), data[-_DIGEST:])
