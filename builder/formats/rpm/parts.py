"""The four parts of an .rpm; signing replaces the second and leaves the others as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from builder.formats.rpm import header
from builder.formats.rpm.tags import SIGNATURES
from builder.formats.unpacked import Malformed

if TYPE_CHECKING:
    from builder.formats.rpm.header import Header

MAGIC = b"\xed\xab\xee\xdb"
_LEAD = 96


class Parts(NamedTuple):
    """An .rpm taken apart: `signature` has the digests of the finished `header` and `payload`."""

    lead: bytes
    signature: Header
    header: bytes
    payload: bytes


def split(data: bytes) -> Parts:
    """Take an .rpm apart; raise Malformed where it is none."""
    if not data.startswith(MAGIC):
        raise Malformed("is no .rpm")
    signature, end = header.parse("signature", data, _LEAD)
    start = end + -end % 8
    _, after = header.parse("header", data, start)
    return Parts(data[:_LEAD], signature, data[start:after], data[after:])


def join(parts: Parts) -> bytes:
    """Return the .rpm that `split` takes apart."""
    signature = header.build(SIGNATURES, parts.signature)
    return parts.lead + signature + bytes(-len(signature) % 8) + parts.header + parts.payload
