"""Rows of a table in an SQLite file that anybody may have made, read without SQLite.

https://www.sqlite.org/fileformat2.html. SQLite opens files by path, behind links, and computes what a hostile
schema says. This reads bytes, each page once at most, and so in linear time: no schema is obeyed, no index,
view or journal looked at.
"""

import struct

_MAGIC = b"SQLite format 3\x00"
_INTERIOR, _LEAF = 0x05, 0x0D  # pages of tables
_PAYLOAD = 1 << 20
_INTEGERS = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}  # bytes, by serial type
_UTF8 = 1


class SqliteError(ValueError):
    """The bytes are no SQLite file that can be read."""


def table(data, name, most):
    """Return (the CREATE TABLE, its rows as lists of values), both None where there is no such table.

    Numbers are left as bytes; a value that is NULL is None.
    """
    pages = _Pages(data)
    for record in pages.records(1, most):
        if len(record) == 5 and record[0] == b"table" and record[1] == name.encode("ascii") and record[3]:
            root = int.from_bytes(record[3], "big")
            return (record[4] or b"").decode("utf-8", "replace"), list(pages.records(root, most))
    return None, None


class _Pages:
    def __init__(self, data):
        if len(data) < 512 or not data.startswith(_MAGIC):
            raise SqliteError("is no SQLite file")
        self.data = data
        (size,) = struct.unpack_from(">H", data, 16)
        self.size = 65536 if size == 1 else size
        self.usable = self.size - data[20]
        if self.size < 512 or self.size & (self.size - 1) or self.usable < 480:
            raise SqliteError("has pages of a size that SQLite has not")
        if struct.unpack_from(">I", data, 56)[0] != _UTF8:
            raise SqliteError("has a text encoding that NSS does not use")
        self.seen = set()

    def page(self, number):
        """Return where a page begins; each may be read once."""
        start = (number - 1) * self.size
        if number < 1 or start + self.size > len(self.data) or number in self.seen:
            raise SqliteError("is damaged")
        self.seen.add(number)
        return start

    def records(self, root, most):
        """Yield the records of the table whose first page is `root`."""
        left, stack = most, [root]
        while stack:
            number = stack.pop()
            start = self.page(number)
            at = start + (100 if number == 1 else 0)
            kind = self.data[at]
            (count,) = struct.unpack_from(">H", self.data, at + 3)
            cells = at + (12 if kind == _INTERIOR else 8)
            if kind not in (_INTERIOR, _LEAF) or cells + 2 * count > start + self.usable:
                raise SqliteError("is damaged")
            places = struct.unpack_from(">{}H".format(count), self.data, cells)
            if kind == _INTERIOR:
                stack.append(struct.unpack_from(">I", self.data, at + 8)[0])
                stack += [self._number(start, place) for place in reversed(places)]
                continue
            for place in places:
                left -= 1
                if left < 0:
                    raise SqliteError("has more rows than the doctor reads")
                yield _values(self._payload(start, place))

    def _number(self, start, place):
        if place + 4 > self.usable:
            raise SqliteError("is damaged")
        return struct.unpack_from(">I", self.data, start + place)[0]

    def _payload(self, start, place):
        """Return a cell's content, which may go on in pages of its own."""
        end = start + self.usable
        size, at = _varint(self.data, start + place, end)
        at = _varint(self.data, at, end)[1]  # the row's number
        if size > _PAYLOAD:
            raise SqliteError("has a row that is larger than NSS writes")
        local = self._local(size)
        follows = 4 if local < size else 0
        if at + local + follows > end:
            raise SqliteError("is damaged")
        parts = [self.data[at : at + local]]
        following = struct.unpack_from(">I", self.data, at + local)[0] if follows else 0
        left = size - local
        while left > 0:
            page = self.page(following)
            (following,) = struct.unpack_from(">I", self.data, page)
            part = min(left, self.usable - 4)
            parts.append(self.data[page + 4 : page + 4 + part])
            left -= part
        return b"".join(parts)

    def _local(self, size):
        """Return how many bytes of a payload lie in the page of its cell."""
        if size <= self.usable - 35:
            return size
        least = (self.usable - 12) * 32 // 255 - 23
        some = least + (size - least) % (self.usable - 4)
        return some if some <= self.usable - 35 else least


def _varint(data, at, end):
    value = 0
    for count in range(9):
        if at >= end:
            raise SqliteError("is damaged")
        octet = data[at]
        at += 1
        if count == 8:
            return value << 8 | octet, at
        value = value << 7 | octet & 0x7F
        if octet < 0x80:
            break
    return value, at


def _values(record):
    """Return the values of a record."""
    header, at = _varint(record, 0, len(record))
    if header > len(record):
        raise SqliteError("is damaged")
    values, place = [], header
    while at < header:
        kind, at = _varint(record, at, header)
        if kind in (10, 11):
            raise SqliteError("is damaged")
        size = _INTEGERS[kind] if kind < 10 else (kind - 12) // 2
        if place + size > len(record):
            raise SqliteError("is damaged")
        values.append(None if kind == 0 else bytes(record[place : place + size]))
        if kind in (8, 9):
            values[-1] = bytes((kind - 8,))
        place += size
    return values
