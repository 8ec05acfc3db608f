"""PKCS #7 and CMS certificate collections (RFC 2315 section 9.1, RFC 5652 section 5.1), PEM or DER."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from builder.load import damage
from builder.load.source import MAX_CERTIFICATES
from builder.rules import found
from builder.x509 import der, keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.model import Finding, Origin

LABELS = frozenset({"PKCS7", "CMS", "PKCS #7 SIGNED DATA"})
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_EXPLICIT_0, _CERTIFICATES = 0xA0, 0xA0
# Version, digest algorithms, content; certificates and revocation lists, if there are any; signatures.
_PARTS = re.compile(rb"\x02\x31\x30\xa0?\xa1?\x31")
_MOST_PARTS = 64  # the rest is not looked through for keys, but refused as well


def is_content_info(data: bytes) -> bool:
    """Tell whether the DER structure `data` is PKCS #7 or CMS content: first comes its type."""
    try:
        start, end = der.expect(data, 0, len(data), der.SEQUENCE)
        return der.header(data, start, end)[0] == der.OID
    except der.DerError:
        return False


def read(data: bytes, origin: Origin) -> Iterator[bytes | Finding]:
    """Yield the DER of each certificate in a SignedData structure; its signatures mean nothing here."""
    try:
        # One more than is allowed is enough to be refused.
        certificates = list(islice(_certificates(data), MAX_CERTIFICATES + 1))
    except keys.KeyFoundError:
        yield found("private-key", origin, "the PKCS #7 collection holds a private key")
    except der.DerError as error:
        yield damage.finding(error, data, origin, "PKCS #7 collection")
    else:
        yield from certificates
        if not certificates:
            yield found("no-certificates", origin, "the PKCS #7 collection holds no certificate")


def _certificates(data: bytes) -> Iterator[bytes]:
    start, end = der.whole(data)
    first, last = der.expect(data, start, end, der.OID)
    if der.oid(data[first:last]) != _SIGNED_DATA:
        raise der.DerError("its content is not signed data")
    inner, stop = der.expect(data, last, end, _EXPLICIT_0)
    start, last = der.expect(data, inner, stop, der.SEQUENCE)
    _check_rest(data[last:])
    parts = list(islice(der.children(data, start, last), _MOST_PARTS + 1))
    for tag, at, _, after in parts:
        if tag != _CERTIFICATES and keys.in_depth(data[at:after]):
            raise keys.KeyFoundError
    if not _PARTS.fullmatch(bytes(tag for tag, *_ in parts)):
        raise der.DerError("it has other parts than signed data has")
    for tag, _, inner, stop in parts:
        if tag == _CERTIFICATES:
            yield from _elements(data, inner, stop)


def _check_rest(rest: bytes) -> None:
    """Raise KeyFoundError if a key is in the elements that must not be there, else DerError if any is."""
    if keys.in_elements(rest):
        raise keys.KeyFoundError
    if rest:
        raise der.DerError("something stands behind its content")


def _elements(data: bytes, start: int, end: int) -> Iterator[bytes]:
    for tag, at, _, after in der.children(data, start, end):
        if tag != der.SEQUENCE:
            raise der.DerError("it holds an attribute certificate or another obsolete kind")
        yield data[at:after]
