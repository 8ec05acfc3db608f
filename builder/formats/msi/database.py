"""The database of a Windows Installer package: one pool of texts, and tables that name its texts by number.

A table's stream has its columns one after another. Numbers are stored with their first bit turned round, so
that an empty one is zero. The layout is that of msitools and Wine; Microsoft describes the tables alone.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

import msgspec

from builder.formats.control import Unwritable
from builder.formats.msi import names
from builder.formats.unpacked import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Cell = str | int | None

_POOL, _DATA, _TABLES, _COLUMNS = "_StringPool", "_StringData", "_Tables", "_Columns"
_WIDE = 0x80000000  # in the pool's first number: its texts are numbered in three bytes
_MAX_TEXT = 0xFFFF
# Bits of a column's type, beside the size in its low byte.
_VALID, _LOCAL, _STORED, _IS_TEXT, _NULLABLE, _KEY = 0x0100, 0x0200, 0x0400, 0x0800, 0x1000, 0x2000
_KINDS = {"s": _VALID | _STORED | _IS_TEXT, "l": _VALID | _LOCAL | _STORED | _IS_TEXT, "v": _VALID | _IS_TEXT}
_NUMBERS = {2: _VALID | _STORED, 4: _VALID}
_SPELLED = re.compile(r"([A-Za-z_]+):([SsLlIiVv])(\d+)(\*?)")
_MAX_ROWS, _MAX_COLUMNS = 100_000, 32
_MAX_CELLS, _MAX_TEXTS = 2_000_000, 1_000_000
_CODEPAGES = {0: "cp1252", 1252: "cp1252", 65001: "utf-8"}


class Column(msgspec.Struct, frozen=True):
    """A column of a table: its name and type, as _Columns has it."""

    name: str
    type: int

    @property
    def is_text(self) -> bool:
        """Whether its cells are texts of the pool."""
        return bool(self.type & _IS_TEXT and self.type & _STORED)

    @property
    def is_stream(self) -> bool:
        """Whether its cells are streams of their own."""
        return bool(self.type & _IS_TEXT and not self.type & _STORED)


class Table(msgspec.Struct, frozen=True):
    """A table: its columns and rows; an empty cell is None."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()


def columns(spelled: str) -> tuple[Column, ...]:
    """Return columns from "Name:s72* Value:L0": kind (capital if it may be empty), size, * for a key."""
    return tuple(_column(*found) for found in _SPELLED.findall(spelled))


def _column(name: str, kind: str, size: str, key: str) -> Column:
    width = int(size)
    bits = _NUMBERS[width] if kind in "iI" else _KINDS[kind.lower()]
    return Column(name, bits | width | (_NULLABLE if kind.isupper() else 0) | (_KEY if key else 0))


_DESCRIBED = columns("Table:s64* Number:i2* Name:s64 Type:i2")  # of _Columns itself


class _Pool:
    """Texts by the numbers they get when they are first asked for, and how often each was."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._numbers: dict[str, int] = {}
        self._uses: list[int] = []

    def number(self, text: str) -> int:
        found = self._numbers.setdefault(text, len(self._numbers) + 1)
        self._uses += [0] * (found - len(self._uses))
        self._uses[found - 1] += 1
        return found

    def streams(self, codepage: int) -> dict[str, bytes]:
        if len(self._numbers) > _MAX_TEXT:
            raise Unwritable(f"has more than {_MAX_TEXT} texts, for which an MSI written here has no room")
        texts = [text.encode(self._encoding) for text in self._numbers]
        if any(len(text) > _MAX_TEXT for text in texts):
            raise Unwritable(
                f"has a text of more than {_MAX_TEXT} bytes: a certificate may have half of that"
            )
        # A text that is used more often than can be counted counts as used that often.
        pool = [(len(text), min(used, _MAX_TEXT)) for text, used in zip(texts, self._uses, strict=True)]
        packed = b"".join(struct.pack("<HH", *pair) for pair in pool)
        return {_POOL: struct.pack("<I", codepage) + packed, _DATA: b"".join(texts)}


def write(tables: Mapping[str, Table], codepage: int) -> dict[str, bytes]:
    """Return the streams of a database by their encoded names; the same tables make the same bytes."""
    pool = _Pool(_CODEPAGES[codepage])
    described = {
        _TABLES: Table(columns("Name:s64*"), tuple((name,) for name in sorted(tables))),
        _COLUMNS: Table(_DESCRIBED, tuple(_described(tables))),
    }
    streams = {
        name: _packed(table, pool) for name, table in {**described, **dict(sorted(tables.items()))}.items()
    }
    streams |= pool.streams(codepage)
    # A table without rows has no stream.
    return {names.encoded(name): data for name, data in streams.items() if data}


def _described(tables: Mapping[str, Table]) -> Iterator[tuple[Cell, ...]]:
    for name, table in sorted(tables.items()):
        for number, column in enumerate(table.columns, start=1):
            yield name, number, column.name, column.type


def _packed(table: Table, pool: _Pool) -> bytes:
    """Return a table's stream: its rows in the order of their keys, a column after another."""
    rows = [
        tuple(_number(cell, column, pool) for cell, column in zip(row, table.columns, strict=True))
        for row in table.rows
    ]
    keys = [at for at, column in enumerate(table.columns) if column.type & _KEY]
    rows.sort(key=lambda row: [row[at] for at in keys])
    packed = b""
    for at, column in enumerate(table.columns):
        size = _width(column, 2)
        packed += b"".join(row[at].to_bytes(size, "little") for row in rows)
    return packed


def _width(column: Column, texts: int) -> int:
    """Return how many bytes a cell has, where a text's number has so many."""
    if column.is_text:
        return texts
    return 2 if column.is_stream or column.type & 0xFF == 2 else 4  # noqa: PLR2004  a number's bytes


def _number(cell: Cell, column: Column, pool: _Pool) -> int:
    if cell is None or cell == "":
        return 0
    if isinstance(cell, str):
        return pool.number(cell)
    return cell + (0x8000 if _width(column, 2) == 2 else 0x80000000)  # noqa: PLR2004


def read(streams: Mapping[str, bytes]) -> dict[str, Table]:
    """Return the tables of a database, by its streams' encoded names; raise Malformed where it is damaged."""
    named = ((names.decoded(stream), data) for stream, data in streams.items())
    tables = {name: data for (name, is_table), data in named if is_table}
    try:
        texts, width = _texts(tables[_POOL], tables.get(_DATA, b""))
    except (KeyError, struct.error):
        raise Malformed("has no texts") from None
    described = _rows(_DESCRIBED, tables.get(_COLUMNS, b""), texts, width)
    found: dict[str, Table] = {}
    cells = 0
    for name, listed in _columns_of(described).items():
        rows = tuple(_rows(listed, tables.get(name, b""), texts, width))
        cells += len(rows) * len(listed)
        if cells > _MAX_CELLS:
            raise Malformed("has more cells than inspect reads")
        found[name] = Table(listed, rows)
    return found


def _columns_of(described: Iterable[tuple[Cell, ...]]) -> dict[str, tuple[Column, ...]]:
    """Return the columns of each table in their order; a row that is none is left out."""
    found: dict[str, dict[int, Column]] = {}
    for table, number, name, kind in described:
        if isinstance(table, str) and isinstance(number, int) and isinstance(kind, int):
            found.setdefault(table, {})[number] = Column(str(name), kind & 0xFFFF)
    return {table: tuple(listed[number] for number in sorted(listed)) for table, listed in found.items()}


def _texts(pool: bytes, data: bytes) -> tuple[list[str], int]:
    """Return the texts by their numbers, and how many bytes such a number has."""
    if len(pool) > 8 * _MAX_TEXTS:
        raise Malformed("has more texts than inspect reads")
    codepage, *numbers = struct.unpack(f"<I{(len(pool) - 4) // 2}H", pool[: len(pool) // 4 * 4])
    encoding = _CODEPAGES.get(codepage & 0xFFFF, "latin-1")
    texts, at, place = [""], 0, 0
    while place + 1 < len(numbers):
        size, used = numbers[place], numbers[place + 1]
        place += 2
        if not size and used and place + 1 < len(numbers):  # a long one: the next pair is its size
            size = numbers[place] | numbers[place + 1] << 16
            place += 2
        if size > len(data) - at:
            raise Malformed("has a text that is cut off")
        texts.append(data[at : at + size].decode(encoding, "backslashreplace"))
        at += size
    return texts, 3 if codepage & _WIDE else 2


def _rows(
    wanted: Sequence[Column], data: bytes, texts: Sequence[str], width: int
) -> Iterable[tuple[Cell, ...]]:
    """Return a table's rows; raise Malformed where a text is none, or a row is cut off."""
    sizes = [_width(column, width) for column in wanted]
    count, rest = divmod(len(data), sum(sizes) or 1)
    if rest or count > _MAX_ROWS or len(wanted) > _MAX_COLUMNS:
        raise Malformed("has a table that is cut off, or longer than inspect reads")
    cells, at = [], 0
    for column, size in zip(wanted, sizes, strict=True):
        part = data[at : at + size * count]
        at += size * count
        cells.append([_cell(part[n * size : (n + 1) * size], column, texts) for n in range(count)])
    return list(zip(*cells, strict=True))


def _cell(raw: bytes, column: Column, texts: Sequence[str]) -> Cell:
    number = int.from_bytes(raw, "little")
    if column.is_text:
        if number >= len(texts):
            raise Malformed("has a cell that names a text which is not there")
        return texts[number] or None
    if not number:
        return None
    return number if column.is_stream else number - (0x8000 if len(raw) == 2 else 0x80000000)  # noqa: PLR2004
