"""An npm registry (github.com/npm/registry, responses/package-metadata.md): one JSON file for each name.

The file is called as the package is, scope and all, since clients ask for `@scope%2fname`; nothing can lie
below a file, so tarballs are below `-/`.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
import sys
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from builder.errors import PackageError
from builder.formats import npm
from builder.repositories.ecosystem import Admitted
from builder.repositories.ecosystems import versions
from builder.repositories.ecosystems.node_clients import instructions
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from builder.repositories.entry import Released, SiteEntry
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Staging

__all__ = ["FOLDER", "FORMAT", "NAME", "SIGNS", "TEXTS", "admit", "index", "instructions"]

NAME = "npm"
FOLDER = "npm"
FORMAT = "npm"
TEXTS: tuple[str, ...] = ("versions",)
SIGNS: Literal["", "openpgp", "apk"] = ""

_NAME = re.compile(r"(@[a-z0-9][a-z0-9._~-]*/)?[a-z0-9][a-z0-9._~-]*")
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the tarball, and its package.json with its digests and its path, without the site's address."""
    package = npm.unpack(released.filename, released.data)
    if not _NAME.fullmatch(package.name) or not _VERSION.fullmatch(package.version):
        what = f"{released.filename}: {package.name}@{package.version}"
        raise PackageError(f"{what} is no name and version that npm takes")
    path = f"-/{package.name}/{released.filename}"
    [described] = [entry.data for entry in package.entries if entry.path == "package/package.json"]
    digest = base64.b64encode(hashlib.sha512(released.data).digest()).decode()
    fields = json.loads(described) | {
        "_id": f"{package.name}@{package.version}",
        "dist": {
            "tarball": path,
            "integrity": f"sha512-{digest}",
            "shasum": hashlib.sha1(released.data, usedforsecurity=False).hexdigest(),
            "fileCount": sum(entry.kind == "file" for entry in package.entries),
            "unpackedSize": sum(len(entry.data) for entry in package.entries),
        },
    }
    file = SiteFile(f"{FOLDER}/{path}", Kind.BLOB, released.data)
    return Admitted(package.name, package.version, (file,), (msgspec.json.encode(fields) + b"\n",))


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put the file of each name, in which withdrawn versions are deprecated."""
    for name, pairs in versions.lines_by_name(shelf, "versions"):
        newest = shelf.stock.names[name].newest
        head = _head(name, newest, (entry for entry, _ in pairs()))
        content = _packument(head, pairs(), f"{publication.url}/{FOLDER}")
        staging.put(f"{FOLDER}/{name}", Kind.LEAF, content)


def _head(name: str, newest: SiteEntry | None, entries: Iterable[SiteEntry]) -> dict[str, Any]:
    """Return the document without its versions; `latest` is what `npm install` takes, none withdrawn."""
    times: dict[str, str] = {}
    created, changed = sys.maxsize, 0
    for entry in entries:
        times[entry.version] = _time(entry.added)
        created, changed = min(created, entry.added), max(changed, entry.added, entry.withdrawn_at)
    return {
        "_id": name,
        "name": name,
        "dist-tags": {"latest": newest.version} if newest else {},
        "time": {"created": _time(created), "modified": _time(changed)} | times,
    }


def _packument(head: dict[str, Any], pairs: Iterable[tuple[SiteEntry, bytes]], url: str) -> Iterator[bytes]:
    """Yield the document of one name."""
    yield json.dumps(head)[:-1].encode() + b', "versions": {'
    for count, (entry, line) in enumerate(pairs):
        fields = msgspec.json.decode(line)
        yield (b",\n" if count else b"\n") + json.dumps(entry.version).encode() + b": "
        yield msgspec.json.encode(_offered(entry, fields, url))
    yield b"\n}}\n"


def _offered(entry: SiteEntry, fields: dict[str, Any], url: str) -> dict[str, Any]:
    fields["dist"]["tarball"] = f"{url}/{fields['dist']['tarball']}"
    return fields | ({"deprecated": entry.withdrawn} if entry.withdrawn else {})


def _time(seconds: int) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%dT%H:%M:%S.000Z}"
