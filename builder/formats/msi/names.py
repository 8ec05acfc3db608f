"""Names of a Windows Installer database's streams: two of its 64 letters in one character from U+3800 on.

So a name of 62 letters has room in a compound file. U+4840 before it tells a table's stream.
"""

from __future__ import annotations

_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
_TWO, _ONE, _TABLE = 0x3800, 0x4800, "\u4840"


def encoded(name: str, *, table: bool = True) -> str:
    """Return what the stream of a table, or another one, is called."""
    found, at = _TABLE if table else "", 0
    while at < len(name):
        one = _LETTERS.find(name[at])
        two = _LETTERS.find(name[at + 1]) if at + 1 < len(name) else -1
        if one >= 0 and two >= 0:
            found += chr(_TWO + one + (two << 6))
            at += 2
            continue
        found += chr(_ONE + one) if one >= 0 else name[at]
        at += 1
    return found


def decoded(stream: str) -> tuple[str, bool]:
    """Return the name that a stream has, and whether it is a table's."""
    table = stream.startswith(_TABLE)
    return "".join(map(_letters, stream.removeprefix(_TABLE))), table


def _letters(sign: str) -> str:
    code = ord(sign)
    if _TWO <= code < _ONE:
        return _LETTERS[(code - _TWO) & 63] + _LETTERS[(code - _TWO) >> 6]
    return _LETTERS[code - _ONE] if _ONE <= code < _ONE + len(_LETTERS) else sign
