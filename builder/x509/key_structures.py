"""Private keys as octets: each structure that holds one, confirmed by its own fields wherever it lies.

A pattern finds what begins like one, fast; then lengths, numbers and algorithms must agree. What is cut off
counts as far as it goes: the first 48 octets are mostly enough.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from builder.x509 import ber, der, key_stores, openpgp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LENGTH = rb"(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)"
_VERSION = re.compile(rb"\x30" + _LENGTH + rb"\x02(?:\x01|\x81\x01|\x82\x00\x01)(?=[\x00\x01])", re.DOTALL)
_HEAD = re.compile(rb"\x30" + _LENGTH + rb"\Z", re.DOTALL)
_HEADS = re.compile(rb"\x30" + _LENGTH + rb"\x30" + _LENGTH + rb"\Z", re.DOTALL)
# Encryption by a password: PKCS #5, PKCS #12, and Java's own for JKS and JCEKS.
_PASSWORD_BASED = (
    (
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x05",
        re.compile(rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05[\x01\x03\x04\x06\x0a\x0b\x0d]"),
    ),
    (
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01",
        re.compile(rb"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01[\x01-\x06]"),
    ),
    (
        b"\x2b\x06\x01\x04\x01\x2a\x02",
        re.compile(rb"\x06[\x0a\x0b]\x2b\x06\x01\x04\x01\x2a\x02[\x11\x13]\x01"),
    ),
)
_KEY_BAG = re.compile(rb"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01[\x01\x02\x05]\xa0")
_IN_PIECES = re.compile(rb"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07[\x01-\x06]\xa0")
_JAVA = re.compile(rb"(?:\xfe\xed\xfe\xed|\xce\xce\xce\xce)\0\0\0[\x01\x02]")
_BOUNCY_CASTLE = re.compile(rb"\0\0\0[\x01\x02]\0\0\0\x14.{20}\0[\0-\x0f]..(?=[\x01-\x04]\0)", re.DOTALL)
# Formats with a mark of their own, and what else each has at its beginning.
_MARKED = (
    (
        b"openssh-key-v1\0",
        rb"openssh-key-v1\0\0\0\0[\x04-\x28][ -~]{4,40}\0\0\0[\x04-\x14][a-z0-9-]{4}",
        "an OpenSSH private key",
    ),
    (
        b"SSH PRIVATE KEY F",
        rb"(?s)SSH PRIVATE KEY FILE FORMAT 1\.1\n\0.\0\0\0\0",
        "an SSH 1 key",
    ),
    (
        b"\x3f\x6f\xf9\xeb",
        rb"(?s)\x3f\x6f\xf9\xeb\0.{3}\0\0\0.(?:dl|if|ec)-mod",
        "an SSH2 private key",
    ),
    (
        b"\x1e\xf1\xb5\xb0",
        rb"\x1e\xf1\xb5\xb0\0{4}[\x01\x02]\0{3}[\0\x01]\0{3}",
        "a Windows private key (PVK)",
    ),
    (b"\x07\x02\0\0\0", rb"\x07\x02\0{3}[\xa4\x24]\0\0(?:RSA2|DSS[24])", "a Windows private key"),
    (
        b":private-key(",
        rb"\(\d\d:(?:protected-)?private-key\(\d:[a-z0-9]{3,7}\(\d{1,2}:[a-z]{1,9}\d{1,4}:",
        "a private key of GnuPG's agent",
    ),
)
_MAX_CANDIDATES = 20_000
# How many times the data is read for octets in pieces: contents in contents are read once in each.
_MAX_TIMES = 8
_TOO_MANY = "more beginnings of private keys than can be looked at"
_MAX_PARTS = 10
_RSA_NUMBERS, _DSA_NUMBERS = 9, 6
_MIN_MODULUS = 32
# How many times as long as its first number a key is: RSA's eight numbers, DSA's five.
_MIN_RATIO, _MAX_RATIO = 3, 8
# Octets of a curve's numbers, and of the element that names a curve, or none does.
_SCALARS = frozenset({14, 16, 20, 21, 24, 28, 29, 30, 32, 36, 40, 48, 52, 56, 64, 66, 72})
_CURVES = frozenset({0, 9, 12, 13, 15})
_FIELDS_OF_EC = frozenset({0xA0, 0xA1})
_FIELDS_OF_PKCS8 = frozenset({0xA0, 0xA1, 0x81})
_INDEFINITE = 0x80
_MAX_OID = 0x40
_MIN_ENCRYPTED = 18
_MIN_COUNTED = 24  # of so many random octets, a quarter are NUL once in 10^10


def find(data: bytes) -> tuple[str, int]:
    """Return what kind of private key `data` holds, or an empty string, and where it begins."""
    for look in (_marked, _plain, _encrypted, _bags, _java, _bouncy_castle, _openpgp):
        kind, at = look(data)
        if kind:
            return kind, at
    return _in_pieces(data)


def _marked(data: bytes) -> tuple[str, int]:
    for mark, pattern, kind in _MARKED:
        match = re.search(pattern, data) if mark in data else None
        if match:
            return kind, match.start()
    return "", 0


def _first(
    data: bytes, pattern: re.Pattern[bytes], kind_of: Callable[[re.Match[bytes]], str]
) -> tuple[str, int]:
    for count, match in enumerate(pattern.finditer(data)):
        try:
            kind = kind_of(match) if count < _MAX_CANDIDATES else _TOO_MANY
        except IndexError:  # the data ends first
            continue
        if kind:
            return kind, match.start()
    return "", 0


def _plain(data: bytes) -> tuple[str, int]:
    return _first(data, _VERSION, lambda match: _versioned(data, match.start()))


def _versioned(data: bytes, at: int) -> str:
    """Return what kind of key the structure at `at` is, which has the version 0 or 1."""
    if data[at + 1] == _INDEFINITE:
        try:
            data, at = ber.first(data, at)[0], 0
        except der.DerError:
            return ""
    _, start, stop = _cut(data, at)
    parts = list(islice(_parts(data, start, stop), _MAX_PARTS))
    tags = bytes(tag for tag, *_ in parts)
    if tags.startswith((b"\x02\x30\x04", b"\x02\x30\x24")):
        return "a PKCS #8 private key" if _is_pkcs8(data, parts, stop) else ""
    if tags.startswith(b"\x02\x04"):
        return "an EC private key" if _is_ec(data, parts, stop) else ""
    return _of_numbers(data, parts, stop) if tags.startswith(b"\x02\x02") else ""


def _cut(data: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, start and end of the element at `at`, which may be longer than the data."""
    length, start = data[at + 1], at + 2
    if length > 0x80:  # noqa: PLR2004  the long form
        start += length - 0x80
        length = int.from_bytes(data[at + 2 : start])
    return data[at], start, start + length


def _parts(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield tag, start and end of each part, the last of which may be cut off."""
    while at < end and at + 2 <= len(data):
        tag, start, stop = _cut(data, at)
        if start > len(data) or stop > end:
            return
        yield tag, start, stop
        at = stop


def _fills(data: bytes, parts: list[tuple[int, int, int]], end: int) -> bool:
    return parts[-1][2] == end or end > len(data)


def _is_pkcs8(data: bytes, parts: list[tuple[int, int, int]], end: int) -> bool:
    """Tell whether algorithm and key fill their structure, attributes and a public key aside."""
    _, start, stop = parts[1]
    if data[start] != der.OID or not 0 < data[start + 1] < _MAX_OID:
        return False
    after = start + 2 + data[start + 1]
    is_algorithm = after == stop or (after < stop and _cut(data, after)[2] == stop)
    is_rest = all(tag in _FIELDS_OF_PKCS8 for tag, *_ in parts[3:])
    _, inner, last = parts[2]
    is_secret = last > inner and not _is_code(data[inner + 2 : last])
    return is_algorithm and is_secret and is_rest and _fills(data, parts, end)


def _is_text(secret: bytes) -> bool:
    """Tell whether octets are letters: code behind a constant that is the beginning of a key."""
    return bool(secret) and all(octet in b"\t\n\r" or 32 <= octet < 127 for octet in secret)  # noqa: PLR2004


def _is_code(secret: bytes) -> bool:
    """Tell whether octets are letters, or more NULs than chance makes: what a compiled constant stands in."""
    return _is_text(secret) or (len(secret) >= _MIN_COUNTED and secret.count(0) * 4 >= len(secret))


def _is_ec(data: bytes, parts: list[tuple[int, int, int]], end: int) -> bool:
    """Tell whether a number of a curve's size follows version 1, then curve and public key, or neither."""
    _, start, stop = parts[1]
    size = stop - start
    if data[parts[0][1]] != 1 or size not in _SCALARS or _is_text(data[start:stop]):
        return False
    whole = all(tag in _FIELDS_OF_EC for tag, *_ in parts[2:]) and _fills(data, parts, end)
    # What stands behind a first line may be something else: then the lengths must be those of a key.
    point = _sized(_sized(2 * size + 2))
    return whole or end - stop in {curve + more for curve in _CURVES for more in (0, point)}


def _sized(content: int) -> int:
    """Return the octets of an element whose content has so many."""
    return content + (2 if content < 0x80 else 3 if content < 0x100 else 4)  # noqa: PLR2004


def _of_numbers(data: bytes, parts: list[tuple[int, int, int]], end: int) -> str:
    _, start, stop = parts[1]
    size = stop - start
    first, second = data[start : start + 1], data[start + 1 : start + 2]
    if size < _MIN_MODULUS or first > b"\x7f" or (first == b"\0" and second < b"\x80"):
        return ""
    numbers = sum(tag == der.INTEGER for tag, *_ in parts)
    if numbers >= _RSA_NUMBERS:
        return "an RSA private key"
    if numbers == len(parts) == _DSA_NUMBERS and parts[-1][2] == end:
        return "a DSA private key"
    return "a part of a private key" if _MIN_RATIO * size <= end - start <= _MAX_RATIO * size else ""


def _encrypted(data: bytes) -> tuple[str, int]:
    for prefix, pattern in _PASSWORD_BASED:
        kind, at = _first(data, pattern, lambda m: _sealed(data, m.start())) if prefix in data else ("", 0)
        if kind:
            return kind, at
    return "", 0


def _sealed(data: bytes, at: int) -> str:
    """Tell whether the algorithm at `at` is the first of two parts, as in nothing but a key."""
    head = _HEADS.search(data, max(0, at - 12), at)
    if not head:
        return ""
    start = head.start()
    if data[start + 1] == _INDEFINITE or data[at - 1] == _INDEFINITE:
        try:
            data, start = ber.first(data, start)[0], 0
        except der.DerError:
            return ""
    _, inner, end = _cut(data, start)
    _, at, stop = _cut(data, inner)
    has_parameters = data[at + 2 + data[at + 1]] in {der.SEQUENCE, der.NULL}
    if not has_parameters or end - stop < _MIN_ENCRYPTED:
        return ""
    # Bouncy Castle's BCFKS puts the same around all of its entries, and the proof of its integrity behind it.
    is_bcfks = data.startswith(b"\x30", end) and bool(_HEAD.search(data, max(0, start - 6), start))
    return "a BCFKS key store, which may have a key" if is_bcfks else "an encrypted PKCS #8 private key"


def _bags(data: bytes) -> tuple[str, int]:
    def kind(match: re.Match[bytes]) -> str:
        at = match.start()
        is_bag = _HEAD.search(data, max(0, at - 6), at)
        return "a PKCS #12 store with a private or secret key" if is_bag else ""

    return _first(data, _KEY_BAG, kind)


def _in_pieces(data: bytes) -> tuple[str, int]:
    """Look through PKCS #7 and PKCS #12 contents whose octets come in pieces, each put together."""
    budget = _MAX_TIMES * len(data)
    for match in _IN_PIECES.finditer(data):
        head = _HEAD.search(data, max(0, match.start() - 6), match.start())
        if not head:
            continue
        if budget < 0:
            return _TOO_MANY, head.start()
        try:
            whole, after = ber.first(data, head.start())
        except der.DerError:
            budget -= len(data) // _MAX_TIMES
            continue
        budget -= after - head.start()
        if whole != data[head.start() : after]:
            kind, _ = find(whole)
            if kind:
                return kind, head.start()
    return "", 0


def _java(data: bytes) -> tuple[str, int]:
    return _first(data, _JAVA, lambda match: key_stores.in_java(data, match.end()))


def _bouncy_castle(data: bytes) -> tuple[str, int]:
    if b"\0\0\0\x14" not in data:
        return "", 0
    return _first(data, _BOUNCY_CASTLE, lambda match: key_stores.in_bouncy_castle(data, match.end()))


def _openpgp(data: bytes) -> tuple[str, int]:
    at = openpgp.secret_key(data)
    return ("an OpenPGP private key", at) if at >= 0 else ("", 0)
