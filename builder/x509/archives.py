"""What zlib, gzip, bzip2, xz and zip hold, wherever in some octets they begin, in bounded memory."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    _Unpack = Callable[[memoryview, int], bytes]

MAX_UNPACKED: Final = 16 * 1024 * 1024
# zlib's own form, gzip, bzip2 and xz: what each begins with.
_DEFLATE, _BZIP2, _XZ = (
    re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08"),
    re.compile(rb"BZh[1-9]1AY&SY"),
    re.compile(rb"\xfd7zXZ\0"),
)
_ZIP = b"PK\x03\x04"
_MAX_MEMBERS = 10_000
_MAX_STREAMS = 20_000
_MAX_MEMORY = 128 * 1024 * 1024


def unpacked(data: bytes) -> Iterator[bytes | None]:
    """Yield what each stream and each member of a zip holds, at most one octet more than MAX_UNPACKED.

    None is yielded where there are too many to be looked at, and for what has no bound.
    """
    yield from _streams(data)
    yield from _members(data)


def _streams(data: bytes) -> Iterator[bytes | None]:
    if _DEFLATE.search(data):
        import zlib

        # 47: zlib's head or gzip's, whichever there is.
        yield from _each(data, _DEFLATE, lambda: zlib.decompressobj(47).decompress, zlib.error)
    if _BZIP2.search(data):
        import bz2

        yield from _each(data, _BZIP2, lambda: bz2.BZ2Decompressor().decompress, OSError)
    if _XZ.search(data):
        import lzma

        yield from _each(
            data, _XZ, lambda: lzma.LZMADecompressor(memlimit=_MAX_MEMORY).decompress, lzma.LZMAError
        )


def _each(
    data: bytes, begin: re.Pattern[bytes], opened: Callable[[], _Unpack], error: type[Exception]
) -> Iterator[bytes | None]:
    view = memoryview(data)
    for count, match in enumerate(begin.finditer(data)):
        if count == _MAX_STREAMS:
            yield None
            return
        with contextlib.suppress(error, EOFError):
            yield opened()(view[match.start() :], MAX_UNPACKED + 1)


def _members(data: bytes) -> Iterator[bytes | None]:
    if _ZIP not in data:
        return
    import io
    import zipfile
    import zlib

    faults = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, zlib.error)
    with contextlib.suppress(*faults), zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        for member in members[:_MAX_MEMBERS]:
            if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                yield None  # zipfile unpacks these without an upper bound
                continue
            with contextlib.suppress(*faults):
                yield archive.open(member).read(MAX_UNPACKED + 1)
        if len(members) > _MAX_MEMBERS:
            yield None
