"""Private keys, recognised in every form they come in, so that none gets further than the first look.

Nothing here returns, keeps or shows what it read: the answer is the name of the form, or nothing. What is
looked for stands in key_structures, key_texts and openpgp; here is in which wrappings: base64, hexadecimal,
UTF-16, escapes of other languages, gzip, bzip2, xz and zip, each in another.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from builder.errors import PrivateKeyError
from builder.x509 import archives, key_structures, key_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKED = "more than can be looked through for a private key"
_MAX_DEPTH = 4
_MIN_UNPACKED = 24  # octets; less holds no key
_MAX_RUNS = 2000
# What other languages write for the end of a line, for signs of base64, and between the lines of a text.
_ESCAPES = (
    (b"\\", re.compile(rb"\\+(?:[nrt]|x0[aAdD]|u000[aAdD]|01[25])"), b"\r"),
    (b"\\u", re.compile(rb"\\u002[bB]"), b"+"),
    (b"\\u", re.compile(rb"\\u002[fF]"), b"/"),
    (b"&", re.compile(rb"&(?:NewLine|nbsp);"), b"\r"),
    (b"&", re.compile(rb"&plus;"), b"+"),
    (b"&", re.compile(rb"&sol;"), b"/"),
    (b"%", re.compile(rb"%0[aAdD]|%20"), b"\r"),
    (b"%", re.compile(rb"%2[bB]"), b"+"),
    (b"%", re.compile(rb"%2[fF]"), b"/"),
    (b"<", re.compile(rb"<[bB][rR]\s*/?>"), b"\r"),
)
_JOINTS = (
    # Comments first, and without a space only two slashes: other lines of base64 begin with them, too.
    (b"\n", re.compile(rb"\n[ \t]*(?://+(?=[ \t])|//|REM\b|rem\b|dnl\b|\d{1,5}[.:)|])[ \t]*")),
    (b'"', re.compile(rb'"[ \t]*[+.&,]?[ \t]*\\?\r?\n?[ \t]*[+.&]?[ \t]*"')),
    (b"'", re.compile(rb"'[ \t]*[+.&,]?[ \t]*\\?\r?\n?[ \t]*[+.&]?[ \t]*'")),
)
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_NOT_HEX = bytes(set(range(256)) - set(b"0123456789abcdefABCDEF"))
_DUMPED = re.compile(
    rb"^[0-9a-fA-F]{4,16}:?[ \t]+((?:[0-9a-fA-F]{2,8}(?:[ \t]{1,2}|\r?$)){1,16}).*$", re.MULTILINE
)
_ESCAPED = re.compile(rb"\\(?:(?:x|u00)([0-9a-fA-F]{2})|([0-7]{3})|([abefnrtv0\\'\"]))")
# What addresses and mail write, for octets such as the version, which no key's structure lacks: %30, and =30
# with lines that go on. Either sign may stand for itself among the other's.
_SIGNED = (
    (b"%0", re.compile(rb"%([0-9a-fA-F]{2})")),
    (b"=0", re.compile(rb"=(?:([0-9a-fA-F]{2})|\r?\n)")),
)
_ENTITY = re.compile(rb"&#(?:0{0,4}(\d{1,3})|[xX]0{0,4}([0-9a-fA-F]{1,2}));?")
_LETTERS = {
    b"a": b"\a",
    b"b": b"\b",
    b"e": b"\x1b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
    b"0": b"\0",
}
_DECIMALS = re.compile(rb"(?:-?\d{1,3}[\s,;]{1,40}(?:- {1,3})?){31,}+(?:-?\d{1,3})?")
_WORD = re.compile(rb"\b([0-9a-fA-F]{2})([0-9a-fA-F]{2})\b")
# To look for one letter many times is ten times as fast as the pattern.
_DIGITS, _NUMBERS = bytes(97 if i in b"0123456789-,; \t\r\n\v\f" else 0 for i in range(256)), b"a" * 63
_DECIMAL = re.compile(rb"-?\d+")
# By chance there is no such run in 10^10 octets.
_MIN_RUN = 48
_PRINTABLE, _WIDE = re.compile(rb"[\t\n\r -~]+"), re.compile(rb"(?:\0[\t\n\r -~])+")
_CLASSES = bytes(
    97 if (chr(i).isprintable() and chr(i).isascii()) or i in b"\t\n\r" else i and 1 for i in range(256)
)


# Digests of what holds no key: the packages of a release have the same texts, and are looked through in turn.
_WITHOUT: set[bytes] = set()
_REMEMBERED = 10_000


class _Bounds(msgspec.Struct, frozen=True):
    """How many wrappings more are looked into, and, in a list of one, the octets that all archives held."""

    depth: int
    unpacked: list[int]

    def inner(self) -> _Bounds:
        """Return the bounds of what is wrapped in this: a bomb inside of a bomb is one bomb."""
        return _Bounds(self.depth - 1, self.unpacked)


class KeyFoundError(Exception):
    """What is being read holds a private key: nothing more is said, so that nothing of it is shown."""


def find(data: bytes) -> tuple[str, int]:
    """Return what kind of private key `data` holds, or an empty string, and its line (0 in no text)."""
    digest = hashlib.sha256(data).digest()
    if digest in _WITHOUT:
        return "", 0
    kind, line = _find(data, _Bounds(_MAX_DEPTH, [0]))
    if not kind:
        _remember(digest)
    return kind, line


def looked_through(data: bytes) -> None:
    """Take it as known that `data` holds no private key, because another process of ours has looked."""
    _remember(hashlib.sha256(data).digest())


def _remember(digest: bytes) -> None:
    if len(_WITHOUT) >= _REMEMBERED:
        _WITHOUT.clear()
    _WITHOUT.add(digest)


def refuse(data: bytes, where: str, *, hint: str) -> None:
    """Raise PrivateKeyError, which says `where` and in which line, if `data` holds a private key."""
    kind, line = find(data)
    if kind:
        raise PrivateKeyError(
            f"{where}:{line}: holds {kind}" if line else f"{where}: holds {kind}", hint=hint
        )


def refuse_text(text: str, where: str, *, hint: str) -> None:
    """Raise PrivateKeyError as `refuse` does."""
    refuse(text.encode("utf-8", "surrogatepass"), where, hint=hint)


def _find(data: bytes, within: _Bounds) -> tuple[str, int]:
    kind, at = key_structures.find(data)
    if kind:
        return kind, 0
    # UTF-16 puts a NUL beside each letter.
    text = data.replace(b"\0", b"") if b"\0" in data else data
    unescaped = _unescaped(text)
    joined = _joined(unescaped)
    for view in dict.fromkeys((text, joined)):
        kind, at = key_texts.find(view)
        if kind:
            return kind, _line(view, at)
    # A line of base64 may begin with what begins a comment.
    for view in dict.fromkeys((joined, unescaped)):
        kind, line = _in_base64(view, within)
        if kind:
            return kind, line
    kind, line = _in_hexadecimal(text, within) if within.depth else ("", 0)
    if not kind:
        kind, line = _in_literals(text, within)
    return (kind, line) if kind else _in_archives(data, within)


def _line(text: bytes, at: int) -> int:
    return text.count(b"\n", 0, at) + 1


def _unescaped(text: bytes) -> bytes:
    """Return `text` without other languages' escapes of what is in a key's lines, and of their ends."""
    text = _ENTITY.sub(_entity, text) if b"&#" in text else text
    for sign, pattern, plain in _ESCAPES:
        if sign in text:
            text = pattern.sub(plain, text)
    return text


def _joined(text: bytes) -> bytes:
    """Return `text` without what other languages put between lines, each newline in its place."""
    for sign, pattern in _JOINTS:
        if sign in text:
            text = pattern.sub(lambda found: b"\n" * found[0].count(b"\n") or b"\r", text)
    return text


def _entity(found: re.Match[bytes]) -> bytes:
    letter = min(int(found[1]) if found[1] else int(found[2], 16), 0xFF)
    return b"\r" if letter in b"\r\n" else bytes([letter])


def _in_base64(text: bytes, within: _Bounds) -> tuple[str, int]:
    """Look through all letters of base64 as if they were one run: wherever a key begins, one of four fits."""
    # What stands for nothing lets the last letters be decoded, too.
    packed = text.translate(_URL_SAFE, _NOT_BASE64) + b"AAA"
    for skipped in range(4):
        whole = len(packed) - (len(packed) - skipped) % 4
        kind, at = _in_decoded(binascii.a2b_base64(packed[skipped:whole]), within)
        if kind:
            return kind, _line_of(text, _NOT_BASE64, skipped + at * 4 // 3)
    return "", 0


def _in_hexadecimal(text: bytes, within: _Bounds) -> tuple[str, int]:
    for sign in (b"0x", b"0X", b"\\x", b"\\u00"):
        text = text.replace(sign, b"")
    columns = b" ".join(match[1] for match in _DUMPED.finditer(text))
    for view in (text, columns, _WORD.sub(rb"\2\1", columns)):
        packed = view.translate(None, _NOT_HEX)
        if not packed:  # mostly, there are no columns
            continue
        for skipped in range(2):
            whole = len(packed) - (len(packed) - skipped) % 2
            kind, at = _in_decoded(binascii.unhexlify(packed[skipped:whole]), within)
            if kind:
                return kind, _line_of(view, _NOT_HEX, skipped + at * 2) if view is text else 1
    return "", 0


def _in_literals(text: bytes, within: _Bounds) -> tuple[str, int]:
    """Look through octets as programs write them: strings with escapes, lists of decimal numbers."""
    shallow = _Bounds(min(within.depth, 1), within.unpacked)
    if any(sign in text for sign in (b"\\x", b"\\0", b"\\2", b"\\u00")):
        kind, _ = _in_decoded(_ESCAPED.sub(_octet, text), shallow)
        if kind:
            return kind, 1
    for sign, pattern in _SIGNED:
        kind, _ = _in_decoded(pattern.sub(_signed, text), shallow) if sign in text else ("", 0)
        if kind:
            return kind, 1
    runs = _DECIMALS.finditer(text) if _NUMBERS in text.translate(_DIGITS) else iter(())
    for run in islice(runs, _MAX_RUNS):
        kind, _ = _in_decoded(_numbers(run[0]), within)
        if kind:
            return kind, _line(text, run.start())
    return _in_decoded(b"".join(_numbers(run[0]) for run in runs), within)[0], 1


def _numbers(text: bytes) -> bytes:
    return bytes(int(digits) & 0xFF for digits in _DECIMAL.findall(text))


def _signed(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if found[1] else b""


def _octet(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes.fromhex(found[1].decode())
    return bytes([int(found[2], 8) & 0xFF]) if found[2] else _LETTERS.get(found[3], found[3])


def _line_of(text: bytes, deleted: bytes, at: int) -> int:
    """Return the line of the letter that is number `at` of those that are not `deleted`."""
    for number, line in enumerate(text.split(b"\n"), 1):
        at -= len(line.translate(None, deleted))
        if at < 0:
            return number
    return 1


def _in_decoded(data: bytes, within: _Bounds) -> tuple[str, int]:
    """Look through decoded octets for structures, for text, which chance does not make, and for archives."""
    kind, at = key_structures.find(data)
    if kind or not within.depth:
        return kind, at
    runs = _runs(data)
    for start, run in islice(runs, _MAX_RUNS):
        kind, _ = _find(run, within.inner())
        if kind:
            return kind, start
    rest = b"\n".join(run for _, run in runs)
    kind = _find(rest, within.inner())[0] if rest else ""
    return kind or _in_archives(data, within)[0], 0


def _runs(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield where each long run of printable letters begins, and the run: of one octet or of two."""
    # To look for one letter many times is ten times as fast as a pattern.
    classes = data.translate(_CLASSES)
    for sought, pattern, before in ((b"a" * _MIN_RUN, _PRINTABLE, 0), (b"\0a" * (_MIN_RUN // 2), _WIDE, 1)):
        at = classes.find(sought)
        while at >= 0:
            match = pattern.match(data, at)
            end = match.end() if match else at + 1
            # The first letter of UTF-16 stands before its NUL.
            yield at, data[max(0, at - before) : end]
            at = classes.find(sought, end)


def _in_archives(data: bytes, within: _Bounds) -> tuple[str, int]:
    """Look through what zlib, gzip, bzip2, xz and zip hold; what does not end in time counts as a key."""
    if not within.depth:
        return "", 0
    for unpacked in archives.unpacked(data):
        if unpacked is None:
            return _PACKED, 1
        if len(unpacked) < _MIN_UNPACKED:
            continue
        within.unpacked[0] += len(unpacked)
        kind = _PACKED if within.unpacked[0] > archives.MAX_UNPACKED else _find(unpacked, within.inner())[0]
        if kind:
            return kind, 1
    return "", 0
