"""tar archives: POSIX ustar and pax (IEEE 1003.1) written, and read strictly, with GNU's long names.

tarfile is not used: what it writes differs between versions of Python, and reading it skips what it cannot
read, resynchronises on damage, and in Pythons still in use loops for ever on a crafted header
(CVE-2025-8194). Here every header is understood or refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.formats.control import Unwritable
from builder.formats.unpacked import Entry, Kind, Malformed, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from builder.model import File

_BLOCK = 512
_MAX_ENTRIES = 20_000
_KINDS: Mapping[bytes, Kind] = {b"0": "file", b"\0": "file", b"5": "dir", b"2": "link"}
_MAX_EXTENDED = 64 * 1024
_NAME, _PREFIX = 100, 155  # bytes that a ustar header has for a path's end, and for its beginning
_EXTENDED = b"././@PaxHeader"
_OWNER = b"root".ljust(32, b"\0") * 2


class Archived(msgspec.Struct, frozen=True):
    """One archive member and its pax records."""

    entry: Entry
    pax: Mapping[str, str]


def write(
    files: Iterable[File],
    epoch: int,
    *,
    end: bool = True,
    pax: Callable[[File], Mapping[str, str]] | None = None,
) -> bytes:
    """Return a tar archive of `files`, sorted by path, owned by root, stamped `epoch`.

    `pax` gives the extended records of an entry; without `end` the end-of-archive blocks are left out.
    Raises Unwritable for a path that does not fit a ustar header.
    """
    parts: list[bytes] = []
    for file in sorted(files, key=lambda file: file.path.encode()):
        if records := pax(file) if pax else {}:
            parts += _member(_EXTENDED, b"x", b"".join(map(_pax_record, records.items())), 0o644, epoch)
        folder = file.kind == "dir"
        name = f"{file.path}/".encode() if folder else file.path.encode()
        parts += _member(name, b"5" if folder else b"0", file.data, file.mode, epoch)
    return b"".join([*parts, END if end else b""])


def member(path: str, size: int, epoch: int, *, folder: bool = False) -> bytes:
    """Return the header of a file or folder, whose `size` bytes and then `padding(size)` are to follow.

    For an archive that is written piece by piece; raises Unwritable for a path that does not fit.
    """
    kind, mode = (b"5", 0o755) if folder else (b"0", 0o644)
    return _header(path.encode(), kind, size, mode, epoch)


def padding(size: int) -> bytes:
    """Return what follows a member's `size` bytes; END follows the last member."""
    return bytes(-size % _BLOCK)


END = bytes(2 * _BLOCK)


def _member(path: bytes, kind: bytes, data: bytes, mode: int, epoch: int) -> tuple[bytes, bytes, bytes]:
    return _header(path, kind, len(data), mode, epoch), data, padding(len(data))


def _header(path: bytes, kind: bytes, size: int, mode: int, epoch: int) -> bytes:
    prefix, name = _split(path)
    head = name.ljust(_NAME, b"\0") + b"%07o\0%07o\0%07o\0%011o\0%011o\0" % (mode, 0, 0, size, epoch)
    tail = kind + bytes(100) + b"ustar\x0000" + _OWNER + b"0000000\0" * 2 + prefix.ljust(_PREFIX + 12, b"\0")
    # The checksum counts its own field as blanks.
    return head + b"%06o\0 " % (sum(head) + 8 * ord(" ") + sum(tail)) + tail


def _split(path: bytes) -> tuple[bytes, bytes]:
    """Split a path that is too long for the field of names at a slash, which the header leaves out."""
    if len(path) <= _NAME:
        return b"", path
    at = path.rfind(b"/", 0, min(_PREFIX + 1, len(path) - 1))
    if at <= 0 or len(path) - at - 1 > _NAME:
        raise Unwritable(f"{path.decode()}: is too long for a tar archive")
    return path[:at], path[at + 1 :]


def _pax_record(record: tuple[str, str]) -> bytes:
    """Return "LENGTH KEY=VALUE", where LENGTH counts the whole line, its own digits too."""
    rest = " {}={}\n".format(*record).encode()
    length = len(rest) + 1
    while length != len(str(length)) + len(rest):
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def unpack(where: str, data: bytes) -> tuple[Entry, ...]:
    """Return the members of the tar archive `data` in archive order; no path is there twice."""
    return tuple(archived.entry for archived in unpack_with_pax(where, data))


def unpack_with_pax(where: str, data: bytes) -> tuple[Archived, ...]:
    """Return the members of the tar archive `data` with their pax records."""
    members = tuple(_members(where, data))
    seen: set[str] = set()
    for member in members:
        if member.entry.path in seen:
            raise Malformed(f"{where}: {member.entry.path} is a duplicate entry")
        seen.add(member.entry.path)
    return members


def _members(where: str, data: bytes) -> Iterator[Archived]:
    pax: dict[str, str] = {}
    for count, (header, body) in enumerate(_records(where, data)):
        if count >= _MAX_ENTRIES:
            raise Malformed(f"{where}: more than {_MAX_ENTRIES} entries")
        match header[156:157]:
            case b"x":  # pax, for the next entry
                pax |= _pax_records(where, body)
            case b"g":  # pax, for every later entry
                _check_global(where, body)
            case b"L":  # GNU, the next entry's long name
                pax["path"] = _text(_short(where, body))
            case b"K":  # GNU, the next entry's long link target
                pax["linkpath"] = _text(_short(where, body))
            case t if t in _KINDS:
                entry = _entry(where, header, body, pax)
                # The archive's root says nothing about the package.
                if (entry.path, entry.kind) != (".", "dir"):
                    yield Archived(entry, pax)
                pax = {}
            case t:
                raise Malformed(f"{where}: {_name(header)} is of type {t!r}, not a file, folder or link")
    if pax:
        raise Malformed(f"{where}: an extended header belongs to no entry")


def _records(where: str, data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each header block with its body, up to the end-of-archive blocks or the end of `data`."""
    at = 0
    # apk's first two segments end without end-of-archive blocks, so the end of data is an end as well.
    while at < len(data):
        header = data[at : at + _BLOCK]
        at += _BLOCK
        if not header.strip(b"\0"):
            break
        _check_header(where, header)
        size = _number(where, header[124:136])
        if size > len(data) - at:
            raise Malformed(f"{where}: {_name(header)} is cut off")
        yield header, data[at : at + size]
        at += size + -size % _BLOCK
    if data[at:].strip(b"\0"):
        raise Malformed(f"{where}: data after the end of the archive")


def _check_header(where: str, header: bytes) -> None:
    if len(header) < _BLOCK:
        raise Malformed(f"{where}: a tar header is cut off")
    # The checksum counts its own field as blanks.
    total = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    if total != _number(where, header[148:156]):
        raise Malformed(f"{where}: a tar header has a wrong checksum")


def _entry(where: str, header: bytes, body: bytes, pax: Mapping[str, str]) -> Entry:
    path = pax.get("path") or _name(header)
    kind = _KINDS[header[156:157]]
    if not path.strip("/") or (_plain(where, path) == "." and kind != "dir"):
        raise Malformed(f"{where}: an entry has no name")
    if "size" in pax and pax["size"] != str(len(body)):
        raise Malformed(f"{where}: {path} has two sizes")
    if kind != "file" and body:
        raise Malformed(f"{where}: {path} is a {kind} with contents")
    owner = pax.get("uname") or _text(header[265:297]) or str(_number(where, header[108:116]))
    group = pax.get("gname") or _text(header[297:329]) or str(_number(where, header[116:124]))
    return Entry(
        path=_plain(where, path),
        data=body,
        mode=_number(where, header[100:108]) & 0o7777,
        kind="dir" if path.endswith("/") and kind == "file" and not body else kind,
        owner=f"{owner}:{group}",
        link=(pax.get("linkpath") or _text(header[157:257])) if kind == "link" else "",
    )


def _plain(where: str, path: str) -> str:
    """Return `path` without "./", a leading or trailing slash; refuse one that leaves the package."""
    parts = [part for part in path.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise Malformed(f"{where}: {path} leaves the package")
    return "/".join(parts) or "."


def _name(header: bytes) -> str:
    name = _text(header[0:100])
    # Only POSIX archives have a prefix; GNU ones keep times in that place.
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _number(where: str, digits: bytes) -> int:
    octal = digits.strip(b" \0")
    if octal.strip(b"01234567"):
        raise Malformed(f"{where}: a tar header has a field that is no octal number")
    return int(octal or b"0", 8)


def _text(raw: bytes) -> str:
    return text(raw.split(b"\0", 1)[0])


def _short(where: str, body: bytes) -> bytes:
    if len(body) > _MAX_EXTENDED:
        raise Malformed(f"{where}: an extended header of {len(body)} byte{'s' * (len(body) != 1)}")
    return body


def _check_global(where: str, body: bytes) -> None:
    # git archive writes its commit there; nothing of a package may hang on a header far away.
    if unknown := _pax_records(where, body).keys() - {"comment"}:
        raise Malformed(f"{where}: a global pax header sets {', '.join(sorted(unknown))}")


def _pax_records(where: str, body: bytes) -> dict[str, str]:
    """Read pax's "LENGTH KEY=VALUE" lines, where LENGTH counts the whole line."""
    records: dict[str, str] = {}
    body = _short(where, body)
    while body:
        digits, blank, _ = body[:12].partition(b" ")
        length = int(digits) if blank and digits.isdigit() else 0
        key, equals, value = body[len(digits) + 1 : max(length - 1, 0)].partition(b"=")
        if not equals or length > len(body) or body[length - 1 : length] != b"\n":
            raise Malformed(f"{where}: a pax record is malformed")
        records[text(key)] = text(value)
        body = body[length:]
    return records
