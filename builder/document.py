"""YAML documents whose scalars are all strings, decoded into typed structs; errors name file and line.

Reading every scalar as text keeps `release: 2026.10` and `slug: no` what the author typed.
"""

from __future__ import annotations

import difflib
import re
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import yaml

from builder.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_Path = tuple[str | int, ...]
_T = TypeVar("_T")

# msgspec says where by a suffix such as " - at `$.outputs[0].files[3]`"; `[...]` stands for a mapping's key.
_WHERE = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")
_UNKNOWN = re.compile(r"unknown field `(?P<key>[^`]*)`")
_PATTERN = re.compile(r"Expected `str` matching regex '(?P<pattern>.*)'")


@dataclass(frozen=True, slots=True)
class Document:
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
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{path}:{line}: not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from error
    lines: dict[_Path, int] = {}
    value = {} if node is None else _plain(node, (), lines, path, frozenset())
    return Document(path, value, lines)


def decode(document: Document, kind: type[_T]) -> _T:
    """Convert a document into the struct `kind`; raise ConfigError naming file, line and the nearest key."""
    if not isinstance(document.value, dict):
        raise ConfigError(f"{document.path}:1: expected keys and values, found {_called(document.value)}")
    try:
        return msgspec.convert(document.value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _explain(document, kind, str(error)) from None


def nearest(word: str, known: typing.Iterable[str]) -> str:
    """Return a hint that names the known word closest to `word`, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(names)}"


def _plain(node: Any, path: _Path, lines: dict[_Path, int], file: str, above: frozenset[int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in above:
        raise ConfigError(f"{file}:{node.start_mark.line + 1}: an alias must not contain itself")
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


def _explain(document: Document, kind: type, message: str) -> ConfigError:
    found = _WHERE.search(message)
    path = _steps(found["path"]) if found else ()
    text = message[: found.start()] if found else message
    if unknown := _UNKNOWN.search(text):
        key = unknown["key"]
        hint = nearest(key, _fields(kind, path))
        return ConfigError(f"{document.where((*path, key))}: unknown key '{key}'", hint=hint)
    if pattern := _PATTERN.search(text):
        text = f"does not match {pattern['pattern']}"
    name = ".".join(str(step) for step in path)
    return ConfigError(f"{document.where(path)}: {name + ': ' if name else ''}{text[:1].lower()}{text[1:]}")


def _steps(text: str) -> _Path:
    return tuple(
        int(step["index"]) if step["index"] else step["key"]
        for step in _STEP.finditer(text)
        if step["key"] or step["index"]
    )


def _fields(kind: Any, path: _Path) -> list[str]:
    """Return the field names of the struct that `path` leads to from `kind`."""
    for step in path:
        if isinstance(step, int):
            kind = typing.get_args(kind)[0]
        elif typing.get_origin(kind) is dict:
            kind = typing.get_args(kind)[1]
        else:
            kind = _bare(typing.get_type_hints(kind)[step])
        kind = _bare(kind)
    if typing.get_origin(kind) is dict:
        kind = _bare(typing.get_args(kind)[1])
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def _bare(kind: Any) -> Any:
    """Return the struct or container in an optional type."""
    options = [option for option in typing.get_args(kind) if option is not type(None)]
    return options[0] if type(None) in typing.get_args(kind) else kind


def _called(value: object) -> str:
    return "a list" if isinstance(value, list) else "plain text"
