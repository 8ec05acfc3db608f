"""Compound files ([MS-CFB], version 3: sectors of 512 bytes): streams by their names, below one root.

Streams of less than 4096 bytes share the mini stream, whose sectors have 64 bytes. No times are written.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import msgspec

from builder.formats.control import Unwritable
from builder.formats.unpacked import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_FREE, _END, _FAT, _DIFAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
_NONE = 0xFFFFFFFF  # no other entry
_STREAM, _ROOT = 2, 5
_RED, _BLACK = 0, 1
# clsid, minor and major version, byte order, shifts; sectors of directory and FAT, first of the directory,
# transaction, cutoff, first and number of mini FAT's and of DIFAT's sectors.
_HEADER = struct.Struct("<8s16s5H6x9I")
# name, its length in bytes, type, colour, left, right, child, clsid, state, created, modified, first, size
_ENTRY = struct.Struct("<64sHBB3I16sIQQIQ")
_IN_HEADER = 109  # sectors of the FAT that the header names
_PER_SECTOR = _SECTOR // 4
_LONGEST = 31  # UTF-16 units of a name
_MAX_ENTRIES = 20_000


class CompoundFile(msgspec.Struct, frozen=True):
    """The streams of a compound file's root by their names, and what class of file it says it is."""

    clsid: bytes
    streams: Mapping[str, bytes]


class _Placed(msgspec.Struct, frozen=True):
    """Chains of sectors that lie one after another, and the bytes of all of them."""

    starts: Mapping[str, int]
    table: Sequence[int]
    data: bytes


def write(file: CompoundFile) -> bytes:
    """Return a compound file; raise Unwritable for a name that it cannot have."""
    small = {name: data for name, data in file.streams.items() if len(data) < _CUTOFF}
    large = {name: data for name, data in file.streams.items() if len(data) >= _CUTOFF}
    mini = _place(small, _MINI)
    directory = _directory(file, {**mini.starts}, large, mini)
    numbers = [*mini.table, *[_FREE] * (-len(mini.table) % _PER_SECTOR)]
    table = struct.pack(f"<{len(numbers)}I", *numbers)
    # The directory says where large streams begin, which lie before it and so are where they are.
    placed = _place({**large, "/mini": mini.data, "/minifat": table, "/directory": directory}, _SECTOR)
    return _assemble(placed, minis=-(-len(table) // _SECTOR))


def _place(streams: Mapping[str, bytes], size: int) -> _Placed:
    starts: dict[str, int] = {}
    table: list[int] = []
    data = bytearray()
    for name, content in streams.items():
        count = -(-len(content) // size)
        starts[name] = len(table) if count else _END
        table += [*range(len(table) + 1, len(table) + count), _END] if count else []
        data += content.ljust(count * size, b"\0")
    return _Placed(starts, table, bytes(data))


def _directory(
    file: CompoundFile, starts: dict[str, int], large: Mapping[str, bytes], mini: _Placed
) -> bytes:
    placed = _place({**large, "/mini": mini.data}, _SECTOR)
    starts |= {name: placed.starts[name] for name in large}
    names = sorted(file.streams, key=_order)
    links = _tree(len(names))
    root = _entry(
        "Root Entry",
        _ROOT,
        (_BLACK, _NONE, _NONE),
        start=placed.starts["/mini"],
        size=len(mini.data),
        child=len(names) // 2 + 1 if names else _NONE,
        clsid=file.clsid,
    )
    rows = [
        _entry(name, _STREAM, links[at], start=starts[name], size=len(file.streams[name]))
        for at, name in enumerate(names)
    ]
    unused = _ENTRY.pack(b"", 0, 0, 0, _NONE, _NONE, _NONE, bytes(16), 0, 0, 0, 0, 0)
    rows = [root, *rows]
    return b"".join([*rows, *[unused] * (-len(rows) % (_SECTOR // _ENTRY.size))])


def _order(name: str) -> tuple[int, list[int]]:
    """Return by what names are ordered: their length, then their units in upper case."""
    units = name.encode("utf-16-le")
    upper = name.upper().encode("utf-16-le")
    return len(units), list(struct.unpack(f"<{len(upper) // 2}H", upper))


def _tree(count: int) -> list[tuple[int, int, int]]:
    """Return colour, left and right of each entry in a red-black tree; an entry's number is its place + 1.

    It is balanced by halving: all paths have the same number of black entries where those of a last level
    that is not full are red.
    """
    links: list[tuple[int, int, int]] = [(_BLACK, _NONE, _NONE)] * count
    full = (count + 1).bit_length() - 1  # levels that are full
    waiting = [(0, count, 0)]
    while waiting:
        start, end, level = waiting.pop()
        if start == end:
            continue
        middle = (start + end) // 2
        left = (start + middle) // 2 + 1 if start < middle else _NONE
        right = (middle + 1 + end) // 2 + 1 if middle + 1 < end else _NONE
        links[middle] = (_RED if level == full else _BLACK, left, right)
        waiting += [(start, middle, level + 1), (middle + 1, end, level + 1)]
    return links


def _entry(
    name: str,
    kind: int,
    links: tuple[int, int, int],
    *,
    start: int,
    size: int,
    child: int = _NONE,
    clsid: bytes = bytes(16),
) -> bytes:
    units = name.encode("utf-16-le")
    if not 0 < len(units) // 2 <= _LONGEST:
        raise Unwritable(f"a stream of a compound file cannot have a name of {len(units) // 2} characters")
    colour, left, right = links
    return _ENTRY.pack(
        units, len(units) + 2, kind, colour, left, right, child, clsid, 0, 0, 0, start if size else _END, size
    )


def _assemble(placed: _Placed, *, minis: int) -> bytes:
    """Return the file: its header, the sectors, and after them the tables that tell which follows which."""
    used, fats, difats = len(placed.table), 0, 0
    while True:
        wanted = -(-(used + fats + difats) // _PER_SECTOR)
        more = -(-max(0, wanted - _IN_HEADER) // (_PER_SECTOR - 1))
        if (wanted, more) == (fats, difats):
            break
        fats, difats = wanted, more
    table = [*placed.table, *[_FAT] * fats, *[_DIFAT] * difats]
    table += [_FREE] * (fats * _PER_SECTOR - len(table))
    places = [*range(used, used + fats)]
    header = _HEADER.pack(
        SIGNATURE, bytes(16), 0x3E, 3, 0xFFFE, 9, 6,
        0, fats, placed.starts["/directory"], 0, _CUTOFF, placed.starts["/minifat"], minis,
        used + fats if difats else _END, difats,
    )  # fmt: skip
    named = [*places[:_IN_HEADER], *[_FREE] * (_IN_HEADER - len(places))]
    tables = struct.pack(f"<{len(table)}I", *table)
    return header + struct.pack(f"<{_IN_HEADER}I", *named) + placed.data + tables + _more(places, used + fats)


def _more(places: Sequence[int], start: int) -> bytes:
    """Return the sectors that name those of the FAT for which the header has no room."""
    rest, found = places[_IN_HEADER:], b""
    while rest:
        now, rest = rest[: _PER_SECTOR - 1], rest[_PER_SECTOR - 1 :]
        start += 1
        row = [*now, *[_FREE] * (_PER_SECTOR - 1 - len(now)), start if rest else _END]
        found += struct.pack(f"<{_PER_SECTOR}I", *row)
    return found


def read(data: bytes) -> CompoundFile:
    """Read the streams of a compound file's root; raise Malformed where its tables contradict themselves."""
    return _Reader(data).file()


class _Reader:
    """What a compound file's header and tables say; every chain is followed for no longer than it can be."""

    def __init__(self, data: bytes) -> None:
        if len(data) < _SECTOR or not data.startswith(SIGNATURE):
            raise Malformed("is no compound file")
        self._data = data
        head = _HEADER.unpack_from(data)
        shift, mini_shift = head[5], head[6]
        if (shift, mini_shift) not in ((9, 6), (12, 6)):
            raise Malformed("has sectors of an unknown size")
        self._size = 1 << shift
        self._first, self._cutoff, first_mini = head[9], head[11], head[12]
        self._count = max(0, -(-(len(data) - self._size) // self._size))
        self._fat = self._read_fat(data, head)
        # Four bytes for each small sector, which the file must have room for.
        minifat = self._chain(first_mini) if first_mini != _END else b""
        if len(minifat) > len(data) * 4 // _MINI + self._size:
            raise Malformed("has more tables than sectors")
        self._minifat = self._numbers(minifat)

    def _sector(self, number: int) -> bytes:
        if number >= self._count:
            raise Malformed("names a sector that it does not have")
        at = (number + 1) * self._size
        return self._data[at : at + self._size].ljust(self._size, b"\0")

    def _numbers(self, data: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])

    def _read_fat(self, data: bytes, head: tuple[int, ...]) -> tuple[int, ...]:
        places = list(struct.unpack_from(f"<{_IN_HEADER}I", data, _HEADER.size))
        more, seen = head[14], 0
        while more < _DIFAT:
            *named, more = self._numbers(self._sector(more))
            places += named
            seen += 1
            if seen > self._count:
                raise Malformed("has tables that go round in circles")
        wanted = [place for place in places if place < _DIFAT]
        if len(wanted) > 2 * (self._count * 4 // self._size + 1):  # each has four bytes for a sector
            raise Malformed("has more tables than sectors")
        return self._numbers(b"".join(map(self._sector, wanted)))

    def _chain(self, start: int, size: int | None = None) -> bytes:
        """Return the sectors of a chain, or as many as `size` bytes need: many streams may share one."""
        parts: list[bytes] = []
        while start < _DIFAT and (size is None or len(parts) * self._size < size):
            parts.append(self._sector(start))
            if start >= len(self._fat) or len(parts) > self._count:
                raise Malformed("has a chain of sectors without an end")
            start = self._fat[start]
        return b"".join(parts)

    def file(self) -> CompoundFile:
        """Return the streams that the root holds; those of storages below it are left out."""
        directory = self._chain(self._first)
        count = len(directory) // _ENTRY.size
        if not 0 < count <= _MAX_ENTRIES:
            raise Malformed("has no directory, or too long a one")
        entries = [_ENTRY.unpack_from(directory, at * _ENTRY.size) for at in range(count)]
        root = entries[0]
        if root[2] != _ROOT:
            raise Malformed("has no root")
        mini = self._chain(root[11])
        # What several streams claim counts for each.
        named = [entries[at] for at in self._children(entries, root[6])]
        found = {_name(entry): entry for entry in named if entry[2] == _STREAM}
        if sum(entry[12] & 0xFFFFFFFF for entry in found.values()) > len(self._data):
            raise Malformed("claims more than it holds")
        return CompoundFile(root[7], {name: self._stream(entry, mini) for name, entry in found.items()})

    def _children(self, entries: Sequence[tuple[int, ...]], top: int) -> Iterator[int]:
        waiting, seen = [top], set()
        while waiting:
            at = waiting.pop()
            if at == _NONE:
                continue
            if at >= len(entries) or at in seen:
                raise Malformed("has a directory that goes round in circles")
            seen.add(at)
            yield at
            waiting += [entries[at][4], entries[at][5]]

    def _stream(self, entry: tuple[int, ...], mini: bytes) -> bytes:
        start, size = entry[11], entry[12] & 0xFFFFFFFF
        if not size:
            return b""
        data = self._chain(start, size) if size >= self._cutoff else self._small(start, size, mini)
        if len(data) < size:
            raise Malformed("has a stream that is cut off")
        return data[:size]

    def _small(self, start: int, size: int, mini: bytes) -> bytes:
        parts: list[bytes] = []
        while start < _DIFAT and len(parts) * _MINI < size:
            parts.append(mini[start * _MINI : (start + 1) * _MINI])
            if start >= len(self._minifat) or len(parts) > size // _MINI + 1:
                raise Malformed("has a chain of sectors without an end")
            start = self._minifat[start]
        return b"".join(parts)


def _name(entry: tuple[int, ...]) -> str:
    units, length = bytes(entry[0]), entry[1]
    if not 0 < length <= len(units):  # with the zero at its end
        raise Malformed("has an entry without a name")
    return units[: length - 2].decode("utf-16-le", "replace")
