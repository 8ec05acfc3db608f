"""The public registries, where whoever comes first has a name: where each lies, and what it tells of a name.

PyPI by the simple repository API in JSON (PEP 691), npm by its packument (github.com/npm/registry,
responses/package-metadata.md), RubyGems by the compact index that bundler reads. Mirrors answer the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

import msgspec

from builder.formats import names

if TYPE_CHECKING:
    from builder.model import Recipe

_Answer = TypeVar("_Answer")

# What a registry has of a name: by file name or version, the digest as the registry writes it.
Published = Mapping[str, str]


class UnreadableAnswerError(ValueError):
    """What came is not what a registry of that kind answers."""


class PublicRegistry(msgspec.Struct, frozen=True):
    """A registry at which anybody can publish.

    It tells of a name at `path` below `url`; `known` is a name that every copy of it has, and `read` takes
    its answer apart, raising UnreadableAnswerError.
    """

    title: str
    url: str
    path: str
    accept: str
    known: str
    read: Callable[[bytes, str], Published]


class _File(msgspec.Struct, frozen=True):
    filename: str
    hashes: dict[str, str]


class _Project(msgspec.Struct, frozen=True):
    name: str
    files: list[_File]


class _Dist(msgspec.Struct, frozen=True):
    integrity: str = ""


class _Version(msgspec.Struct, frozen=True):
    dist: _Dist = _Dist()


class _Packument(msgspec.Struct, frozen=True):
    name: str
    versions: dict[str, _Version] = {}  # none are left of what was unpublished


def _simple(data: bytes, name: str) -> Published:
    found = _decoded(data, _Project)
    _expect(same=names.same("wheel", found.name, name))
    return {file.filename: file.hashes.get("sha256", "") for file in found.files}


def _packument(data: bytes, name: str) -> Published:
    found = _decoded(data, _Packument)
    _expect(same=found.name == name)
    return {version: said.dist.integrity for version, said in found.versions.items()}


def _compact(data: bytes, _name: str) -> Published:
    head, mark, lines = f"\n{data.decode('utf-8', 'replace')}".partition("\n---\n")
    if not mark or "<" in head:
        raise UnreadableAnswerError("is no compact index")
    found = {}
    for line in lines.splitlines():
        version, _, rest = line.partition(" ")
        digest = re.search(r"[|,]checksum:([0-9a-f]{64})(?:,|$)", rest)
        found[version] = digest[1] if digest else ""
    return found


def _decoded(data: bytes, shape: type[_Answer]) -> _Answer:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableAnswerError("is not the JSON of such a registry") from None


def _expect(*, same: bool) -> None:
    if not same:
        raise UnreadableAnswerError("is about another name")


# The one place that knows their addresses.
REGISTRIES: Mapping[str, PublicRegistry] = {
    "pypi": PublicRegistry(
        title="PyPI",
        url="https://pypi.org",
        path="simple/{name}",
        accept="application/vnd.pypi.simple.v1+json",
        known="six",
        read=_simple,
    ),
    "npm": PublicRegistry(
        title="npm",
        url="https://registry.npmjs.org",
        path="{name}",
        accept="application/vnd.npm.install-v1+json",
        known="is-number",
        read=_packument,
    ),
    "rubygems": PublicRegistry(
        title="RubyGems",
        url="https://rubygems.org",
        path="info/{name}",
        accept="text/plain",
        known="rake",
        read=_compact,
    ),
}
_MANIFEST_OF_NPM = "package/package.json"


def registry_of(recipe: Recipe) -> str:
    """Return the registry whose clients would look for a recipe's packages there; nothing where none would.

    What systems' package managers and Homebrew install comes from sources that each machine lists: there is
    no registry at which a stranger could take a name.
    """
    for output in recipe.outputs:
        if output.container in {"wheel", "gem"}:
            return {"wheel": "pypi", "gem": "rubygems"}[output.container]
        if any(file.path == _MANIFEST_OF_NPM for file in output.files):
            return "npm"
    return ""
