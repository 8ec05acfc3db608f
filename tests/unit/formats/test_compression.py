"""Bounded decompression."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import zlib
from typing import TYPE_CHECKING

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

import pytest

from builder.formats import compression
from builder.formats.unpacked import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    # The checksum is an option there.
    "zstd": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
}
_TEXT = b"certificates\n" * 100


@pytest.mark.parametrize("name", _COMPRESS)
def test_decompresses_by_magic(name: str) -> None:
    """The compression is told from the first bytes."""
    assert compression.decompress("x", _COMPRESS[name](_TEXT)) == _TEXT


@pytest.mark.parametrize("name", _COMPRESS)
def test_stops_a_bomb(name: str) -> None:
    """What unpacks to more than the limit is refused; exactly the limit is not."""
    data = _COMPRESS[name](_TEXT)
    assert len(_TEXT) == len(compression.decompress("x", data, limit=len(_TEXT)))
    with pytest.raises(Malformed, match="unpacks to more than inspect reads"):
        compression.decompress("x", data, limit=len(_TEXT) - 1)


@pytest.mark.parametrize("name", _COMPRESS)
def test_refuses_a_cut_or_damaged_stream(name: str) -> None:
    """A stream that ends early or fails its checksum is refused."""
    data = _COMPRESS[name](_TEXT)
    with pytest.raises(Malformed, match="cut off"):
        compression.decompress("x", data[:-3])
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 0xFF
    with pytest.raises(Malformed):
        compression.decompress("x", bytes(damaged))


@pytest.mark.parametrize("name", _COMPRESS)
def test_refuses_bytes_behind_the_stream(name: str) -> None:
    """Nothing may hide behind the compressed data."""
    with pytest.raises(Malformed):
        compression.decompress("x", _COMPRESS[name](_TEXT) + b"hidden")


def test_splits_concatenated_gzip_streams() -> None:
    """Each stream comes back with the very bytes it was compressed to."""
    parts = [gzip.compress(text) for text in (b"one", b"", b"three")]
    assert list(zip(parts, (b"one", b"", b"three"), strict=True)) == compression.gunzip_each(
        "x", b"".join(parts)
    )


def test_bounds_the_number_of_streams() -> None:
    """Thousands of tiny streams are refused before they cost anything."""
    with pytest.raises(Malformed, match="more than 16 gzip streams"):
        compression.gunzip_each("x", gzip.compress(b"") * 100_000)


def test_refuses_what_is_not_compressed() -> None:
    """Bytes without a known magic are named as such."""
    with pytest.raises(Malformed, match="x: not gzip, xz, bzip2 or zstd"):
        compression.decompress("x", b"plain")


@pytest.mark.parametrize("size", [0, 1, 0xFFFF, 0x10000, 200_000])
def test_a_stored_zlib_stream_is_read_by_zlib(size: int) -> None:
    """Its bytes depend on no version of zlib."""
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert zlib.decompress(compression.zlib_stream(data)) == data
    assert len(compression.zlib_stream(data)) == size + 6 + 5 * max(1, -(-size // 0xFFFF))
