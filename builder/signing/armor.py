"""OpenPGP's texts (RFC 9580 sections 6 and 7): ASCII armor, and messages that are signed as they read."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PUBLIC, SIGNATURE = "PUBLIC KEY BLOCK", "SIGNATURE"
_WIDTH = 64
_BLOCK = re.compile(
    r"-----BEGIN PGP ([A-Z ,0-9/]+)-----\n(?:[A-Za-z]+: [^\n]*\n)*\n"
    r"((?:[A-Za-z0-9+/=]{1,76}\n)+?)(?:=[A-Za-z0-9+/]{4}\n)?-----END PGP \1-----(?:\n|\Z)"
)
# CRC-24 by octet: the polynomial and the start of RFC 9580 section 6.1
_POLYNOMIAL, _START = 0x1864CFB, 0xB704CE


def _table() -> tuple[int, ...]:
    rows = []
    for octet in range(256):
        rest = octet << 16
        for _ in range(8):
            rest = rest << 1 ^ (_POLYNOMIAL if rest & 0x800000 else 0)
        rows.append(rest & 0xFFFFFF)
    return tuple(rows)


_TABLE = _table()


def armor(label: str, data: bytes) -> str:
    """Return packets as an armored block; RPM and GnuPG of today's systems still look at its checksum."""
    checksum = _START
    for octet in data:
        checksum = (checksum << 8 ^ _TABLE[checksum >> 16 & 0xFF ^ octet]) & 0xFFFFFF
    text = base64.b64encode(data).decode("ascii")
    lines = [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]
    lines.append("=" + base64.b64encode(checksum.to_bytes(3)).decode("ascii"))
    return "\n".join((f"-----BEGIN PGP {label}-----", "", *lines, f"-----END PGP {label}-----", ""))


def blocks(text: str, label: str) -> list[bytes]:
    """Return the packets of every armored block of that label; raise ValueError where one is damaged."""
    found = []
    for match in _BLOCK.finditer(text.replace("\r\n", "\n")):
        if match[1] == label:
            try:
                found.append(binascii.a2b_base64(match[2].replace("\n", ""), strict_mode=True))
            except binascii.Error:
                raise ValueError("an armored block is damaged") from None
    return found


def to_sign(text: str) -> bytes:
    """Return what a signature over the message `text` covers: no blanks at line ends, no last line end."""
    lines = text.removesuffix("\n").split("\n")
    return "\r\n".join(line.rstrip(" \t\r") for line in lines).encode()


def message(text: str, signatures: Iterable[bytes]) -> str:
    """Return `text`, which ends with a line feed, with signatures (packets) over `to_sign` of it."""
    lines = text.removesuffix("\n").split("\n")
    body = "\n".join("- " + line if line.startswith("-") else line for line in lines)
    signed = armor(SIGNATURE, b"".join(signatures))
    return f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{body}\n{signed}"
