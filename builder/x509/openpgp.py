"""OpenPGP's secret-key packets (RFC 4880 and RFC 9580 section 5.5.3), told from all else by their fields.

Public-key packets begin alike, so that what follows the public numbers decides, and the packet behind it.
"""

from __future__ import annotations

import contextlib
import re

# What a packet begins with: version, time of making (from 1995 on), algorithm; its header stands before it.
_BODY = re.compile(rb"[\x04-\x06][\x2f-\xef].{3}(?:[\x01-\x03\x10-\x13\x16]|\0\0..)", re.DOTALL)
_SECRET = frozenset({5, 7})
# What follows a secret key: signature, subkey, trust, user's name, public subkey, user's attribute.
_FOLLOWING = frozenset({2, 7, 12, 13, 14, 17})
_ON_CURVES, _ECDH = frozenset({18, 19, 22}), 18
# RFC 9580's own algorithms have numbers of a fixed size: X25519, X448, Ed25519, Ed448.
_FIXED = {25: 32, 26: 56, 27: 32, 28: 57}
# How many numbers are public: of RSA, ElGamal, DSA.
_NUMBERS = {1: 2, 2: 2, 3: 2, 16: 3, 20: 3, 17: 4}
_CURVES = tuple(
    bytes.fromhex(text)
    for text in (
        "082a8648ce3d030107", "052b81040022", "052b81040023", "052b8104000a", "092b06010401da470f01",
        "0a2b060104019755010501", "092b2403030208010107", "092b240303020801010b", "092b240303020801010d",
        "032b656f", "032b6571",
    )
)  # fmt: skip
_MIN_BITS = 512
_MAX_SECRETS = 4  # numbers of an RSA key; others have one
_PLAIN, _AEAD, _ENCRYPTED = 0, 253, frozenset({253, 254, 255})
_CIPHERS, _DIGESTS = (
    frozenset({1, 2, 3, 4, 7, 8, 9, 10, 11, 12, 13}),
    frozenset({1, 2, 3, 8, 9, 10, 11, 12, 14}),
)
_ARGON2 = 4
_HASHED = frozenset({0, 1, 3, 101})  # ways to derive a key that name their digest
_LENGTH_BEHIND_ALGORITHM = 5  # the first version whose public part tells its size


def secret_key(data: bytes) -> int:
    """Return where the first secret-key packet in `data` begins, -1 where there is none."""
    for match in _BODY.finditer(data):
        body = match.start()
        for size in (2, 3, 5, 6):
            start = body - size
            if start < 0 or _tag(data[start]) not in _SECRET or _body(data, start) != body:
                continue
            with contextlib.suppress(IndexError):  # the data ends first
                if _is_key(data, start):
                    return start
    return -1


def _tag(first: int) -> int:
    """Return the kind of packet that an octet begins, -1 where it begins none."""
    if first < 0x80:  # noqa: PLR2004  the first bit is always set
        return -1
    return first & 0x3F if first & 0x40 else first >> 2 & 0x0F


def _body(data: bytes, at: int) -> int:
    """Return where the body of the packet at `at` begins (RFC 9580 section 4.2)."""
    first, length = data[at], data[at + 1]
    if not first & 0x40:
        return at + 1 + (1, 2, 4, 0)[first & 3]
    return at + (2 if length < 0xC0 else 3 if length < 0xE0 else 6)  # noqa: PLR2004


def _end(data: bytes, at: int) -> int:
    body = _body(data, at)
    octets = data[at + 1 : body]
    if data[at] & 0x40:
        if len(octets) == 2:  # noqa: PLR2004  a length of two octets starts at 192
            return body + (octets[0] - 0xC0 << 8) + octets[1] + 0xC0
        octets = octets[-4:]
    return body + int.from_bytes(octets)


def _is_key(data: bytes, start: int) -> bool:
    """Tell whether numbers and a secret fill the packet at `start`, and none or a fitting one follows."""
    body, end = _body(data, start), _end(data, start)
    if end > len(data) or (end < len(data) and _tag(data[end]) not in _FOLLOWING):
        return False
    version, algorithm, at = data[body], data[body + 5], body + 6
    if version >= _LENGTH_BEHIND_ALGORITHM:
        at += 4
    at = _behind_public(data, at, end, algorithm)
    if not body < at < end:
        return False
    if data[at] == _PLAIN:
        return _is_plain(data, at + 1, end, algorithm)
    return data[at] in _ENCRYPTED and _is_encrypted(data[at + 1 : end], version, aead=data[at] == _AEAD)


def _behind_public(data: bytes, at: int, end: int, algorithm: int) -> int:
    """Return where the public numbers end, 0 where they are none."""
    if algorithm in _FIXED:
        return at + _FIXED[algorithm]
    if algorithm in _ON_CURVES:
        if not data.startswith(_CURVES, at):
            return 0
        at = _number(data, at + 1 + data[at], end)
        return at + 1 + data[at] if at and at < end and algorithm == _ECDH else at
    for index in range(_NUMBERS.get(algorithm, 0)):
        before, at = at, _number(data, at, end)
        if not at or (index == 0 and int.from_bytes(data[before : before + 2]) < _MIN_BITS):
            return 0
    return at


def _number(data: bytes, at: int, end: int) -> int:
    """Return where the number at `at` ends: its count of bits must be that of its first octet; else 0."""
    bits = int.from_bytes(data[at : at + 2])
    stop = at + 2 + (bits + 7) // 8
    if not bits or stop > end:
        return 0
    return stop if data[at + 2].bit_length() == (bits - 1) % 8 + 1 else 0


def _is_plain(data: bytes, at: int, end: int, algorithm: int) -> bool:
    """Tell whether secret numbers and, but in version 6, their checksum fill the rest of a packet."""
    if algorithm in _FIXED:
        return end - at - _FIXED[algorithm] in {0, 2}
    for _ in range(_MAX_SECRETS):
        if at and end - at > 2:  # noqa: PLR2004  octets of a checksum
            at = _number(data, at, end)
    return at != 0 and end - at in {0, 2}


def _is_encrypted(rest: bytes, version: int, *, aead: bool) -> bool:
    """Tell whether cipher, mode and the way to derive a key are known ones (RFC 9580 section 3.7)."""
    fields = rest[1:] if version >= _LENGTH_BEHIND_ALGORITHM else rest
    if fields[0] not in _CIPHERS:
        return False
    fields = fields[2:] if aead else fields[1:]
    fields = fields[1:] if version > _LENGTH_BEHIND_ALGORITHM else fields
    return fields[0] == _ARGON2 or (fields[0] in _HASHED and fields[1] in _DIGESTS)
