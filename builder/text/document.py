"""YAML documents whose scalars are all strings, decoded into typed structs; errors name file and line.

Reading every scalar as text keeps `release: 2026.10` and `slug: no` what the author typed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import yaml

from builder.errors import ConfigError, together
from builder.text import files
from builder.text.faults import Fault, faults, nearest
from builder.text.syntax import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["Document", "Fault", "decode", "nearest", "parse", "read", "refuse"]

_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_Path = tuple[str | int, ...]
_T = TypeVar("_T")

# No file people write comes near; aliases of aliases would otherwise multiply until the memory is full.
_MOST_VALUES = 100_000
_MOST_CHARACTERS = files.MAX_BYTES  # of all texts: more than a file has are an alias's, again and again
# libyaml crashes the process as it composes some 30,000 levels; each takes one of these characters or more.
_MOST_MARKS = 20_000
_MARKS = "[{-?:"
_MERGE = "<<<<<<< "
_DEEPEST = 100


class Document(msgspec.Struct, frozen=True):
    """A parsed YAML file: plain values, and the line (from 1) of every key and item by its path."""

    path: str
    value: Any
    lines: Mapping[_Path, int]

    def line(self, path: _Path) -> int:
        """Return the line of the innermost known part of `path`."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def where(self, path: _Path) -> str:
        """Return "file:line" of the innermost known part of `path`."""
        return f"{self.path}:{self.line(path)}"


def scalars(document: Document) -> str:
    """Return every key and text of a document, as the reader of its YAML understands them, one a line."""
    return "\n".join(_texts(document))


def _texts(document: Document) -> Iterator[str]:
    values = [document.value]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            values += value
        else:
            yield str(value)


def read(path: Path) -> str:
    """Return a file's text; raise ConfigError where it is not to be had, FileNotFoundError without one."""
    try:
        return files.text(path)
    except FileNotFoundError:
        raise
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


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
        if merge := next((n for n, line in enumerate(text.splitlines(), 1) if line.startswith(_MERGE)), 0):
            hint = "decide between them, and take out the lines with <<<<<<<, ======= and >>>>>>>"
            raise ConfigError(f"{path}:{merge}: git left both sides of a merge here", hint=hint) from None
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        said = explained(f"{error.problem or error.context}")
        raise ConfigError(f"{path}:{line}: not valid YAML: {said}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML: {explained(str(error))}") from error
    document = Document(path, value, lines)
    if sum(map(len, _texts(document))) > _MOST_CHARACTERS:
        # Whoever looks at each of them would never end.
        raise ConfigError(f"{path}:1: holds more than {_MOST_CHARACTERS} characters, by its aliases")
    return document


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


def decode(
    document: Document, kind: type[_T], *, more: Callable[[Any], Iterable[Fault]] = lambda _: ()
) -> _T:
    """Convert a document into the struct `kind`; raise one ConfigError for all that is wrong with it.

    Then `more` may yield what else is wrong with the values, whatever they look like.
    """
    try:
        return msgspec.convert(document.value, kind)
    except msgspec.ValidationError:
        refuse(document, (*faults(document.value, kind), *more(document.value)))
        raise


def refuse(document: Document, found: Iterable[Fault]) -> None:
    """Raise one ConfigError for all that has been found wrong, in the order of its lines; if there is any."""
    ordered = sorted(found, key=lambda fault: document.line(fault.path))
    if ordered:
        errors = [ConfigError(f"{document.where(one.path)}: {one.message}", hint=one.hint) for one in ordered]
        # What was raised on the way here are a library's words, which say the same and less.
        raise together(document.path, errors) from None


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
