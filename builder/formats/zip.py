"""Zip archives whose members are stored: written in a fixed form, and read with an upper bound."""

from __future__ import annotations

import contextlib
import io
import stat
import struct
import time
import zipfile
import zlib
from typing import TYPE_CHECKING

from builder.formats.compression import LIMIT
from builder.formats.control import Unwritable
from builder.formats.unpacked import Entry, Malformed, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from builder.model import File

_UNIX = 3
_MAX_ENTRIES = 20_000
_LISTED = b"PK\x01\x02"  # with which each member begins in the list at the end (APPNOTE.TXT, 4.3.12)
# zipfile unpacks others without an upper bound.
_READ = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# What zipfile raises on damaged input, found by fuzzing it.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError,
           OSError, struct.error, OverflowError, IndexError)  # fmt: skip


def write(files: Iterable[File], epoch: int, *, before: bytes = b"") -> bytes:
    """Return a zip archive of `files` in the order given, stored, stamped `epoch` (from 1980).

    What is to stand `before` it belongs to it: places in the archive are counted from there.
    """
    buffer = io.BytesIO(before)
    buffer.seek(len(before))
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            if file.kind == "dir":
                raise Unwritable(f"{file.path}: a folder has no place in a zip archive of files")
            info = zipfile.ZipInfo(file.path, time.gmtime(epoch)[:6])
            info.create_system = _UNIX
            info.external_attr = (stat.S_IFREG | file.mode) << 16
            archive.writestr(info, file.data)
    return buffer.getvalue()


def names(data: bytes) -> list[str]:
    """Return the members' names of a zip archive; Malformed where it is damaged."""
    with _opened(data) as archive:
        return archive.namelist()


def read(data: bytes) -> tuple[Entry, ...]:
    """Return the members of a zip archive; Malformed where it is damaged, or leads out of its folder."""
    with _opened(data) as archive:
        members = archive.infolist()
        if sum(m.file_size for m in members) > LIMIT:
            raise Malformed("unpacks to more than inspect reads")
        if len({member.filename for member in members}) != len(members):
            raise Malformed("a member is a duplicate entry")
        return tuple(_entry(member, _content(archive, member)) for member in members)


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return what a member unpacks to, if it is as long as it claims, and has its CRC."""
    if member.compress_type not in _READ:
        raise Malformed(f"{member.filename}: is compressed by another method than deflate")
    with archive.open(member) as stream:
        # ZipFile.read would unpack all there is, and cut it then; and of no bytes no CRC is compared.
        return stream.read(max(member.file_size, 1))


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator[zipfile.ZipFile]:
    # zipfile reads the whole list first, of however many members.
    if data.count(_LISTED) > _MAX_ENTRIES:
        raise Malformed("has more members than inspect reads")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive
    except _DAMAGE:
        raise Malformed("is a damaged zip") from None


def _entry(member: zipfile.ZipInfo, data: bytes) -> Entry:
    mode = member.external_attr >> 16
    path = member.filename
    if path.startswith("/") or ".." in path.split("/"):
        raise Malformed(f"{path} leaves the package")
    kind = "dir" if member.is_dir() else "link" if stat.S_ISLNK(mode) else "file"
    if kind == "link":
        return Entry(path, mode=stat.S_IMODE(mode), kind="link", link=text(data))
    return Entry(path.rstrip("/"), data, stat.S_IMODE(mode), "dir" if kind == "dir" else "file")
