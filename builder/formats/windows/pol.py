"""Registry.pol, by which group policy sets the registry ([MS-GPREG] 2.2.1): for certificate stores."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from builder.formats.compression import LIMIT
from builder.formats.unpacked import Malformed, Unpacked
from builder.formats.windows import stores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.formats.metadata import MetadataKey
    from builder.model import Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {}

_HEAD = b"PReg" + struct.pack("<I", 1)
_BINARY = 3  # REG_BINARY
_MAX_VALUES = 20_000
_OPEN, _NEXT, _CLOSE = (sign.encode("utf-16-le") for sign in "[;]")
_END = b"\0\0"


def write(package: Package) -> bytes:
    """Return the policy that sets each certificate of the package: [key;value;type;size;data]."""
    return _HEAD + b"".join(_value(one) for one in stores.stored(package.files))


def _value(one: stores.StoredCertificate) -> bytes:
    fields = (
        _text(one.path.replace("/", "\\")),
        _text(stores.VALUE),
        struct.pack("<I", _BINARY),
        struct.pack("<I", len(one.blob)),
        one.blob,
    )
    return _OPEN + _NEXT.join(fields) + _CLOSE


def _text(text: str) -> bytes:
    return text.encode("utf-16-le") + _END


def recognises(data: bytes) -> bool:
    """Tell whether `data` begins as a policy does."""
    return data.startswith(_HEAD)


def unpack(name: str, data: bytes) -> Unpacked:
    """Read which certificates a policy sets; what else it sets is counted."""
    del name
    if len(data) > LIMIT:
        raise Malformed("is longer than inspect reads")
    values = list(_values(data))
    placed = [(key, data) for key, value, data in values if stores.is_placed(key) and stores.is_value(value)]
    entries = tuple(stores.entry(key, blob) for key, blob in placed)
    return Unpacked("pol", "", "", {"values": str(len(values))}, entries)


def _values(data: bytes) -> Iterator[tuple[str, str, bytes]]:
    at = len(_HEAD)
    for _ in range(_MAX_VALUES):
        if at == len(data):
            return
        key, at = _taken(data, _expected(data, at, _OPEN))
        value, at = _taken(data, _expected(data, at, _NEXT))
        at = _expected(data, at, _NEXT) + 4  # past the type
        at = _expected(data, at, _NEXT)
        if at + 4 > len(data):
            raise Malformed("is cut off")
        (size,) = struct.unpack_from("<I", data, at)
        at = _expected(data, at + 4, _NEXT)
        if size > len(data) - at:
            raise Malformed("is cut off")
        yield key.replace("\\", "/"), value, data[at : at + size]
        at = _expected(data, at + size, _CLOSE)
    raise Malformed(f"has more than {_MAX_VALUES} values")


def _expected(data: bytes, at: int, sign: bytes) -> int:
    """Return where what follows a sign begins."""
    if data[at : at + len(sign)] != sign:
        raise Malformed(f"has no '{sign.decode('utf-16-le')}' at byte {at}")
    return at + len(sign)


def _taken(data: bytes, at: int) -> tuple[str, int]:
    """Return a text that ends in a zero, and where what follows it begins."""
    end = data.find(_END, at)
    while end >= 0 and (end - at) % 2:  # the halves of two units
        end = data.find(_END, end + 1)
    if end < 0:
        raise Malformed("is cut off")
    try:
        return data[at:end].decode("utf-16-le"), end + 2
    except UnicodeDecodeError:
        raise Malformed("holds what is no UTF-16") from None
