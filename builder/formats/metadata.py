"""What a recipe may say in its `metadata`: each format declares its keys, and what stands under each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from builder.text.faults import Fault, nearest
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLACEHOLDER = re.compile(r"\{[a-z_]+\}")
_FORMS = {"line": "one line of text", "text": "text", "list": "a list of texts"}
# What recipes said in the words of nfpm, which wrote their packages before: the key that says it now.
_SUCCESSORS = {
    "apk.arch": "arch",
    "deb.compression": None,
    "deb.fields.Multi-Arch": "multi_arch",
    "rpm.arch": "arch",
    "rpm.compression": None,
    "rpm.group": "group",
    "rpm.summary": "summary",
}
_ONLY_COMPRESSION = "gzip"


class MetadataKey(msgspec.Struct, frozen=True):
    """A key of a recipe's metadata: its form, and what a line or an item of the list must be.

    `pattern` is a regular expression, and `meaning` says in words what it matches.
    """

    form: Literal["line", "text", "list"]
    pattern: str = ""
    meaning: str = ""
    choices: tuple[str, ...] = ()


LINE = MetadataKey("line")
TEXT = MetadataKey("text")


def one_of(*choices: str) -> MetadataKey:
    """Return a key that has one of a few words under it."""
    return MetadataKey("line", choices=choices)


def faults(
    known: Mapping[str, MetadataKey], metadata: Mapping[str, Any], what: str, *, filled: bool
) -> Iterator[Fault]:
    """Yield what is wrong with the metadata of `what`; before it is `filled`, it may hold {placeholders}."""
    for name, value in metadata.items():
        if name in known:
            yield from _faults_of(name, known[name], value, filled=filled)
        elif not known:
            yield Fault((name,), f"{what} has no metadata")
        else:
            yield Fault((name,), f"{what} has no metadata '{visible(name)}'", nearest(name, known))


def _faults_of(name: str, key: MetadataKey, value: Any, *, filled: bool) -> Iterator[Fault]:
    if not isinstance(value, list if key.form == "list" else str):
        yield Fault((name,), f"{name}: expected {_FORMS[key.form]}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if text := _complaint(key, item, filled=filled):
                yield Fault((name, index), f"{name}: {text}")
    elif text := _complaint(key, value, filled=filled):
        yield Fault((name,), f"{name}: {text}", nearest(value, key.choices) if key.choices else "")


def _complaint(key: MetadataKey, value: Any, *, filled: bool) -> str:
    """Return what is wrong with one text, or an empty text."""
    if not isinstance(value, str):
        return "expected text"
    shown = visible(value)
    if key.form == "text":
        plain = value.replace("\n", "")
        return "" if plain.strip() and visible(plain) == plain else f"'{shown}' is not visible text"
    if shown != value or not value or value.strip() != value:
        return f"'{shown}' is not one line of visible text"
    return "" if not filled and _PLACEHOLDER.search(value) else _unmatched(key, value)


def _unmatched(key: MetadataKey, value: str) -> str:
    if key.choices and value not in key.choices:
        return f"'{value}' is not one of {', '.join(key.choices)}"
    if key.pattern and not re.fullmatch(key.pattern, value):
        return f"'{value}' is not {key.meaning}"
    return ""


def modernised(container: str, metadata: Mapping[str, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Return metadata in the words of today, and a warning for each thing that was said in those of nfpm."""
    own = metadata.get(container)
    if not isinstance(own, dict):
        return dict(metadata), []
    modern = {key: value for key, value in metadata.items() if key != container}
    warnings = []
    for path, value in _leaves((container,), own):
        old = ".".join(path)
        if old not in _SUCCESSORS or (_SUCCESSORS[old] is None and value != _ONLY_COMPRESSION):
            modern[old] = value
        elif new := _SUCCESSORS[old]:
            modern.setdefault(new, value)
            warnings.append(Fault(path, f"metadata.{old} is now called metadata.{new}"))
        else:
            warnings.append(Fault(path, f"metadata.{old} can go: there is no other compression"))
    return modern, warnings


def _leaves(path: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield everything in nested keys that is none itself, with the keys that lead to it."""
    if not isinstance(value, dict):
        yield path, value
        return
    for key, inner in value.items():
        yield from _leaves((*path, key), inner)
