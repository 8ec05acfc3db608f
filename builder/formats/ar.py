"""ar archives (ar(5)), as Debian packages are: short names, no symbol table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.formats.unpacked import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC = b"!<arch>\n"
_HEADER = 60
_END = b"`\n"
_MAX_MEMBERS = 16


def write(members: Mapping[str, bytes], epoch: int) -> bytes:
    """Return an ar archive of `members` in their order, owned by root, stamped `epoch`."""
    parts = [MAGIC]
    for name, data in members.items():
        head = f"{name:<16}{epoch:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}".encode("ascii") + _END
        parts += [head, data, b"\n" * (len(data) % 2)]
    return b"".join(parts)


def read(data: bytes) -> dict[str, bytes]:
    """Return the contents of each member by its name."""
    members: dict[str, bytes] = {}
    at = len(MAGIC)
    while at < len(data):
        header = data[at : at + _HEADER]
        name, size = header[:16].rstrip(b" /").decode("ascii", "backslashreplace"), header[48:58].strip()
        if len(header) < _HEADER or header[58:] != _END or not size.isdigit():
            raise Malformed("the ar archive has a damaged header")
        if len(members) == _MAX_MEMBERS or name in members:
            raise Malformed(f"{name}: is a duplicate entry, or one of too many")
        at += _HEADER
        if int(size) > len(data) - at:
            raise Malformed(f"{name}: is cut off")
        members[name] = data[at : at + int(size)]
        at += int(size) + int(size) % 2
    return members
