"""The public registries, where whoever comes first has a name: where each lies, and what it tells of a name.

PyPI by the simple repository API in JSON (PEP 691), npm by its packument (github.com/npm/registry,
responses/package-metadata.md), RubyGems by the compact index that bundler reads. Mirrors answer the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import msgspec

from builder.errors import ConfigError
from builder.formats import names
from builder.text import urls

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
    return compact_lines(lines)


def compact_lines(lines: str) -> Published:
    """Return the SHA-256 of each version that lines of a compact index tell, empty where they tell none."""
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


class PublicUploads(msgspec.Struct, frozen=True):
    """Where a public registry takes what is published, which other hosts are its own, and where files go."""

    url: str
    hosts: tuple[str, ...] = ()
    files: str = ""


# By the names that `publish.public` of trustpack.yaml has.
UPLOADS: Mapping[str, PublicUploads] = {
    "pypi": PublicUploads(
        "https://upload.pypi.org/legacy/", ("pypi.org", "test.pypi.org", "files.pythonhosted.org")
    ),
    "npm": PublicUploads("https://registry.npmjs.org/", ("www.npmjs.com", "registry.yarnpkg.com")),
    "rubygems": PublicUploads("https://rubygems.org/", ("index.rubygems.org",)),
    "github": PublicUploads(
        "https://api.github.com/", ("github.com", "uploads.github.com"), "https://uploads.github.com/"
    ),
    "gitlab": PublicUploads("https://gitlab.com/"),
    "gitea": PublicUploads("https://gitea.com/", ("codeberg.org",)),
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


def public_name(url: str) -> str:
    """Return which public registry an address belongs to; empty for one of somebody's own."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    known = ((name, {urlsplit(one.url).hostname, *one.hosts}) for name, one in UPLOADS.items())
    return next((name for name, hosts in known if host in hosts), "")


def is_public(url: str) -> bool:
    """Tell whether everybody can read what is published there."""
    return bool(public_name(url))


def refusal(destination: str, url: str) -> ConfigError:
    """Return the error of publishing to everybody what was not declared to be for everybody."""
    wanted = public_name(url) or destination
    return ConfigError(
        f"publish.{destination}: everybody reads {urls.shown(url)}, and publish.public has no {wanted}",
        hint=f"name a registry of your own; or, if everybody may read it: publish: {{public: [{wanted}]}}",
    )
