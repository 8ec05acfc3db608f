"""Java class files (Java Virtual Machine Specification, chapter 4): what a class is called, and other names.

A class's name is data to the JVM: texts of the constant pool hold it, alone or in descriptors, and nothing
refers to a text by its length. So a compiled class can be given another package without compiling it.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from builder.formats.unpacked import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MAGIC = b"\xca\xfe\xba\xbe"
_POOL = 10  # where the constant pool begins, behind magic, versions and count
_TEXT = 1
# By the tag of a constant (section 4.4), the bytes after it; a text has its own length.
_SIZES: Mapping[int, int] = {
    3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2,
}  # fmt: skip
_WIDE = frozenset({5, 6})
_MOST = 0xFFFF


def name(data: bytes) -> str:
    """Return what a class is called, as packages are folders: org/example/ca/Bundle; raise Malformed."""
    pool = dict(_constants(data))
    end = max((at + size for at, size in pool.values()), default=_POOL)
    try:
        (own,) = struct.unpack_from(">H", data, end + 2)
        (index,) = struct.unpack_from(">H", data, pool[own][0] + 1)
        at, size = pool[index]
    except (struct.error, KeyError):
        raise Malformed("is a class file without a name") from None
    return data[at + 3 : at + size].decode("ascii", "replace")


def renamed(data: bytes, names: Mapping[str, str]) -> bytes:
    """Return a class in which classes are called otherwise; `names` maps whole names, with slashes.

    A name is replaced wherever a text has it as a whole, with dots too, as in what is loaded by name. Raises
    Malformed for what is no class file, and for a name that is too long.
    """
    pool = list(_constants(data))
    out, done = bytearray(), 0
    for _, (at, size) in pool:
        if data[at] != _TEXT:
            continue
        text = in_text(data[at + 3 : at + size], names)
        if len(text) > _MOST:
            raise Malformed("has a text that is too long with its new names")
        out += data[done:at] + struct.pack(">BH", _TEXT, len(text)) + text
        done = at + size
    return bytes(out + data[done:])


def in_text(text: bytes, names: Mapping[str, str]) -> bytes:
    """Return a text with classes called otherwise, in which each name stands as a whole."""
    for sign in ("/", "."):
        known = {_with(sign, old): _with(sign, new) for old, new in names.items()}
        text = _replaced(text, known) if known else text
    return text


def _with(sign: str, name: str) -> bytes:
    return name.replace("/", sign).encode()


def _replaced(text: bytes, names: Mapping[bytes, bytes]) -> bytes:
    return _pattern(names).sub(lambda found: names[found[0]], text)


def _pattern(names: Iterable[bytes]) -> re.Pattern[bytes]:
    """Return what matches whole names: no part of a longer one, but behind the L of a descriptor."""
    every = b"|".join(re.escape(one) for one in sorted(names, key=len, reverse=True))
    return re.compile(rb"(?:(?<![\w$./-])|(?<=L))(?:" + every + rb")(?![\w$])")


def _constants(data: bytes) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield the index of each constant, and where it lies: its first byte, and how many it has."""
    if not data.startswith(_MAGIC) or len(data) < _POOL:
        raise Malformed("is no class file")
    (count,) = struct.unpack_from(">H", data, 8)
    at, index = _POOL, 1
    while index < count:
        size = _size(data, at)
        if size is None or at + size > len(data):
            raise Malformed("is a damaged class file")
        yield index, (at, size)
        index += 1 + (data[at] in _WIDE)
        at += size


def _size(data: bytes, at: int) -> int | None:
    tag = data[at] if at < len(data) else 0
    if tag != _TEXT:
        return 1 + _SIZES[tag] if tag in _SIZES else None
    return 3 + int.from_bytes(data[at + 1 : at + 3])
