"""OpenPGP's packets (RFC 9580 section 4) and what their fields are made of."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 0xFFFF


class Unsupported(Exception):  # noqa: N818  never leaves this room, which names the file or the program
    """What is wrong with packets, before it is known where they come from."""


class Packet(NamedTuple):
    """One packet: its number, its content, and all of it."""

    kind: int
    body: bytes
    whole: bytes


def read(data: bytes) -> Iterator[Packet]:
    """Yield each packet; raise Unsupported where one is cut off or of unknown length."""
    at = 0
    while at < len(data):
        kind, start, end = _bounds(data, at)
        if end > len(data):
            raise Unsupported("is cut off")
        yield Packet(kind, data[start:end], data[at:end])
        at = end


def _bounds(data: bytes, at: int) -> tuple[int, int, int]:
    """Return a packet's number, where its content begins, and where that ends."""
    first = data[at]
    octets = data[at + 1 : at + 6]
    if not first & 0x80:
        raise Unsupported("holds what is no OpenPGP packet")
    if first & 0x40:
        size, content = length(octets)
        return first & 0x3F, at + 1 + size, at + 1 + size + content
    size = (1, 2, 4, 0)[first & 3]
    if not size:
        raise Unsupported("has a packet of unknown length")
    return first >> 2 & 0xF, at + 1 + size, at + 1 + size + int.from_bytes(octets[:size].ljust(size, b"\xff"))


def length(data: bytes) -> tuple[int, int]:
    """Return how many octets a length of the new form has at the start of `data`, and the length."""
    octets = data[:5].ljust(5, b"\xff")
    first = octets[0]
    if first < 0xC0:  # noqa: PLR2004  the form's own bounds
        return 1, first
    if first < 0xE0:  # noqa: PLR2004
        return 2, (first - 0xC0 << 8) + octets[1] + 0xC0
    if first < 0xFF:  # noqa: PLR2004
        raise Unsupported("has a packet in parts")
    return 5, int.from_bytes(octets[1:5])


def packet(kind: int, body: bytes) -> bytes:
    """Return a packet in the old form with two octets of length, which is read everywhere."""
    if len(body) > _LONGEST:
        raise Unsupported("is too long for a packet")
    return bytes([0x80 | kind << 2 | 1]) + struct.pack(">H", len(body)) + body


def subpacket(kind: int, body: bytes) -> bytes:
    """Return a signature's subpacket of less than 192 octets."""
    return bytes([len(body) + 1, kind]) + body


def number(value: int) -> bytes:
    """Return a number as keys and signatures have it."""
    return struct.pack(">H", value.bit_length()) + value.to_bytes((value.bit_length() + 7) // 8)


def read_number(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at `at` and the offset behind it; raise Unsupported where it is cut off."""
    start = at + 2
    end = start + (int.from_bytes(data[at:start]) + 7) // 8
    if len(data) < start or len(data) < end:
        raise Unsupported("is cut off")
    return int.from_bytes(data[start:end]), end
