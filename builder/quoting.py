"""The filters through which every value enters a template: each knows one language's quoting.

A filter returns Quoted; the environment refuses to print a plain string, so none can be forgotten.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from builder.errors import ConfigError

# C0, DEL, C1, the line and paragraph separators, and the bidirectional controls that can reorder text.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_TOKEN = re.compile(r"[A-Za-z0-9._+@/:=,~#-]+")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Quoted(str):
    """Text that a filter has made safe for the language it is printed in."""

    __slots__ = ()


def visible(text: str) -> str:
    """Return `text` with control and bidirectional characters written as escapes."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _json(value: Any) -> Quoted:
    return Quoted(json.dumps(value, ensure_ascii=True))


def _ruby(value: str) -> Quoted:
    return Quoted("'" + visible(value).replace("\\", "\\\\").replace("'", "\\'") + "'")


def _python(value: str) -> Quoted:
    return Quoted(ascii(str(value)))


def _sh(value: str) -> Quoted:
    return Quoted(shlex.quote(visible(value)))


def _line(value: str) -> Quoted:
    return Quoted(visible(value).strip())


def _token(value: str) -> Quoted:
    if not _TOKEN.fullmatch(value):
        raise ConfigError(f"'{visible(value)}': has characters that cannot stand here unquoted")
    return Quoted(value)


def _ident(value: str) -> Quoted:
    if not _IDENTIFIER.fullmatch(value):
        raise ConfigError(f"'{visible(value)}': is not an identifier")
    return Quoted(value)


def _camel(value: str) -> Quoted:
    """Return the CamelCase constant of a hyphenated name: acme-ca-certs becomes AcmeCaCerts."""
    return _ident("".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", value)))


FILTERS = {
    "json": _json,
    "yaml": _json,  # a JSON string is a YAML double-quoted scalar (YAML 1.2, section 1.3)
    "ruby": _ruby,
    "python": _python,
    "sh": _sh,
    "header": _line,
    "text": _line,
    "token": _token,
    "ident": _ident,
    "camel": _camel,
}


def finalize(value: Any) -> Any:
    """Let only quoted text and whole numbers through to the output."""
    if isinstance(value, Quoted) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ConfigError(
        f"the value {value!r} is printed without a quoting filter",
        hint=f"pipe it through one of: {', '.join(sorted(FILTERS))}",
    )
