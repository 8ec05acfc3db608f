"""PKCS #7 and CMS certificate collections (RFC 2315 section 9.1, RFC 5652 section 5.1), PEM or DER."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from builder import der
from builder.lint.rules import found
from builder.load import damage
from builder.load.source import MAX_CERTIFICATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.model import Finding, Origin

LABELS = frozenset({"PKCS7", "CMS", "PKCS #7 SIGNED DATA"})
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_EXPLICIT_0, _CERTIFICATES = 0xA0, 0xA0


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
    inner, _ = der.expect(data, last, end, _EXPLICIT_0)
    start, end = der.expect(data, inner, end, der.SEQUENCE)
    for index, (tag, _, inner, stop) in enumerate(der.children(data, start, end)):
        # Behind version, digest algorithms and content come the certificates, if there are any.
        if index == 3 and tag == _CERTIFICATES:  # noqa: PLR2004
            for kind, at, _, after in der.children(data, inner, stop):
                if kind != der.SEQUENCE:
                    raise der.DerError("it holds an attribute certificate or another obsolete kind")
                yield data[at:after]
