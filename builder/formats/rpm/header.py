"""RPM's header structure (rpm.org: Format of the Header): an index of tags over a store of values."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from builder.formats.control import Unwritable
from builder.formats.rpm.tags import MAIN, SIGNATURES
from builder.formats.unpacked import Malformed

# rpmTagType
INT16, INT32, STRING, BINARY, STRINGS, TRANSLATED = 3, 4, 6, 7, 8, 9
_WIDTHS = {1: 1, 2: 1, INT16: 2, INT32: 4, 5: 8}  # of the integers
_TEXTS = (STRING, STRINGS, TRANSLATED)
_REGIONS = (SIGNATURES, MAIN)

_MAGIC = b"\x8e\xad\xe8\x01"
_PREFIX = 16
_ENTRY = struct.Struct(">4I")
_REGION = struct.Struct(">2IiI")
_MAX_TAGS = 65_536
_MAX_STORE = 16 * 1024 * 1024


class Field(NamedTuple):
    """What stands under one tag: integers, texts as bytes, or one run of bytes, as its type says."""

    kind: int
    values: tuple[int | bytes, ...]


Header = Mapping[int, Field]


def text(value: str) -> Field:
    """Return a field of one text."""
    return Field(STRING, _encoded([value]))


def texts(values: Iterable[str], kind: int = STRINGS) -> Field:
    """Return a field of several texts, or, as TRANSLATED, of one in each language."""
    return Field(kind, _encoded(values))


def numbers(values: Iterable[int], kind: int = INT32) -> Field:
    """Return a field of integers."""
    return Field(kind, tuple(values))


def _encoded(values: Iterable[str]) -> tuple[bytes, ...]:
    encoded = tuple(value.encode() for value in values)
    if any(b"\0" in value for value in encoded):
        raise Unwritable("a text holds a null character")
    return encoded


def build(region: int, fields: Header) -> bytes:
    """Return the structure of `fields`, sorted by tag; its region says that all of them belong to it."""
    index, store = [], bytearray()
    for tag, field in sorted(fields.items()):
        width = _WIDTHS.get(field.kind, 1)
        store += bytes(-len(store) % width)
        end = b"\0" if field.kind in _TEXTS else b""
        data = b"".join(v.to_bytes(width) if isinstance(v, int) else v + end for v in field.values)
        count = len(data) if field.kind == BINARY else len(field.values)
        index.append(_ENTRY.pack(tag, field.kind, len(store), count))
        store += data
    # The region's own value is its entry once more, with the way back to the index's start.
    first = _ENTRY.pack(region, BINARY, len(store), _ENTRY.size)
    store += _REGION.pack(region, BINARY, -_ENTRY.size * (len(index) + 1), _ENTRY.size)
    prefix = _MAGIC + bytes(4) + struct.pack(">2I", len(index) + 1, len(store))
    return prefix + first + b"".join(index) + store


def parse(where: str, data: bytes, start: int) -> tuple[Header, int]:
    """Return what stands under each tag, but for the region, and the offset behind the structure."""
    if data[start : start + 4] != _MAGIC or len(data) < start + _PREFIX:
        raise Malformed(f"{where}: is no RPM header")
    count, size = struct.unpack_from(">2I", data, start + 8)
    index = start + _PREFIX
    store = index + count * _ENTRY.size
    if count > _MAX_TAGS or size > _MAX_STORE or store + size > len(data):
        raise Malformed(f"{where}: is cut off, or longer than inspect reads")
    # Values that share no byte keep a small file from claiming a large header; rpm demands the same.
    header: dict[int, Field] = {}
    values, used = data[store : store + size], 0
    for tag, kind, offset, number in sorted(_ENTRY.iter_unpack(data[index:store]), key=lambda row: row[2]):
        if tag in header or offset < used or not number:
            raise Malformed(f"{where}: tag {tag} is empty, a duplicate entry or overlaps another")
        found, used = _values(f"{where}: tag {tag}", values, kind, offset, number)
        header[tag] = Field(kind, found)
    return {tag: field for tag, field in header.items() if tag not in _REGIONS}, store + size


def _values(
    where: str, store: bytes, kind: int, offset: int, number: int
) -> tuple[tuple[int | bytes, ...], int]:
    """Return the `number` values at `offset` and the offset behind them."""
    if kind in _TEXTS:
        return _strings(where, store, offset, number)
    width = _WIDTHS.get(kind, 0)
    end = offset + number * (width or 1)
    if end > len(store) or (not width and kind != BINARY):
        raise Malformed(f"{where} is cut off, or of the unknown type {kind}")
    if kind == BINARY:
        return (store[offset:end],), end
    return tuple(int.from_bytes(store[i : i + width]) for i in range(offset, end, width)), end


def _strings(where: str, store: bytes, offset: int, number: int) -> tuple[tuple[bytes, ...], int]:
    strings = []
    for _ in range(number):
        end = store.find(b"\0", offset)
        if end < 0:
            raise Malformed(f"{where} is cut off")
        strings.append(store[offset:end])
        offset = end + 1
    return tuple(strings), offset
