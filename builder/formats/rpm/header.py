"""RPM's header structure (rpm.org: Format of the Header): an index of tags over a store of values."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from builder.formats.unpacked import Malformed

Header = Mapping[int, tuple[int | bytes, ...]]

_MAGIC = b"\x8e\xad\xe8\x01"
_PREFIX = 16
_ENTRY = struct.Struct(">4I")
_MAX_TAGS = 65_536
_MAX_STORE = 16 * 1024 * 1024
# rpmTagType: width of the integer types; the rest are strings and bytes.
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8}
_STRING, _BINARY, _STRINGS, _TRANSLATED = 6, 7, 8, 9


def parse(where: str, data: bytes, start: int) -> tuple[Header, int]:
    """Return the values of each tag (integers or bytes) and the offset behind the structure."""
    if data[start : start + 4] != _MAGIC or len(data) < start + _PREFIX:
        raise Malformed(f"{where}: is no RPM header")
    count, size = struct.unpack_from(">2I", data, start + 8)
    index = start + _PREFIX
    store = index + count * _ENTRY.size
    if count > _MAX_TAGS or size > _MAX_STORE or store + size > len(data):
        raise Malformed(f"{where}: is cut off, or longer than inspect reads")
    # Values that share no byte keep a small file from claiming a large header; rpm demands the same.
    header: dict[int, tuple[int | bytes, ...]] = {}
    values, used = data[store : store + size], 0
    for tag, kind, offset, number in sorted(_ENTRY.iter_unpack(data[index:store]), key=lambda row: row[2]):
        if tag in header or offset < used or not number:
            raise Malformed(f"{where}: tag {tag} is empty, stands there twice or overlaps another")
        header[tag], used = _values(f"{where}: tag {tag}", values, kind, offset, number)
    return header, store + size


def _values(
    where: str, store: bytes, kind: int, offset: int, number: int
) -> tuple[tuple[int | bytes, ...], int]:
    """Return the `number` values at `offset` and the offset behind them."""
    if kind in {_STRING, _STRINGS, _TRANSLATED}:
        return _strings(where, store, offset, number)
    width = _WIDTHS.get(kind, 0)
    end = offset + number * (width or 1)
    if end > len(store) or (not width and kind != _BINARY):
        raise Malformed(f"{where} is cut off, or of the unknown type {kind}")
    if kind == _BINARY:
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
