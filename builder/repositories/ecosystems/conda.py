"""A conda channel (docs.conda.io, "Channels and generating an index"): a folder for each platform.

Clients ask for their platform's repodata.json and for noarch's, and for nothing where either is missing. A
withdrawn package is among the removed ones, which no client installs; its file stays.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from builder.errors import PackageError
from builder.formats import conda
from builder.repositories.ecosystem import Admitted, Instructions
from builder.repositories.ecosystems import versions
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.repositories.entry import Released, SiteEntry
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Staging

NAME = "conda"
FOLDER = "conda"
FORMAT = conda.KIND
TEXTS: tuple[str, ...] = ("records",)
SIGNS: Literal["", "openpgp", "apk"] = ""

_NOARCH = "noarch"
# As conda-forge has them; there is nothing in these folders but an index that says so.
_PLATFORMS = ("linux-64", "linux-aarch64", "linux-ppc64le", "osx-64", "osx-arm64", "win-64", "win-arm64")
_NAME = re.compile(r"[a-z0-9_][a-z0-9._-]*")
_INDEX = "repodata.json"
_NOTES = (
    "Only what reads the default folder of the environment's own OpenSSL trusts the CAs: see its README.",
    "In Windows's environments that OpenSSL has another folder: there the package does nothing.",
)


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the package, and its record for the channel's index."""
    package = conda.unpack(released.filename, released.data)
    record = conda.record(released.data)
    stem = f"{package.name}-{package.version}-{record['build']}"
    if record.get("subdir") != _NOARCH or not _NAME.fullmatch(package.name):
        raise PackageError(f"{released.filename}: is no package for every platform (noarch)")
    if released.filename != f"{stem}.conda":
        raise PackageError(f"{released.filename}: is not called {stem}.conda, as clients expect")
    file = SiteFile(f"{FOLDER}/{_NOARCH}/{released.filename}", Kind.BLOB, released.data)
    return Admitted(package.name, package.version, (file,), (msgspec.json.encode(record) + b"\n",))


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put the index of all packages, and an empty one for each platform."""
    for platform in _PLATFORMS:
        staging.put(f"{FOLDER}/{platform}/{_INDEX}", Kind.LEAF, _document(platform, [], {}))
    offered: dict[str, Any] = {}
    removed = []
    for entry, line in _pairs(shelf):
        name = entry.path.rpartition("/")[2]
        if entry.withdrawn:
            removed.append(name)
        else:
            offered[name] = msgspec.json.decode(line)
    content = _document(_NOARCH, removed, offered)
    staging.put(f"{FOLDER}/{_NOARCH}/{_INDEX}", Kind.POINTER, content)


def _pairs(shelf: Shelf) -> Iterator[tuple[SiteEntry, bytes]]:
    for _, pairs in versions.lines_by_name(shelf, "records"):
        yield from pairs()


def _document(platform: str, removed: Iterable[str], offered: dict[str, Any]) -> str:
    fields = {
        "info": {"subdir": platform},
        "packages": {},
        "packages.conda": offered,
        "removed": sorted(removed),
        "repodata_version": 1,
    }
    return json.dumps(fields, indent=1, sort_keys=True) + "\n"


def instructions(shelf: Shelf, publication: Publication) -> Sequence[Instructions]:
    """Return what people type in an environment."""
    entry = versions.latest(shelf)
    if entry is None:
        return []
    channel, name = f"{publication.url}/{FOLDER}", entry.name
    told = [_conda(client, channel, name) for client in ("conda", "mamba")]
    pixi = Instructions(
        id="pixi",
        title="pixi",
        setup=f"pixi workspace channel add {channel}\n",
        install=f"pixi add {name}\n",
        verify=f"pixi list {name}\n",
        upgrade=f"pixi update {name}\n",
        remove=f"pixi remove {name}\n",
        notes=_NOTES,
    )
    return [*told, pixi]


def _conda(client: str, channel: str, name: str) -> Instructions:
    return Instructions(
        id=client,
        title=client,
        setup="",
        install=f"{client} install --channel {channel} {name}\n",
        verify=f"{client} list {name}\n",
        upgrade=f"{client} update --channel {channel} {name}\n",
        remove=f"{client} remove {name}\n",
        notes=_NOTES,
    )
