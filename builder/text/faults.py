"""Everything that is wrong with a document of plain values, measured by the struct it should become.

All of it is found in one run; msgspec, which does the decoding, stops at the first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from msgspec import inspect

from builder.text import urls
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_Path = tuple[str | int, ...]
_SHOWN = 60  # characters of a wrong value


class Fault(NamedTuple):
    """What is wrong at the key or item `path`, and what to do about it."""

    path: _Path
    message: str
    hint: str = ""


def faults(value: object, kind: type) -> Iterator[Fault]:
    """Yield all that keeps `value`, whose scalars are all text, from being a struct of type `kind`."""
    yield from _faults(value, inspect.type_info(kind), (), "")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint that names the known word closest to `word`, or all of them."""
    names = sorted(known)
    close = _closest(word, names)
    return f"did you mean '{close}'?" if close else f"known here: {', '.join(names)}"


def _closest(word: str, known: Iterable[str]) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)), "")


def _faults(value: object, kind: inspect.Type, path: _Path, hint: str) -> Iterator[Fault]:
    if isinstance(kind, inspect.Metadata):
        described = str((kind.extra_json_schema or {}).get("description", ""))
        yield from _faults(value, kind.type, path, _as_hint(described) or hint)
    elif isinstance(kind, inspect.UnionType):  # of one type and None, which no text is
        yield from _faults(value, kind.types[0], path, hint)
    elif isinstance(kind, inspect.StructType):
        yield from _of_struct(value, kind, path, hint)
    elif isinstance(kind, inspect.DictType):
        if isinstance(value, dict):
            for key, item in value.items():
                yield from _faults(item, kind.value_type, (*path, key), "")
        else:
            yield _misshapen(value, "keys and values", path, hint)
    elif isinstance(kind, inspect.ListType):
        yield from _of_list(value, kind, path, hint)
    elif isinstance(kind, inspect.StrType | inspect.LiteralType):
        yield from _of_text(value, kind, path, hint)


def _of_struct(value: object, kind: inspect.StructType, path: _Path, hint: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield _misshapen(value, "keys and values", path, hint)
        return
    fields: Mapping[str, inspect.Field] = {field.encode_name: field for field in kind.fields}
    unknown = [key for key in value if key not in fields]
    for key in unknown:
        yield Fault((*path, key), f"unknown key '{visible(key)}'", nearest(key, fields))
    # A required key that is misspelt is one mistake, not two.
    meant = {_closest(key, fields) for key in unknown}
    for name, field in fields.items():
        if name in value:
            yield from _faults(value[name], field.type, (*path, name), "")
        elif field.required and name not in meant:
            yield Fault(path, f"the key '{_named((*path, name))}' is missing")


def _of_list(value: object, kind: inspect.ListType, path: _Path, hint: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield _misshapen(value, "a list", path, hint)
        return
    if len(value) < (kind.min_length or 0):
        yield Fault(path, f"{_named(path)}: must not be empty", hint)
    elif kind.max_length is not None and len(value) > kind.max_length:
        yield Fault(path, f"{_named(path)}: has more than {kind.max_length} items", hint)
    for i, item in enumerate(value):
        yield from _faults(item, kind.item_type, (*path, i), "")


def _of_text(
    value: object, kind: inspect.StrType | inspect.LiteralType, path: _Path, hint: str
) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield _misshapen(value, "text", path, hint)
        return
    if isinstance(kind, inspect.LiteralType):
        known = sorted(str(choice) for choice in kind.values if choice)
        if value not in kind.values:
            said = f"{_named(path)}: {shown(value)} is not one of {', '.join(known)}"
            close = nearest(value, known)
            # Without a near one, the message itself lists them all.
            yield Fault(path, said, close if close.startswith("did you mean") else "")
        return
    if not value and kind.min_length:
        yield Fault(path, f"{_named(path)}: must not be empty", hint)
    elif len(value) < (kind.min_length or 0):
        yield Fault(path, f"{_named(path)}: is shorter than {kind.min_length} characters", hint)
    elif kind.max_length is not None and len(value) > kind.max_length:
        yield Fault(path, f"{_named(path)}: is longer than {kind.max_length} characters", hint)
    elif kind.pattern and not re.search(kind.pattern, value):
        # The pattern itself is for programs: the key's description says the same to people.
        yield Fault(path, f"{_named(path)}: {shown(value)} is not allowed", hint)


def shown(value: str) -> str:
    """Return a value in quotes, as a message may show it: visible, and not too long."""
    value = urls.shown(value)
    return f"'{visible(value if len(value) <= _SHOWN else value[: _SHOWN - 1] + '…')}'"


def _misshapen(value: object, wanted: str, path: _Path, hint: str) -> Fault:
    where = f"{_named(path)}: " if path else ""
    return Fault(path, f"{where}expected {wanted}, found {_called(value)}", hint)


def _as_hint(description: str) -> str:
    """Return a key's description as hints are written: lower case, no full stop."""
    first = description[:1] if description[1:2].isupper() else description[:1].lower()
    return (first + description[1:]).rstrip(".")


def _named(path: _Path) -> str:
    return visible(".".join(map(str, path)))


def _called(value: object) -> str:
    if isinstance(value, dict):
        return "keys and values"
    return "a list" if isinstance(value, list) else "text"
