"""Private keys, recognised in every form they come in, so that none gets further than the first look.

Nothing here returns, keeps or shows what it read: the answer is the name of the form, or nothing. What is
looked for stands in key_structures, key_texts and openpgp; here is in which wrappings: base64, hexadecimal,
UTF-16, escapes of other languages, gzip, bzip2, xz and zip, each in another.
"""

from __future__ import annotations

import binascii
import contextlib
import re
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from builder.errors import PrivateKeyError
from builder.x509 import key_structures, key_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PACKED = "more than can be looked through for a private key"
_MAX_DEPTH = 4
_MAX_UNPACKED = 16 * 1024 * 1024
_MAX_RUNS = 2000
_MAX_MEMBERS = 2000
_MAX_STREAMS = 16
_MAX_MEMORY = 128 * 1024 * 1024
# What other languages write for the end of a line, for signs of base64, and between the lines of a text.
_ESCAPES = (
    (b"\\", re.compile(rb"\\+(?:[nrt]|x0[aAdD]|u000[aAdD]|01[25])"), b"\r"),
    (b"\\u", re.compile(rb"\\u002[bB]"), b"+"),
    (b"\\u", re.compile(rb"\\u002[fF]"), b"/"),
    (b"&", re.compile(rb"&(?:#0*1[03]|#[xX]0*[aAdD]|NewLine|nbsp|#32);?"), b"\r"),
    (b"&", re.compile(rb"&(?:#43|#[xX]2[bB]|plus);"), b"+"),
    (b"&", re.compile(rb"&(?:#47|#[xX]2[fF]|sol);"), b"/"),
    (b"%", re.compile(rb"%0[aAdD]|%20"), b"\r"),
    (b"%", re.compile(rb"%2[bB]"), b"+"),
    (b"%", re.compile(rb"%2[fF]"), b"/"),
    (b"<", re.compile(rb"<[bB][rR]\s*/?>"), b"\r"),
)
_JOINTS = (
    (b'"', re.compile(rb'"[ \t]*[+.&,]?[ \t]*\\?\r?\n?[ \t]*[+.&]?[ \t]*"')),
    (b"'", re.compile(rb"'[ \t]*[+.&,]?[ \t]*\\?\r?\n?[ \t]*[+.&]?[ \t]*'")),
    (b"\n", re.compile(rb"\n[ \t]*(?://+|REM\b|rem\b|dnl\b|\d{1,5}[.:)|])[ \t]*")),
)
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_NOT_HEX = bytes(set(range(256)) - set(b"0123456789abcdefABCDEF"))
_DUMPED = re.compile(rb"^[0-9a-fA-F]{4,16}:?[ \t]+((?:[0-9a-fA-F]{2,8}[ \t]{1,2}){1,16}).*$", re.MULTILINE)
_ESCAPED = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|([abefnrtv0\\'\"]))")
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
_DECIMALS = re.compile(rb"(?:-?\d{1,3}\s{0,4},\s{0,40}){31,}+-?\d{1,3}")
_MIN_NUMBERS = 31
_DECIMAL = re.compile(rb"-?\d+")
# By chance there is no such run in 10^10 octets.
_MIN_RUN = 48
_PRINTABLE, _WIDE = re.compile(rb"[\t\n\r -~]+"), re.compile(rb"(?:\0[\t\n\r -~])+")
_CLASSES = bytes(
    97 if (chr(i).isprintable() and chr(i).isascii()) or i in b"\t\n\r" else i and 1 for i in range(256)
)
_GZIP, _BZIP2, _XZ, _ZIP = b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0", b"PK\x03\x04"


class _Bounds(msgspec.Struct, frozen=True):
    """How many wrappings more are looked into, and the octets that all archives together have held so far."""

    depth: int
    unpacked: list[int]

    def inner(self) -> _Bounds:
        """Return the bounds of what is wrapped in this: a bomb inside of a bomb is one bomb."""
        return _Bounds(self.depth - 1, self.unpacked)


class KeyFoundError(Exception):
    """What is being read holds a private key: nothing more is said, so that nothing of it is shown."""


def find(data: bytes) -> tuple[str, int]:
    """Return what kind of private key `data` holds, or an empty string, and its line (0 in no text)."""
    return _find(data, _Bounds(_MAX_DEPTH, []))


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
    plain = _unescaped(text)
    for view in (text, plain) if plain is not text else (text,):
        kind, at = key_texts.find(view)
        if kind:
            return kind, _line(view, at)
    kind, line = _in_base64(plain, within)
    if not kind:
        kind, line = _in_hexadecimal(text, within) if within.depth else ("", 0)
    if not kind:
        kind, line = _in_literals(text, within)
    return (kind, line) if kind else _in_archives(data, within)


def _line(text: bytes, at: int) -> int:
    return text.count(b"\n", 0, at) + 1


def _unescaped(text: bytes) -> bytes:
    """Return `text` without what other languages put between a key's lines, each newline in its place."""
    for sign, pattern, plain in _ESCAPES:
        if sign in text:
            text = pattern.sub(plain, text)
    for sign, pattern in _JOINTS:
        if sign in text:
            text = pattern.sub(lambda found: b"\n" * found[0].count(b"\n") or b"\r", text)
    return text


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
    text = text.replace(b"0x", b"").replace(b"0X", b"").replace(b"\\x", b"")
    columns = b"".join(match[1] for match in islice(_DUMPED.finditer(text), _MAX_RUNS))
    for view in (text, columns):
        packed = view.translate(None, _NOT_HEX)
        for skipped in range(2):
            whole = len(packed) - (len(packed) - skipped) % 2
            kind, at = _in_decoded(binascii.unhexlify(packed[skipped:whole]), within)
            if kind:
                return kind, _line_of(view, _NOT_HEX, skipped + at * 2) if view is text else 1
    return "", 0


def _in_literals(text: bytes, within: _Bounds) -> tuple[str, int]:
    """Look through octets as programs write them: strings with escapes, lists of decimal numbers."""
    if b"\\x" in text or b"\\0" in text or b"\\2" in text:
        kind, _ = _in_decoded(_ESCAPED.sub(_octet, text), _Bounds(min(within.depth, 1), within.unpacked))
        if kind:
            return kind, 1
    for run in islice(_DECIMALS.finditer(text), _MAX_RUNS) if text.count(b",") >= _MIN_NUMBERS else ():
        numbers = (int(digits) for digits in _DECIMAL.findall(run[0]))
        kind, _ = _in_decoded(bytes(number & 0xFF for number in numbers), within)
        if kind:
            return kind, _line(text, run.start())
    return "", 0


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
    for start, run in islice(_runs(data), _MAX_RUNS):
        kind, _ = _find(run, within.inner())
        if kind:
            return kind, start
    return _in_archives(data, within)[0], 0


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
    """Look through what gzip, bzip2, xz and zip hold; what does not end in time counts as a key."""
    if not within.depth:
        return "", 0
    for unpacked in (*_streams(data), *_members(data)):
        within.unpacked.append(len(unpacked))
        kind = _PACKED if sum(within.unpacked) > _MAX_UNPACKED else _find(unpacked, within.inner())[0]
        if kind:
            return kind, 1
    return "", 0


def _streams(data: bytes) -> Iterator[bytes]:
    """Yield what each compressed stream in `data` holds, at most one octet more than is looked through."""
    if _GZIP in data:
        import zlib

        for at in _places(data, _GZIP):
            yield _unpacked(zlib.decompressobj(31).decompress, data[at:], zlib.error)
    if _BZIP2 in data:
        import bz2

        for at in _places(data, _BZIP2):
            yield _unpacked(bz2.BZ2Decompressor().decompress, data[at:], OSError)
    if _XZ in data:
        import lzma

        for at in _places(data, _XZ):
            yield _unpacked(lzma.LZMADecompressor(memlimit=_MAX_MEMORY).decompress, data[at:], lzma.LZMAError)


def _places(data: bytes, magic: bytes) -> Iterator[int]:
    return (match.start() for match in islice(re.finditer(re.escape(magic), data), _MAX_STREAMS))


def _unpacked(unpack: Callable[[bytes, int], bytes], data: bytes, error: type[Exception]) -> bytes:
    try:
        return unpack(data, _MAX_UNPACKED + 1)
    except (error, EOFError):
        return b""


def _members(data: bytes) -> Iterator[bytes]:
    """Yield what each member of a zip holds, at most one octet more than may be looked through."""
    if _ZIP not in data:
        return
    import io
    import zipfile
    import zlib

    faults = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, zlib.error)
    with contextlib.suppress(*faults), zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist()[:_MAX_MEMBERS]:
            with contextlib.suppress(*faults):
                yield archive.open(member).read(_MAX_UNPACKED + 1)
