"""A JSON Schema as Markdown: a heading and a table of keys for each kind of object in it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

TYPES = {"string": "text", "integer": "number", "number": "number", "boolean": "true or false"}
Schema = Mapping[str, Any]


def tables(
    schema: Schema, *, titles: Mapping[str, str], required: str = "", known: Iterable[str] = ()
) -> Iterator[str]:
    """Yield the lines of each object's table but of those that are `known`.

    `titles` are their headings by the schema's own names, and `required` is what is said of a key that must
    be there; where nothing is, one that may be missing is said to be so.
    """
    for name, definition in ordered(schema):
        if name in known:
            continue
        yield f"### {titles.get(name, name.removesuffix('Json'))}"
        yield ""
        yield definition["description"]
        yield ""
        yield "| key | value | meaning |"
        yield "| --- | --- | --- |"
        for key, value in definition["properties"].items():
            there = key in definition.get("required", ())
            added = (
                (required if there else _default(value))
                if required
                else ("" if there else ", may be missing")
            )
            cells = (f"`{key}`", f"{_kind(value, titles)}{added}", _meaning(value))
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield ""


def ordered(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield the objects that a schema names, each after the first one that mentions it."""
    definitions = schema["$defs"]
    waiting = list(_mentioned({key: value for key, value in schema.items() if key != "$defs"}))
    seen: list[str] = []
    while waiting:
        name = waiting.pop(0)
        if name not in seen:
            seen.append(name)
            waiting += _mentioned(definitions[name])
            yield name, definitions[name]


def _mentioned(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        for item in value.values():
            yield from _mentioned(item)
    elif isinstance(value, list):
        for item in value:
            yield from _mentioned(item)


def _kind(value: Schema, titles: Mapping[str, str]) -> str:
    """Return a value's type in words."""
    match value:
        case {"$ref": name}:
            return titles.get(name.rpartition("/")[2], name.rpartition("/")[2].removesuffix("Json"))
        case {"allOf": choices} | {"anyOf": choices}:
            return next(_kind(item, titles) for item in choices if item.get("type") != "null")
        case {"enum": choices}:
            said = (item if isinstance(item, str) else json.dumps(item) for item in choices)
            return ", ".join(f"`{item}`" for item in said if item)  # an empty one is none of them
        case {"type": "array"}:
            return f"list of {_kind(value['items'], titles)}"
        case {"type": "object"}:
            inner = value.get("additionalProperties")
            return f"by name: {_kind(inner, titles) if inner else 'anything'}"
    return TYPES[value["type"]]


def _default(value: Schema) -> str:
    default = value.get("default")
    return f", by default `{default}`" if default and isinstance(default, str) else ""


def _meaning(value: Schema) -> str:
    said = value.get("description") or next(
        (item["description"] for item in value.get("anyOf", ()) if "description" in item), ""
    )
    return str(said).replace("<", "\\<")  # what an address in them would begin is no markup
