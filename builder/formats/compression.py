"""Decompression with an upper bound: gzip (RFC 1952), xz, bzip2 and, from Python 3.14 on, zstd (RFC 8878)."""

from __future__ import annotations

import bz2
import importlib
import lzma
import zlib
from typing import Any

from builder.formats.unpacked import Malformed

# A package of 10,000 certificates unpacks to less than 40 MiB; a bomb is stopped here.
LIMIT = 64 * 1024 * 1024
_MAX_STREAMS = 16  # an .apk has three; each further one costs a copy of the rest
_GZIP = 31  # zlib's wbits for a gzip wrapper, whose CRC and length it checks

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
}


def is_gzip(data: bytes) -> bool:
    """Tell whether `data` starts as a gzip stream does."""
    return data.startswith(b"\x1f\x8b")


def gzip_head(data: bytes, size: int) -> bytes:
    """Return up to `size` decompressed bytes, none where the stream is damaged so early."""
    try:
        return zlib.decompressobj(_GZIP).decompress(data[: 64 * 1024], size)
    except zlib.error:
        return b""


def gunzip_each(where: str, data: bytes, *, limit: int = LIMIT) -> list[tuple[bytes, bytes]]:
    """Split concatenated gzip streams; return each as (compressed, decompressed)."""
    streams: list[tuple[bytes, bytes]] = []
    rest, left = data, limit
    while rest:
        if len(streams) == _MAX_STREAMS:
            raise Malformed(f"{where}: more than {_MAX_STREAMS} gzip streams")
        plain, unused = _drain(where, rest, zlib.decompressobj(_GZIP), zlib.error, left)
        streams.append((rest[: len(rest) - len(unused)], plain))
        rest, left = unused, left - len(plain)
    return streams


def decompress(where: str, data: bytes, *, limit: int = LIMIT) -> bytes:
    """Decompress `data` by the magic it starts with; Malformed says why that cannot be done."""
    name = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), "")
    if name == "gzip":
        return b"".join(plain for _, plain in gunzip_each(where, data, limit=limit))
    if not name:
        raise Malformed(f"{where}: not gzip, xz, bzip2 or zstd")
    plain, unused = _drain(where, data, *_decompressor(where, name), limit)
    if unused:
        raise Malformed(f"{where}: {len(unused)} bytes after the {name} stream")
    return plain


def _decompressor(where: str, name: str) -> tuple[Any, type[Exception]]:
    """Return a fresh decompressor and the error it raises on damage."""
    if name == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=LIMIT), lzma.LZMAError
    if name == "bzip2":
        return bz2.BZ2Decompressor(), OSError
    try:
        zstd = importlib.import_module("compression.zstd")
    except ImportError:
        raise Malformed(f"{where}: zstd is read from Python 3.14 on only") from None
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
