"""cpio archives in the "new ASCII" format (cpio(5)), as RPM payloads use it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from builder.formats.unpacked import Malformed, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.model import File

_MAGIC = (b"070701", b"070702")
_HEADER = 110
_TRAILER = "TRAILER!!!"
_MAX_ENTRIES = 20_000


def write(files: Sequence[File], epoch: int) -> bytes:
    """Return an archive of `files` in their order, below ".", owned by root, stamped `epoch`.

    Inodes are counted from 1, as the package's header must count them, too.
    """
    parts = [_member(f".{one.path}", one.data, i, mode_of(one), epoch) for i, one in enumerate(files, 1)]
    return b"".join([*parts, _member(_TRAILER, b"", 0, 0, 0)])


def mode_of(file: File) -> int:
    """Return permissions and kind in the one number that stat(2) has for both."""
    return (stat.S_IFDIR if file.kind == "dir" else stat.S_IFREG) | file.mode


def _member(path: str, data: bytes, inode: int, mode: int, epoch: int) -> bytes:
    name = path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (inode, mode, 0, 0, links, epoch, len(data), 0, 0, 0, 0, len(name), 0)
    head = _MAGIC[0] + b"".join(b"%08x" % field for field in fields) + name
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the contents of each member by its absolute path."""
    members: dict[str, bytes] = {}
    at = 0
    while True:
        header = data[at : at + _HEADER]
        if header[:6] not in _MAGIC or len(header) < _HEADER or len(members) == _MAX_ENTRIES:
            raise Malformed("payload: a cpio header is damaged, or one too many")
        mode, links, size, length = (_hex(header, field) for field in (1, 4, 6, 11))
        name = text(data[at + _HEADER : at + _HEADER + length].rstrip(b"\0"))
        start = _aligned(at + _HEADER + length)
        at = _aligned(start + size)
        if name == _TRAILER:
            break
        path = "/" + name.removeprefix(".").removeprefix("/")
        if start + size > len(data) or path in members:
            raise Malformed(f"{path}: is cut off, or is a duplicate entry")
        if stat.S_ISREG(mode) and links > 1:
            raise Malformed(f"{path}: is a hard link, which inspect does not follow")
        members[path] = data[start : start + size]
    if data[at:].strip(b"\0"):
        raise Malformed("payload: data after the end of the cpio archive")
    return members


def _hex(header: bytes, field: int) -> int:
    """Return the number in one of the header's 13 eight-digit fields (0 is the inode)."""
    digits = header[6 + field * 8 : 14 + field * 8]
    # int() alone would take a sign, and a negative size leads backwards.
    if digits.strip(b"0123456789abcdefABCDEF"):
        raise Malformed("payload: a cpio header has a field that is no number")
    return int(digits, 16)


def _aligned(offset: int) -> int:
    return offset + -offset % 4
