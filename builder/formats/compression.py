"""gzip (RFC 1952), zlib (RFC 1950) and zstd written; gzip, xz, bzip2 and zstd (RFC 8878) read.

What zlib compresses to differs between its versions, so what a package holds is stored, not compressed. A
site's indexes are compressed: the same by one zlib, which is all that signing them again needs.
"""

from __future__ import annotations

import importlib
import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any

from builder.formats.unpacked import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A package of 10,000 certificates unpacks to less than 40 MiB; a bomb is stopped here.
LIMIT = 64 * 1024 * 1024
_MAX_STREAMS = 16  # an .apk has three; each further one costs a copy of the rest
_GZIP = 31  # zlib's wbits for a gzip wrapper, whose CRC and length it checks

_GZIP_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])  # no name, no time, unknown system
_ZLIB_HEADER = b"\x78\x01"  # a window of 32 KiB, the fastest level
_ZSTD_HEADER = b"\x28\xb5\x2f\xfd\xa0"  # a single segment, whose size four bytes tell; no checksum
_RAW = 128 * 1024  # the longest block
_FAST = 1  # of zlib's levels: 6 makes an index of packages a tenth smaller, for a third more time
_STORED = 0xFFFF  # the longest stored block (RFC 1951, section 3.2.4)

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
}


def gzip(data: bytes) -> bytes:
    """Return `data` as a gzip member of stored blocks."""
    return _GZIP_HEADER + _stored(data) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def zstd(data: bytes) -> bytes:
    """Return `data` as a zstd frame (RFC 8878, section 3.1.1) of raw blocks, in a single segment."""
    blocks = [data[i : i + _RAW] for i in range(0, len(data), _RAW)] or [b""]
    heads = (((block is blocks[-1]) | len(block) << 3).to_bytes(3, "little") for block in blocks)
    body = b"".join(head + block for head, block in zip(heads, blocks, strict=True))
    return _ZSTD_HEADER + struct.pack("<I", len(data)) + body


def zlib_stream(data: bytes) -> bytes:
    """Return `data` as a zlib stream (RFC 1950) of stored blocks."""
    return _ZLIB_HEADER + _stored(data) + struct.pack(">I", zlib.adler32(data))


def _stored(data: bytes) -> bytes:
    blocks = [data[i : i + _STORED] for i in range(0, len(data), _STORED)] or [b""]
    return b"".join(
        struct.pack("<BHH", block is blocks[-1], len(block), len(block) ^ 0xFFFF) + block for block in blocks
    )


def gzip_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of `chunks` as a gzip member, compressed, and never hold all of them."""
    packer, checksum, size = zlib.compressobj(_FAST, zlib.DEFLATED, -zlib.MAX_WBITS), 0, 0
    yield _GZIP_HEADER
    for chunk in chunks:
        checksum, size = zlib.crc32(chunk, checksum), size + len(chunk)
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush() + struct.pack("<II", checksum, size & 0xFFFFFFFF)


def head(data: bytes, size: int, kinds: tuple[str, ...] = ("gzip",)) -> bytes:
    """Return up to `size` decompressed bytes; none of another kind of stream, or of one damaged so early."""
    name = _name(data)
    if name not in kinds:
        return b""
    decompressor, error = _decompressor(name)
    try:
        plain: bytes = decompressor.decompress(data[: 64 * 1024], size)
    except error:
        return b""
    return plain


def gunzip_each(where: str, data: bytes, *, limit: int = LIMIT) -> list[tuple[bytes, bytes]]:
    """Split concatenated gzip streams; return each as (compressed, decompressed)."""
    streams: list[tuple[bytes, bytes]] = []
    rest, left = data, limit
    while rest:
        if len(streams) == _MAX_STREAMS:
            raise Malformed(f"{where}: more than {_MAX_STREAMS} gzip streams")
        plain, unused = _drain(where, rest, *_decompressor("gzip"), left)
        streams.append((rest[: len(rest) - len(unused)], plain))
        rest, left = unused, left - len(plain)
    return streams


def decompress(where: str, data: bytes, *, limit: int = LIMIT) -> bytes:
    """Decompress `data` by the magic it starts with; Malformed says why that cannot be done."""
    name = _name(data)
    if name == "gzip":
        return b"".join(plain for _, plain in gunzip_each(where, data, limit=limit))
    if not name:
        raise Malformed(f"{where}: not gzip, xz, bzip2 or zstd")
    plain, unused = _drain(where, data, *_decompressor(name), limit)
    if unused:
        raise Malformed(f"{where}: {len(unused)} byte{'s' * (len(unused) != 1)} after the {name} stream")
    return plain


def _name(data: bytes) -> str:
    return next((name for magic, name in _MAGIC.items() if data.startswith(magic)), "")


def _decompressor(name: str) -> tuple[Any, type[Exception]]:
    """Return a fresh decompressor and the error it raises on damage."""
    # Imported where they are needed: few packages are, and every build would wait for them.
    if name == "gzip":
        return zlib.decompressobj(_GZIP), zlib.error
    if name == "xz":
        import lzma

        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=LIMIT), lzma.LZMAError
    if name == "bzip2":
        import bz2

        return bz2.BZ2Decompressor(), OSError
    zstd = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    return zstd.ZstdDecompressor(), zstd.ZstdError


def _drain(
    where: str, data: bytes, decompressor: Any, error: type[Exception], limit: int
) -> tuple[bytes, bytes]:
    """Return what one stream unpacks to and the bytes behind it."""
    try:
        # One byte over the limit tells a bomb from a stream that ends exactly there.
        plain: bytes = decompressor.decompress(data, limit + 1)
    except error as damage:
        raise Malformed(f"{where}: damaged stream ({damage})") from None
    if len(plain) > limit:
        raise Malformed(f"{where}: unpacks to more than inspect reads")
    if not decompressor.eof:
        raise Malformed(f"{where}: the compressed stream is cut off")
    return plain, decompressor.unused_data
