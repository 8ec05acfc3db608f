"""BER (ITU-T X.690 section 8), read for what wraps certificates and keys, and turned into DER.

Firefox, Windows and others write PKCS #7 and PKCS #12 in indefinite lengths and octet strings in pieces.
A certificate itself must be DER: what a wrapper holds is never rewritten but by `definite`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.x509 import der

if TYPE_CHECKING:
    from collections.abc import Iterator

_INDEFINITE = 0x80
_HIGH_TAG = 0x1F
_CONSTRUCTED = 0x20
_OCTETS_IN_PIECES = der.OCTET_STRING | _CONSTRUCTED
_CONTEXT_0, _CONTEXT_0_IN_PIECES = 0x80, 0xA0
_MAX_LENGTH_OCTETS = 8
_MAX_DEPTH = 64
# A store of the most certificates has some 20,000.
_MAX_ELEMENTS = 100_000
_END = b"\0\0"


def header(data: bytes, at: int, end: int) -> tuple[int, int, int | None]:
    """Return tag, start and end of the content of the element at `at`; without a told end, None."""
    if end - at < 2:  # noqa: PLR2004  one octet of tag and one of length
        raise der.TruncatedError("an element has no length")
    tag, length, start = data[at], data[at + 1], at + 2
    if tag & _HIGH_TAG == _HIGH_TAG:
        raise der.DerError("an element has a tag that certificates do not use")
    if length == _INDEFINITE:
        if not tag & _CONSTRUCTED:
            raise der.DerError("an element without parts has an indefinite length")
        return tag, start, None
    if length > _INDEFINITE:
        octets = length - _INDEFINITE
        if octets > _MAX_LENGTH_OCTETS:
            raise der.DerError("an element is longer than any certificate")
        length = int.from_bytes(data[start : start + octets])
        start += octets
    if start + length > end:
        raise der.TruncatedError(f"an element of {length} bytes has only {max(end - start, 0)} left")
    return tag, start, start + length


def expect(data: bytes, at: int, end: int, tag: int) -> tuple[int, int, int]:
    """Return start and end of the content of the element at `at`, which must have `tag`, and its own end."""
    found, inner, stop, after = _element(data, at, end)
    if found != tag:
        raise der.DerError(f"tag {found:#04x} stands where {tag:#04x} must be")
    return inner, stop, after


def whole(data: bytes) -> tuple[int, int]:
    """Return start and end of the content of the one SEQUENCE that `data` must be."""
    start, stop, after = expect(data, 0, len(data), der.SEQUENCE)
    if after != len(data):
        raise der.TrailingError(f"{len(data) - after} bytes follow the end of the structure")
    return start, stop


def children(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield tag and start of each element in a content, start and end of its own content, and its end."""
    while start < end:
        tag, inner, stop, after = _element(data, start, end)
        yield tag, start, inner, stop, after
        start = after


def _element(data: bytes, at: int, end: int) -> tuple[int, int, int, int]:
    tag, inner, stop = header(data, at, end)
    if stop is not None:
        return tag, inner, stop, stop
    stop = _end_of(data, inner, end)
    return tag, inner, stop, stop + len(_END)


def _end_of(data: bytes, at: int, end: int) -> int:
    """Return where the content of an element of indefinite length ends, which starts at `at`."""
    depth = 1
    for _ in range(_MAX_ELEMENTS):
        if data.startswith(_END, at, end):
            depth -= 1
            if not depth:
                return at
            at += len(_END)
            continue
        _, inner, stop = header(data, at, end)
        depth += stop is None
        if depth > _MAX_DEPTH:
            raise der.DerError("it is nested too deeply")
        at = inner if stop is None else stop
    raise der.DerError(f"it has over {_MAX_ELEMENTS} elements")


def definite(data: bytes) -> bytes:
    """Return the one element that `data` must be with definite lengths and octet strings in one piece.

    Nothing inside of octets is looked at. Raises DerError, also for what is nested too deeply.
    """
    rewritten, after = first(data, 0)
    if after != len(data):
        raise der.TrailingError(f"{len(data) - after} bytes follow the end of the structure")
    return rewritten


def first(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the element at `at` as `definite` does, and where it ended."""
    budget = iter(range(_MAX_ELEMENTS))
    return _rewritten(data, at, len(data), _MAX_DEPTH, budget)


def _rewritten(data: bytes, at: int, end: int, depth: int, budget: Iterator[int]) -> tuple[bytes, int]:
    if next(budget, None) is None:
        raise der.DerError(f"it has over {_MAX_ELEMENTS} elements")
    if not depth:
        raise der.DerError("it is nested too deeply")
    tag, inner, stop = header(data, at, end)
    if stop is not None and not tag & _CONSTRUCTED:
        return _written(tag, data[inner:stop]), stop
    parts: list[bytes] = []
    while inner != stop and not (stop is None and data.startswith(_END, inner, end)):
        part, inner = _rewritten(data, inner, end if stop is None else stop, depth - 1, budget)
        parts.append(part)
    after = inner if stop is not None else inner + len(_END)
    is_octets = bool(parts) and all(part[0] == der.OCTET_STRING for part in parts)
    if tag == _OCTETS_IN_PIECES:
        if parts and not is_octets:
            raise der.DerError("an octet string has pieces of another kind")
        return _written(der.OCTET_STRING, b"".join(map(_content, parts))), after
    if tag == _CONTEXT_0_IN_PIECES and is_octets and len(parts) > 1:
        # No explicit tag has two elements: these are the pieces of an implicit one.
        return _written(_CONTEXT_0, b"".join(map(_content, parts))), after
    return _written(tag, b"".join(parts)), after


def _content(element: bytes) -> bytes:
    _, inner, _ = header(element, 0, len(element))
    return element[inner:]


def _written(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < _INDEFINITE:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, _INDEFINITE | len(octets))) + octets + content
