"""YAML documents whose scalars are all strings, decoded into typed structs; errors name file and line.

Reading every scalar as text keeps `release: 2026.10` and `slug: no` what the author typed.
"""

from __future__ import annotations

import difflib
import re
import typing
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import yaml

from builder.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_Path = tuple[str | int, ...]
_Steps = tuple[Any, ...]  # as in _Path, and ... for a key that is not named
_T = TypeVar("_T")

# msgspec says where by a suffix such as " - at `$.outputs[0].files[3]`"; `[...]` stands for a mapping's key.
_WHERE = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>\d+)\]|(?P<any>\[\.\.\.\])")
_UNKNOWN = re.compile(r"unknown field `(?P<key>.*)`$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<key>[^`]*)`")
_PATTERN = re.compile(r"Expected `str` matching regex '(?P<pattern>.*)'")
_SHAPE = re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<got>[^`]*)`")
_CHOICE = re.compile(r"Invalid enum value '(?P<value>.*)'", re.DOTALL)
_SHAPES = {"object": "keys and values", "array": "a list", "str": "text"}
# No file people write comes near; aliases of aliases would otherwise multiply until the memory is full.
_MOST_VALUES = 100_000
# libyaml crashes the process as it composes some 30,000 levels; each takes one of these characters or more.
_MOST_MARKS = 20_000
_MARKS = "[{-?:"
_DEEPEST = 100


class Document(msgspec.Struct, frozen=True):
    """A parsed YAML file: plain values, and the line (from 1) of every key and item by its path."""

    path: str
    value: Any
    lines: Mapping[_Path, int]

    def where(self, path: _Path) -> str:
        """Return "file:line" of the innermost known part of `path`."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.path}:{self.lines.get(path, 1)}"


def parse(text: str, path: str) -> Document:
    """Parse one YAML document; raise ConfigError for bad syntax, a duplicate key or a recursive alias."""
    lines: dict[_Path, int] = {}
    try:
        if sum(map(text.count, _MARKS)) > _MOST_MARKS:
            _expect_shallow(text)
        node = yaml.compose(text, Loader=_Loader)
        value = {} if node is None else _plain(node, (), lines, path, frozenset())
    except RecursionError:
        raise ConfigError(f"{path}:1: is nested too deeply") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{path}:{line}: not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from error
    return Document(path, value, lines)


def _expect_shallow(text: str) -> None:
    """Raise RecursionError for a document too deep to compose; its events come one after the other."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise RecursionError


def decode(document: Document, kind: type[_T]) -> _T:
    """Convert a document into the struct `kind`; raise ConfigError naming file, line and the nearest key."""
    if not isinstance(document.value, dict):
        raise ConfigError(f"{document.path}:1: expected keys and values, found {_called(document.value)}")
    try:
        return msgspec.convert(document.value, kind)
    except msgspec.ValidationError as error:
        raise _explain(document, kind, str(error), ()) from None


def nearest(word: str, known: typing.Iterable[str]) -> str:
    """Return a hint that names the known word closest to `word`, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(names)}"


def _plain(node: Any, path: _Path, lines: dict[_Path, int], file: str, above: frozenset[int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in above:
        raise ConfigError(f"{file}:{node.start_mark.line + 1}: an alias must not contain itself")
    if len(lines) > _MOST_VALUES:
        raise ConfigError(f"{file}:1: holds more than {_MOST_VALUES} values")
    above |= {id(node)}
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, i), lines, file, above) for i, item in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(f"{file}:{line}: a key must be plain text")
        if key.value in result:
            raise ConfigError(f"{file}:{line}: the key '{key.value}' is given twice")
        lines[*path, key.value] = line
        result[key.value] = _plain(value, (*path, key.value), lines, file, above)
    return result


def _explain(document: Document, kind: Any, message: str, base: _Path) -> ConfigError:
    """Say what msgspec found wrong with the value at `base`, which should be of type `kind`."""
    found = _WHERE.search(message)
    steps = _steps(found["path"]) if found else ()
    if ... in steps:
        return _explain_item(document, kind, message, base, steps[: steps.index(...)])
    text = message[: found.start()] if found else message
    inner = _inner(kind, steps)
    path = (*base, *(step for step in steps if step is not ...))
    if unknown := _UNKNOWN.search(text):
        key = unknown["key"]
        hint = nearest(key, [field.encode_name for field in msgspec.structs.fields(inner)])
        return ConfigError(f"{document.where((*path, key))}: unknown key '{key}'", hint=hint)
    name = "".join(f"{step}." for step in path)
    if missing := _MISSING.search(text):
        return ConfigError(f"{document.where(path)}: the key '{name}{missing['key']}' is missing")
    said, hint = _said(text, inner)
    hint = hint or _description(kind, steps)
    return ConfigError(f"{document.where(path)}: {name[:-1] + ': ' if name else ''}{said}", hint=hint)


def _explain_item(document: Document, kind: Any, message: str, base: _Path, steps: _Steps) -> ConfigError:
    """Find the item that `message` is about: msgspec does not name the keys of a mapping."""
    path = (*base, *(step for step in steps if step is not ...))
    item_kind = typing.get_args(_inner(kind, steps))[1]
    for key, value in _at(document.value, path).items():
        try:
            msgspec.convert(value, item_kind)
        except msgspec.ValidationError as error:
            return _explain(document, item_kind, str(error), (*path, key))
    return ConfigError(f"{document.where(path)}: {message}")


def _said(text: str, kind: Any) -> tuple[str, str]:
    """Put msgspec's words into those of people who write YAML; return them and a hint."""
    if pattern := _PATTERN.search(text):
        return f"does not match {pattern['pattern']}", ""
    if shape := _SHAPE.search(text):
        wanted, got = (
            _SHAPES.get(shape[key].removesuffix(" | null"), shape[key]) for key in ("wanted", "got")
        )
        return f"expected {wanted}, found {got}", ""
    if (choice := _CHOICE.search(text)) and typing.get_origin(kind) is typing.Literal:
        known = sorted(filter(None, typing.get_args(kind)))
        return f"'{choice['value']}' is not one of {', '.join(known)}", nearest(choice["value"], known)
    return text[:1].lower() + text[1:], ""


def _steps(text: str) -> _Steps:
    return tuple(
        ... if step["any"] else int(step["index"]) if step["index"] else step["key"]
        for step in _STEP.finditer(text)
    )


def _at(value: Any, path: _Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _inner(kind: Any, steps: _Steps) -> Any:
    """Return the type that `steps` lead to from `kind`, without None and annotations."""
    kind = _bare(kind)
    for step in steps:
        inner = typing.get_args(kind)[0] if isinstance(step, int) else typing.get_type_hints(kind)[str(step)]
        kind = _bare(inner)
    return kind


def _description(kind: Any, steps: _Steps) -> str:
    """Return what the struct says about the field that `steps` lead to, or an empty text."""
    if not steps or not isinstance(steps[-1], str):
        return ""
    annotation = typing.get_type_hints(_inner(kind, steps[:-1]), include_extras=True)[steps[-1]]
    metas = [
        m for part in (annotation, *typing.get_args(annotation)) for m in getattr(part, "__metadata__", ())
    ]
    return next((meta.description.rstrip(".") for meta in metas if meta.description), "")


def _bare(kind: Any) -> Any:
    """Return the struct or container in an optional type."""
    options = [option for option in typing.get_args(kind) if option is not type(None)]
    return options[0] if type(None) in typing.get_args(kind) else kind


def _called(value: object) -> str:
    return "a list" if isinstance(value, list) else "text"
