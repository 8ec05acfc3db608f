"""CMS SignedData (RFC 5652) around some content, in DER or BER: what is inside, and by whose certificates."""

from __future__ import annotations

from builder.formats.unpacked import Malformed
from builder.x509 import ber, der

_SIGNED_DATA, _DATA = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1"
_OID = bytes.fromhex("06092a864886f70d010702")
_EXPLICIT_0 = 0xA0
_LONGEST_HEAD = 12  # of the outer SEQUENCE
_PIECES = der.OCTET_STRING | 0x20


def is_signed(data: bytes) -> bool:
    """Tell whether `data` begins as SignedData does."""
    return data[:1] == b"\x30" and 0 < data.find(_OID, 0, _LONGEST_HEAD + len(_OID)) <= _LONGEST_HEAD


def content(data: bytes) -> bytes:
    """Return the content that is signed; raise Malformed where none is inside, or the structure is none."""
    try:
        return _content(data)
    except (der.DerError, RecursionError) as error:
        raise Malformed(f"its signature cannot be read: {error}") from None


def certificates(data: bytes) -> tuple[bytes, ...]:
    """Return the certificates beside the signatures, in DER and in their order; raise Malformed."""
    try:
        start, last = _parts(data)
        parts = ((tag, inner, stop) for tag, _, inner, stop, _ in ber.children(data, start, last))
        found = [(inner, stop) for tag, inner, stop in parts if tag == _EXPLICIT_0]
        return tuple(
            data[at:after]
            for inner, stop in found
            for tag, at, _, _, after in ber.children(data, inner, stop)
            if tag == der.SEQUENCE
        )
    except (der.DerError, RecursionError) as error:
        raise Malformed(f"its signature cannot be read: {error}") from None


def _parts(data: bytes) -> tuple[int, int]:
    """Return start and end of what SignedData holds: version, digests, content, certificates, signatures."""
    start, end = ber.whole(data)
    first, last, after = ber.expect(data, start, end, der.OID)
    if der.oid(data[first:last]) != _SIGNED_DATA:
        raise der.DerError("it is no SignedData")
    inner, stop, _ = ber.expect(data, after, end, _EXPLICIT_0)
    start, last, _ = ber.expect(data, inner, stop, der.SEQUENCE)
    return start, last


def _content(data: bytes) -> bytes:
    start, last = _parts(data)
    children = ber.children(data, start, last)
    kept = next(((inner, stop) for tag, _, inner, stop, _ in children if tag == der.SEQUENCE), None)
    if kept is None:
        raise der.DerError("it has no content")
    first, oid_end, after = ber.expect(data, *kept, der.OID)
    if der.oid(data[first:oid_end]) != _DATA:
        raise der.DerError("its content is no plain data")
    inner, stop, _ = ber.expect(data, after, kept[1], _EXPLICIT_0)
    tag, _, begin, finish, _ = next(ber.children(data, inner, stop), (0, 0, 0, 0, 0))
    if tag == der.OCTET_STRING:
        return data[begin:finish]
    if tag != _PIECES:
        raise der.DerError("its content is no octets")
    pieces = list(ber.children(data, begin, finish))
    if any(tag != der.OCTET_STRING for tag, *_ in pieces):
        raise der.DerError("its content is no octets")
    return b"".join(data[inner:stop] for _, _, inner, stop, _ in pieces)
