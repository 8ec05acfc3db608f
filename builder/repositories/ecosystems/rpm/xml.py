"""Texts as XML 1.0 holds them; what it cannot hold is left out."""

from __future__ import annotations

import re

_UNREADABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# Without these, a reader would take an attribute's white space for blanks.
_IN_QUOTES = str.maketrans({'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def element(name: str, value: str, attributes: str = "") -> str:
    """Return an element that holds one text; `attributes` begin with a blank."""
    return f"<{name}{attributes}>{_escaped(value)}</{name}>"


def attributes(**values: str | int) -> str:
    """Return attributes in this order, each with a blank in front."""
    return "".join(f' {name}="{_quoted(str(value))}"' for name, value in values.items())


def _escaped(value: str) -> str:
    return _UNREADABLE.sub("", value).translate(_IN_TEXT)


def _quoted(value: str) -> str:
    return _escaped(value).translate(_IN_QUOTES)
