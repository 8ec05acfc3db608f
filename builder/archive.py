"""Archives whose bytes depend on their contents alone: tar, gzip and zip, with fixed owners and times.

Deflate output differs between zlib builds, so gzip holds stored blocks and zip stores its members.
"""

from __future__ import annotations

import io
import struct
import tarfile
import time
import zipfile
import zlib
from typing import TYPE_CHECKING

from builder.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.model import File

_BLOCK = 0xFFFF  # the longest stored block (RFC 1951, section 3.2.4)
_GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])  # no name, no time, unknown system (RFC 1952)
_UNIX = 3


def tar(files: Iterable[File], epoch: int) -> bytes:
    """Return a POSIX ustar archive of `files`, owned by root, stamped `epoch`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT, encoding="utf-8") as archive:
        for file in sorted(files, key=lambda file: file.path.encode()):
            info = tarfile.TarInfo(file.path)
            info.type = tarfile.DIRTYPE if file.kind == "dir" else tarfile.REGTYPE
            info.size, info.mode, info.mtime = len(file.data), file.mode, epoch
            info.uname = info.gname = "root"
            try:
                archive.addfile(info, io.BytesIO(file.data))
            except ValueError as error:
                raise ConfigError(f"{file.path}: does not fit a tar archive: {error}") from error
    return buffer.getvalue()


def gzip(data: bytes) -> bytes:
    """Return `data` as a gzip member of stored blocks."""
    blocks = [data[i : i + _BLOCK] for i in range(0, len(data), _BLOCK)] or [b""]
    body = b"".join(
        struct.pack("<BHH", block is blocks[-1], len(block), len(block) ^ 0xFFFF) + block for block in blocks
    )
    return _GZIP_HEADER + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def zip_stored(files: Iterable[File], epoch: int) -> bytes:
    """Return a zip archive of `files` in the order given, stored, stamped `epoch` (from 1980)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            if file.kind == "dir":
                raise ConfigError(f"{file.path}: a folder has no place in a zip archive of files")
            info = zipfile.ZipInfo(file.path, time.gmtime(epoch)[:6])
            info.create_system = _UNIX
            info.external_attr = (0o100000 | file.mode) << 16
            archive.writestr(info, file.data)
    return buffer.getvalue()
