"""PKCS #7 and CMS certificate collections (RFC 2315 section 9.1, RFC 5652 section 5.1), PEM or BER.

Firefox and others write them in indefinite lengths; what each certificate is written in is its own matter.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from builder.load import damage
from builder.load.source import MAX_CERTIFICATES
from builder.rules import found
from builder.x509 import ber, der

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.model import Finding, Origin

LABELS = frozenset({"PKCS7", "CMS", "PKCS #7 SIGNED DATA"})
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_EXPLICIT_0, _CERTIFICATES = 0xA0, 0xA0
# Version, digest algorithms, content; certificates and revocation lists, if there are any; signatures.
_PARTS = re.compile(rb"\x02\x31\x30\xa0?\xa1?\x31")
_MOST_PARTS = 7


def is_content_info(data: bytes) -> bool:
    """Tell whether the structure `data`, in BER, is PKCS #7 or CMS content: first comes its type."""
    try:
        tag, start, end = ber.header(data, 0, len(data))
        return tag == der.SEQUENCE and ber.header(data, start, end or len(data))[0] == der.OID
    except der.DerError:
        return False


def read(data: bytes, origin: Origin) -> Iterator[bytes | Finding]:
    """Yield each certificate in a SignedData structure, as it stands; its signatures mean nothing here."""
    try:
        # One more than is allowed is enough to be refused.
        certificates = list(islice(_certificates(data), MAX_CERTIFICATES + 1))
    except der.DerError as error:
        yield damage.finding(error, data, origin, "PKCS #7 collection")
    else:
        yield from certificates
        if not certificates:
            yield found("no-certificates", origin, "the PKCS #7 collection holds no certificate")


def _certificates(data: bytes) -> Iterator[bytes]:
    start, end = ber.whole(data)
    first, last, after = ber.expect(data, start, end, der.OID)
    if der.oid(data[first:last]) != _SIGNED_DATA:
        raise der.DerError("it is a message (.p7m) or data, and no collection of certificates")
    inner, stop, outer = ber.expect(data, after, end, _EXPLICIT_0)
    start, last, after = ber.expect(data, inner, stop, der.SEQUENCE)
    if after != stop or outer != end:
        raise der.DerError("something stands behind its content")
    parts = list(islice(ber.children(data, start, last), _MOST_PARTS))
    if not _PARTS.fullmatch(bytes(tag for tag, *_ in parts)):
        raise der.DerError("it has other parts than signed data has")
    for tag, _, inner, stop, _ in parts:
        if tag == _CERTIFICATES:
            yield from _elements(data, inner, stop)


def _elements(data: bytes, start: int, end: int) -> Iterator[bytes]:
    for tag, at, _, _, after in ber.children(data, start, end):
        if tag != der.SEQUENCE:
            raise der.DerError("it holds an attribute certificate or another obsolete kind")
        yield data[at:after]
