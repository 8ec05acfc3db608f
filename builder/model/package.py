"""Whose packages they are, and what one holds before and after it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model.release import Revision


# What an artifact's file may be called, as a regular expression: no folder, nothing hidden, nothing to quote.
FILE_NAME = r"[A-Za-z0-9_@+~][A-Za-z0-9._@+~-]*"

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Organisation:
    """Whose bundle it is; `defaulted` names the fields that nobody configured."""

    slug: str
    name: str
    homepage: str
    contact_name: str
    contact_email: str
    license: str
    summary: str
    description: str
    site: str = ""
    npm_scope: str = ""
    defaulted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """One rendered file (or directory) of a package, ready to be archived."""

    path: str
    data: bytes = field(repr=False)
    mode: int = 0o644
    kind: Literal["file", "dir"] = "file"


@dataclass(frozen=True, slots=True)
class Package:
    """One rendered artifact: everything its container format needs, and nothing that varies.

    `epoch` is the time stamp of every file, in seconds since 1970.
    """

    target: str
    container: str
    name: str
    version: str
    filename: str
    epoch: int
    organisation: Organisation
    files: tuple[File, ...]
    scripts: Mapping[str, bytes] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    history: tuple[Revision, ...] = ()
    output: str = ""

    @property
    def where(self) -> str:
        """What asks for the package: its recipe, and the output of that."""
        return f"recipe {self.target}" + (f", output {self.output}" if self.output else "")


@dataclass(frozen=True, slots=True)
class Artifact:
    """One finished file of dist/; `recipe` is a digest of what it was made by."""

    target: str
    name: str
    version: str
    filename: str
    data: bytes = field(repr=False)
    sha256: str
    install: str
    verify: str
    remove: str
    recipe: str = ""
