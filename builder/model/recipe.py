"""What one target ships, as its recipe says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


# What a file of a package can be made of: the bundle, or what is known of it.
Content = Literal[
    "",
    "certificate",
    "trusted",
    "distrusted",
    "bundle",
    "inventory",
    "changelog",
    "debian-changelog",
]

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RecipeFile:
    """One line of a recipe's table of contents: where a file goes and what fills it.

    Exactly one of `source` (a static file, copied byte for byte), `template` (rendered) and
    `content` (made from the bundle) is set; a directory has none. `path` holds `{placeholders}`.
    """

    path: str
    kind: Literal["file", "dir"] = "file"
    source: str = ""
    template: str = ""
    content: Content = ""
    mode: int = 0o644
    when: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True)
class Output:
    """One artifact of a recipe: its container format, file name, contents, scripts and metadata."""

    id: str
    container: str
    filename: str
    files: tuple[RecipeFile, ...]
    scripts: Mapping[str, RecipeFile] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True, slots=True)
class Setting:
    """A choice a recipe offers; the first of `choices` is the default."""

    choices: tuple[str, ...]
    help: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one target ships, and what people are told about it; `warnings` are for who wrote the recipe."""

    target: str
    title: str
    name: str
    name_pattern: str
    version: str
    outputs: tuple[Output, ...]
    install: str
    verify: str
    remove: str
    scoped_name: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
