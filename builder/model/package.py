"""Whose packages they are, and what one holds before and after it is written."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from builder.model.recipe import Keeping  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model.release import Revision


# What an artifact's file may be called, as a regular expression: no folder, nothing hidden, nothing to quote.
FILE_NAME = r"[A-Za-z0-9_@+~][A-Za-z0-9._@+~-]*"

_EMPTY: Mapping[str, Any] = MappingProxyType({})


class PrivateMarkers(msgspec.Struct, frozen=True):
    """By what the clients of public registries know that a package is not for these.

    For PyPI whether it is private, for npm and RubyGems the address of the one registry that it may be pushed
    to; empty where it may be published.
    """

    pypi: bool = False
    npm: str = ""
    rubygems: str = ""


class Organisation(msgspec.Struct, frozen=True):
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
    private: PrivateMarkers = PrivateMarkers()
    defaulted: tuple[str, ...] = ()


class File(msgspec.Struct, frozen=True):
    """One rendered file (or directory) of a package, ready to be archived."""

    path: str
    data: bytes
    mode: int = 0o644
    kind: Literal["file", "dir"] = "file"

    def __repr__(self) -> str:
        """Say which it is, and nothing of what it holds."""
        return f"{type(self).__name__}({self.path!r})"


class Package(msgspec.Struct, frozen=True):
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
    scripts: Mapping[str, bytes] = msgspec.field(default_factory=dict)
    metadata: Mapping[str, Any] = msgspec.field(default_factory=lambda: _EMPTY)
    history: tuple[Revision, ...] = ()
    output: str = ""

    @property
    def where(self) -> str:
        """What asks for the package: its recipe, and the output of that."""
        return f"recipe {self.target}" + (f", output {self.output}" if self.output else "")


class Artifact(msgspec.Struct, frozen=True):
    """One finished file of dist/; `recipe` is a digest of what it was made by.

    `domains` says what becomes of CAs' domains where it is installed, empty where no CA has any.
    """

    target: str
    name: str
    version: str
    filename: str
    data: bytes
    sha256: str
    install: str
    verify: str
    remove: str
    recipe: str = ""
    domains: Keeping | Literal[""] = ""

    def __repr__(self) -> str:
        """Say which it is, and nothing of what it holds."""
        return f"{type(self).__name__}({self.filename!r})"
