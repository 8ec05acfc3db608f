"""The summary of a Windows Installer database: a property set ([MS-OLEPS]) in a stream of its own."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from builder.formats.unpacked import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

STREAM = "\5SummaryInformation"
CODEPAGE, TITLE, SUBJECT, AUTHOR, KEYWORDS, COMMENTS, TEMPLATE = 1, 2, 3, 4, 5, 6, 7
REVISION, CREATED, SAVED, PAGES, WORDS, APPLICATION, SECURITY = 9, 12, 13, 14, 15, 18, 19
_TIMES = (CREATED, SAVED)
_SHORT, _LONG, _TEXT, _TIME = 2, 3, 30, 64  # VT_I2, VT_I4, VT_LPSTR, VT_FILETIME
_FORMAT = bytes.fromhex("e0859ff2f94f6810ab9108002b27b3d9")  # FMTID_SummaryInformation
_HEAD = struct.Struct("<HHI16sI16sI")
_SYSTEM = 0x00020006  # Windows, and a version that nobody asks for
_EPOCH = 11_644_473_600  # seconds from 1601 to 1970
_MAX_PROPERTIES = 100


def write(properties: Mapping[int, str | int], encoding: str) -> bytes:
    """Return the stream of properties by their ids; those that are times are seconds since 1970."""
    values = {key: _value(key, value, encoding) for key, value in sorted(properties.items())}
    at = 8 + 8 * len(values)
    places, body = b"", b""
    for key, data in values.items():
        places += struct.pack("<II", key, at + len(body))
        body += data
    head = _HEAD.pack(0xFFFE, 0, _SYSTEM, bytes(16), 1, _FORMAT, _HEAD.size)
    return head + struct.pack("<II", at + len(body), len(values)) + places + body


def _value(key: int, value: str | int, encoding: str) -> bytes:
    if isinstance(value, str):
        text = value.encode(encoding) + b"\0"
        return struct.pack("<II", _TEXT, len(text)) + text + bytes(-len(text) % 4)
    if key in _TIMES:
        return struct.pack("<IQ", _TIME, (value + _EPOCH) * 10_000_000)
    # A code page is a number of 16 bits, of which the first is no sign.
    return struct.pack("<IHxx", _SHORT, value) if key == CODEPAGE else struct.pack("<II", _LONG, value)


def read(data: bytes) -> Mapping[int, str | int]:
    """Return the texts and numbers of the first property set; raise Malformed where it is damaged."""
    try:
        start = _HEAD.unpack_from(data)[6]
        _, count = struct.unpack_from("<II", data, start)
        if count > _MAX_PROPERTIES:
            raise Malformed("has a summary of too many properties")
        places = [struct.unpack_from("<II", data, start + 8 + 8 * number) for number in range(count)]
        return {key: value for key, at in places if (value := _read(data, start + at)) is not None}
    except struct.error:
        raise Malformed("has a damaged summary") from None


def _read(data: bytes, at: int) -> str | int | None:
    (kind,) = struct.unpack_from("<I", data, at)
    if kind == _TEXT:
        (size,) = struct.unpack_from("<I", data, at + 4)
        raw = data[at + 8 : at + 8 + size].split(b"\0", 1)[0]
        return raw.decode("utf-8", "backslashreplace")
    if kind == _TIME:
        return int(struct.unpack_from("<Q", data, at + 4)[0]) // 10_000_000 - _EPOCH
    if kind in (_SHORT, _LONG):
        return int(struct.unpack_from("<H" if kind == _SHORT else "<i", data, at + 4)[0])
    return None
