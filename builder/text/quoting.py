"""The filters through which every value enters a template: each knows one language's quoting.

A filter returns Quoted; the environment refuses to print a plain string, so none can be forgotten.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from builder.errors import ConfigError

# C0, DEL, C1, the line and paragraph separators, and the bidirectional controls that can reorder text.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_OTHERS = re.compile("[^ -~]")
_TOKEN = re.compile(r"[A-Za-z0-9._+@/:=,~-]+")
_SHOWN = 60  # characters of a value in an error
_REPEATED = (bool, bytes, float, list, dict, type(None))  # as they are: they show no address
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What XML 1.0 keeps for itself in text and in attributes, and the two characters that no document holds.
_XML = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
    | {"\ufffe": "\\ufffe", "\uffff": "\\uffff"}
)
# What begins markup, HTML, an entity or a link inside a line, or ends a table's cell (CommonMark and GFM).
_MARKUP = re.compile(r"[\\`*_\[\]<>|~&]|(?<=:)//|(?<=www)\.")


class Quoted(str):
    """Text that a filter has made safe for the language it is printed in."""

    __slots__ = ()


def visible(text: str) -> str:
    """Return `text` with control and bidirectional characters written as escapes."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain(value: Any) -> str:
    """Return the text of a text, a number, a date or None; raise ConfigError for anything else.

    What has no text of its own would print where it lies in memory, which is elsewhere in each run.
    """
    text = str(value)  # of a template's undefined name: raises the error that says which name it is
    if value is None or isinstance(value, str | int | float | dt.date):
        return text
    raise ConfigError("prints what is no text, number or date")


def _data(value: Any) -> Any:
    """Return what JSON can hold of a value; raise ConfigError for what it cannot."""
    if isinstance(value, Mapping):
        return {key: _data(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_data(inner) for inner in value]
    return value if value is None or isinstance(value, int | float) else plain(value)


def yaml(value: Any) -> str:
    """Return `value` as YAML flow text in ASCII: JSON's, but that YAML knows no surrogate pairs."""
    text = json.dumps(_data(value), ensure_ascii=False)
    return _OTHERS.sub(lambda found: f"\\U{ord(found[0]):08x}", text)


def _json(value: Any) -> Quoted:
    return Quoted(json.dumps(_data(value)))


def _yaml(value: Any) -> Quoted:
    return Quoted(yaml(value))


def _yaml_block(value: Any, indent: int = 2) -> Quoted:
    """Return lines of printable ASCII as a YAML block that a key is followed by; other text as `yaml` does.

    Every line is indented by so many blanks, and the last one ends where the template goes on.
    """
    text = plain(value)
    lines = text.split("\n")
    if lines.pop() or not lines or _OTHERS.search("".join(lines)) or not all(map(_starts_plainly, lines)):
        return _yaml(value)
    return Quoted("\n".join(("|", *(f"{' ' * indent}{line}" for line in lines))))


def _starts_plainly(line: str) -> bool:
    return line == line.strip() != ""


def _ruby(value: Any) -> Quoted:
    # Double quotes are what Homebrew's style asks for; `#` would begin an interpolation in them.
    text = visible(plain(value)).replace("\\", "\\\\").replace('"', '\\"').replace("#", "\\#")
    return Quoted(f'"{text}"')


def _nix(value: Any) -> Quoted:
    """Return a string of Nix's: in its double quotes, ${ would begin an expression."""
    text = visible(plain(value)).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return Quoted(f'"{text}"')


def _data_url(value: Any) -> Quoted:
    """Return a text as a data: URL (RFC 2397), of characters that need no quotes."""
    return Quoted(f"data:;base64,{base64.b64encode(plain(value).encode()).decode()}")


def _python(value: Any) -> Quoted:
    return Quoted(ascii(plain(value)))


def _sh(value: Any) -> Quoted:
    return Quoted(shlex.quote(visible(plain(value))))


def _line(value: Any) -> Quoted:
    return Quoted(visible(plain(value)).strip())


def _xml(value: Any) -> Quoted:
    """Return text for an element or a quoted attribute, but not for a comment, which ends at two hyphens."""
    return Quoted(visible(plain(value)).translate(_XML))


def _markdown(value: Any) -> Quoted:
    return Quoted(_MARKUP.sub(lambda found: f"\\{found[0]}", _line(value)))


def _token(value: Any) -> Quoted:
    if not _TOKEN.fullmatch(plain(value)):
        raise ConfigError(f"'{visible(plain(value))}': has characters that cannot stand here unquoted")
    return Quoted(plain(value))


def _ident(value: Any) -> Quoted:
    if not _IDENTIFIER.fullmatch(plain(value)):
        raise ConfigError(f"'{visible(plain(value))}': is not an identifier")
    return Quoted(plain(value))


def _camel(value: Any) -> Quoted:
    """Return the CamelCase constant of a hyphenated name: acme-ca-certs becomes AcmeCaCerts."""
    return _ident("".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", plain(value))))


def _constant(value: Any) -> Quoted:
    """Return the Ruby constant of a module's name: acme_ca becomes AcmeCa, and acme_2_ca Acme_2Ca.

    No two modules share one, as acme_2_ca and acme2_ca would in CamelCase.
    """
    text = plain(value)
    return _ident(text[:1].upper() + re.sub(r"_([a-z])", lambda found: found[1].upper(), text[1:]))


FILTERS: Mapping[str, Callable[..., Quoted]] = {
    "json": _json,
    "yaml": _yaml,
    "yaml_block": _yaml_block,
    "ruby": _ruby,
    "data_url": _data_url,
    "nix": _nix,
    "python": _python,
    "sh": _sh,
    "header": _line,
    "markdown": _markdown,
    "text": _line,
    "token": _token,
    "ident": _ident,
    "camel": _camel,
    "constant": _constant,
    "xml": _xml,
}


def finalize(value: Any) -> Any:
    """Let only quoted text and whole numbers through to the output."""
    if isinstance(value, Quoted) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    said = repr(value if isinstance(value, _REPEATED) else plain(value))
    said = said if len(said) <= _SHOWN else f"{said[: _SHOWN - 1]}…"
    raise ConfigError(
        f"the value {said} is printed without a quoting filter",
        hint=f"pipe it through one of: {', '.join(sorted(FILTERS))}",
    )
