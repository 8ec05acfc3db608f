"""A strict reader of DER, the encoding of certificates and keys (ITU-T X.690, sections 8 and 10).

Libraries accept BER, trailing bytes and more, each differently; this one refuses what is not
byte for byte the one encoding there is, so that every client reads the same certificate.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
SEQUENCE, SET = 0x30, 0x31

_LONG_FORM = 0x80
_HIGH_TAG = 0x1F
_CONSTRUCTED = 0x20
_MAX_LENGTH_OCTETS = 4
_MAX_OID_OCTETS = 128


class DerError(ValueError):
    """The bytes are not DER, or not the structure asked for."""


class TruncatedError(DerError):
    """An element says that it is longer than the bytes at hand."""


class TrailingError(DerError):
    """Bytes follow the end of the outermost element."""


class NotDistinguishedError(DerError):
    """The bytes are BER, of which DER is the one form that signatures allow."""


def header(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Return tag, start and end of the content of the element at `at`, which must end by `end`."""
    if end - at < 2:  # noqa: PLR2004  one octet of tag and one of length
        raise TruncatedError("an element has no length")
    tag, length, start = data[at], data[at + 1], at + 2
    if tag & _HIGH_TAG == _HIGH_TAG:
        raise DerError("an element has a tag that certificates do not use")
    if length >= _LONG_FORM:
        length, start = _long_length(data, start, end, octets=length - _LONG_FORM)
    if start + length > end:
        raise TruncatedError(
            f"an element of {length} byte{'s' * (length != 1)} has only {max(end - start, 0)} left"
        )
    return tag, start, start + length


def _long_length(data: bytes, start: int, end: int, *, octets: int) -> tuple[int, int]:
    if octets == 0:
        raise NotDistinguishedError("an element has an indefinite length")
    if octets > _MAX_LENGTH_OCTETS:
        raise DerError("an element is longer than any certificate")
    if end - start < octets:
        raise TruncatedError("an element's length is cut off")
    length = int.from_bytes(data[start : start + octets])
    if length < _LONG_FORM or data[start] == 0:
        raise NotDistinguishedError("a length is not in its shortest form")
    return length, start + octets


def expect(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """Return start and end of the content of the element at `at`, which must have `tag`."""
    found, start, stop = header(data, at, end)
    if found != tag:
        raise DerError(f"tag {found:#04x} stands where {tag:#04x} must be")
    return start, stop


def children(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield tag, start of the element, start and end of the content of each element in a content."""
    while start < end:
        tag, inner, stop = header(data, start, end)
        yield tag, start, inner, stop
        start = stop


def several(data: bytes, start: int, end: int, tag: int = SEQUENCE) -> list[tuple[int, int]]:
    """Return start and end of each element's content in a list: all have `tag`, and there is at least one."""
    elements = list(children(data, start, end))
    if not elements or any(found != tag for found, *_ in elements):
        raise DerError("a list is empty or holds something else")
    return [(inner, stop) for _, _, inner, stop in elements]


def fields(data: bytes, start: int, end: int, tags: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return start and end of each field's content by its tag: any of `tags`, in their order, once each."""
    found: dict[int, tuple[int, int]] = {}
    left = list(tags)
    for tag, _, inner, stop in children(data, start, end):
        if tag not in left:
            raise DerError(f"a field has the tag {tag:#04x}, which is unknown, repeated or misplaced")
        left = left[left.index(tag) + 1 :]
        found[tag] = (inner, stop)
    return found


def check_nested(data: bytes, start: int, end: int) -> None:
    """Raise DerError unless data[start:end] is elements, and so is what each constructed one holds."""
    # A list of what is still to be looked at: nothing that comes from outside decides how deep calls nest.
    spans = [(start, end)]
    while spans:
        spans += [(inner, stop) for tag, _, inner, stop in children(data, *spans.pop()) if tag & _CONSTRUCTED]


def whole(data: bytes, tag: int = SEQUENCE) -> tuple[int, int]:
    """Return start and end of the content of the one element that `data` must be."""
    start, stop = expect(data, 0, len(data), tag)
    if stop != len(data):
        more = len(data) - stop
        raise TrailingError(f"{more} byte{'s follow' if more != 1 else ' follows'} the end of the structure")
    return start, stop


def is_cut_off(data: bytes) -> bool:
    """Tell whether the outermost element says that it is longer than `data`."""
    try:
        header(data, 0, len(data))
    except TruncatedError:
        return True
    except DerError:
        pass
    return False


def integer(data: bytes, start: int, end: int) -> int:
    """Return the INTEGER whose content is data[start:end]."""
    if start == end:
        raise DerError("an integer is empty")
    if end - start > 1 and (
        (data[start] == 0 and data[start + 1] < _LONG_FORM)
        or (data[start] == 0xFF and data[start + 1] >= _LONG_FORM)  # noqa: PLR2004  a redundant sign octet
    ):
        raise NotDistinguishedError("an integer is not in its shortest form")
    return int.from_bytes(data[start:end], signed=True)


def boolean(data: bytes, start: int, end: int) -> bool:
    """Return the BOOLEAN whose content is data[start:end]."""
    content = data[start:end]
    if content not in {b"\0", b"\xff"}:
        raise NotDistinguishedError("a boolean is neither 00 nor FF")
    return content == b"\xff"


def bits(data: bytes, start: int, end: int) -> tuple[bytes, int]:
    """Return the octets and the number of unused bits of the BIT STRING content data[start:end]."""
    unused = data[start] if start < end else 8
    octets = data[start + 1 : end]
    if unused > 7 or (unused and not octets):  # noqa: PLR2004  bits of an octet
        raise DerError("a bit string has no valid count of unused bits")
    if unused and octets[-1] & ((1 << unused) - 1):
        raise NotDistinguishedError("a bit string's unused bits are not zero")
    return octets, unused


@lru_cache(maxsize=512)
def oid(content: bytes) -> str:
    """Return the dotted form of an OBJECT IDENTIFIER's content."""
    if not content or content[-1] >= _LONG_FORM or len(content) > _MAX_OID_OCTETS:
        raise DerError("an object identifier is empty, cut off or endless")
    arcs, value, fresh = [], 0, True
    for octet in content:
        if fresh and octet == _LONG_FORM:
            raise NotDistinguishedError("an object identifier is not in its shortest form")
        value = value << 7 | octet & 0x7F
        fresh = octet < _LONG_FORM
        if fresh:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - first * 40, *arcs[1:])))


def algorithm(data: bytes, at: int, end: int) -> tuple[str, int, int, int]:
    """Return OID and start, end of the parameters of the AlgorithmIdentifier at `at`, and its own end."""
    start, stop = expect(data, at, end, SEQUENCE)
    inner, after = expect(data, start, stop, OID)
    if after != stop:
        _, _, last = header(data, after, stop)
        if last != stop:
            raise DerError("an algorithm identifier has more than one parameter")
    return oid(data[inner:after]), after, stop, stop
