"""Where an error says that something is wrong: "<where>: <what is wrong>", as each of ours is written."""

from __future__ import annotations

import re

# A host's port is no line.
_MESSAGE = re.compile(
    r"(?P<where>https?://[^/\s]*:[0-9]+|.+?)(?::(?P<line>[0-9]+))?: (?P<what>.+)", re.DOTALL
)


def located(text: str) -> tuple[str, int, str]:
    """Return which file or option an error is about, the line there (0 for none), and what is wrong."""
    found = _MESSAGE.fullmatch(text)
    where, line, what = found.group("where", "line", "what") if found else ("", None, text)
    return where, int(line or 0), what
