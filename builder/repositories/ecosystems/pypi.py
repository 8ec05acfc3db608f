"""A Python package index (PEP 503, 592, 658, 691, 700): pages of links that pip, uv and poetry read.

A name's page is there as HTML, and as JSON for a server that is told to choose by the Accept header: only
JSON says when a file was uploaded. Links are relative, so pages stay as they are when the site moves.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import html
import json
import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import msgspec

from builder.errors import PackageError
from builder.formats import wheel
from builder.repositories.ecosystem import Admitted
from builder.repositories.ecosystems import versions
from builder.repositories.ecosystems.python_clients import instructions
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.repositories.entry import Released, SiteEntry
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Staging

__all__ = ["FOLDER", "FORMAT", "NAME", "SIGNS", "TEXTS", "admit", "index", "instructions"]

NAME = "pypi"
FOLDER = "pypi"
FORMAT = "wheel"
TEXTS: tuple[str, ...] = ("files",)
SIGNS: Literal["", "openpgp", "apk"] = ""

_VERSION = "1.1"  # of the interface: the one that has sizes and times
_META = {"api-version": _VERSION}


class _Wheel(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the index says of one file that never changes; digests are SHA-256 in hex."""

    filename: str
    size: int
    sha256: str
    metadata: str
    python: str = ""


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the wheel and, beside it, its METADATA, which lets installers plan without downloading it."""
    package = wheel.unpack(released.filename, released.data)
    name = re.sub(r"[-_.]+", "-", package.name).lower()
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name):
        raise PackageError(f"{released.filename}: '{name}' is no name that a Python package can have")
    files = {entry.path: entry.data for entry in package.entries}
    [folder] = [path.removesuffix("WHEEL") for path in files if path.endswith(".dist-info/WHEEL")]
    metadata = files[f"{folder}METADATA"]
    described = _Wheel(
        released.filename,
        len(released.data),
        hashlib.sha256(released.data).hexdigest(),
        hashlib.sha256(metadata).hexdigest(),
        package.metadata.get("Requires-Python", ""),
    )
    path = f"{FOLDER}/files/{released.filename}"
    blobs = SiteFile(path, Kind.BLOB, released.data), SiteFile(f"{path}.metadata", Kind.BLOB, metadata)
    return Admitted(name, package.version, blobs, (msgspec.json.encode(described) + b"\n",))


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put the page of each name, with withdrawn files marked as yanked, and that of all names."""
    names = []
    for name, pairs in versions.lines_by_name(shelf, "files"):
        names.append(name)
        known = sorted({entry.version for entry, _ in pairs()})
        page, document = _page(name, _wheels(pairs())), _document(name, known, _wheels(pairs()))
        staging.put(f"{FOLDER}/simple/{name}/index.html", Kind.LEAF, page)
        staging.put(f"{FOLDER}/simple/{name}/index.json", Kind.LEAF, document)
    links = [f'<a href="{name}/">{name}</a><br>\n' for name in names]
    projects = {"meta": _META, "projects": [{"name": name} for name in names]}
    staging.put(f"{FOLDER}/simple/index.html", Kind.POINTER, _html("Simple index", links))
    staging.put(f"{FOLDER}/simple/index.json", Kind.POINTER, json.dumps(projects) + "\n")


def _wheels(pairs: Iterable[tuple[SiteEntry, bytes]]) -> Iterator[tuple[SiteEntry, _Wheel]]:
    return ((entry, msgspec.json.decode(line, type=_Wheel)) for entry, line in pairs)


def _page(name: str, wheels: Iterable[tuple[SiteEntry, _Wheel]]) -> Iterator[bytes]:
    return _html(f"Links for {name}", (_link(entry, one) for entry, one in wheels))


def _html(title: str, links: Iterable[str]) -> Iterator[bytes]:
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="pypi:repository-version" content="{_VERSION}">\n<title>{title}</title>\n'
        f"</head>\n<body>\n<h1>{title}</h1>\n"
    ).encode()
    for link in links:
        yield link.encode()
    yield b"</body>\n</html>\n"


def _link(entry: SiteEntry, one: _Wheel) -> str:
    attributes = {
        "href": f"{_address(one)}#sha256={one.sha256}",
        "data-core-metadata": f"sha256={one.metadata}",
        "data-dist-info-metadata": f"sha256={one.metadata}",  # what pip before 23.3 looks for
    }
    if one.python:
        attributes["data-requires-python"] = one.python
    if entry.withdrawn:
        attributes["data-yanked"] = entry.withdrawn
    words = "".join(f' {key}="{html.escape(value)}"' for key, value in attributes.items())
    return f"<a{words}>{html.escape(one.filename)}</a><br>\n"


def _document(name: str, known: Sequence[str], wheels: Iterable[tuple[SiteEntry, _Wheel]]) -> Iterator[bytes]:
    head = json.dumps({"meta": _META, "name": name, "versions": known})
    yield f'{head[:-1]}, "files": ['.encode()
    for count, (entry, one) in enumerate(wheels):
        yield (",\n" if count else "\n").encode() + json.dumps(_described(entry, one)).encode()
    yield b"\n]}\n"


def _described(entry: SiteEntry, one: _Wheel) -> dict[str, object]:
    uploaded = dt.datetime.fromtimestamp(entry.added, dt.UTC)
    return {
        "filename": one.filename,
        "url": _address(one),
        "hashes": {"sha256": one.sha256},
        **({"requires-python": one.python} if one.python else {}),
        "core-metadata": {"sha256": one.metadata},
        "size": one.size,
        "upload-time": f"{uploaded:%Y-%m-%dT%H:%M:%S.000000Z}",
        "yanked": entry.withdrawn or False,
    }


def _address(one: _Wheel) -> str:
    return f"../../files/{quote(one.filename)}"
