"""conda packages, format 2 (docs.conda.io, "Package specification"): a stored zip of two tars and what it is.

Both tars are zstd frames of raw blocks: what zstd compresses to differs between its versions. A package says
noarch: generic, so its paths are the same on every system.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from builder.formats import compression, tar
from builder.formats import zip as archive
from builder.formats.control import Unwritable, line, matching
from builder.formats.unpacked import Malformed, Unpacked
from builder.model import File
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.formats.metadata import MetadataKey
    from builder.formats.unpacked import Entry
    from builder.model import Package

KIND = "conda"  # what unpack calls the format
SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {}

_FORMAT = "metadata.json"
_VERSION_OF_FORMAT = 2
_BUILD = "0"
_NAME = re.compile(r"[a-z0-9_][a-z0-9._-]*")
_VERSION = re.compile(r"[0-9][0-9a-z.]*")
_PART = re.compile(r"(info|pkg)-([^/]+)\.tar\.zst")
_INDEX, _PATHS, _ABOUT = "info/index.json", "info/paths.json", "info/about.json"
_MAX_JSON = 16 * 1024 * 1024
_PARTS = 3  # a package's members


def write(package: Package) -> bytes:
    """Return the .conda; its file name must be that of its name, version and build, which clients expect."""
    name = matching("a conda package's name", package.name, _NAME)
    version = matching("a conda package's version", package.version, _VERSION)
    stem = f"{name}-{version}-{_BUILD}"
    if package.filename != f"{stem}.conda":
        raise Unwritable(f"'{package.filename}': its file must be called '{stem}.conda'")
    information = [File(path, _json(value)) for path, value in _information(package).items()]
    listed = "".join(f"{file.path}\n" for file in _sorted(package.files))
    information.append(File("info/files", listed.encode()))
    parts = {
        f"pkg-{stem}.tar.zst": tar.write(package.files, package.epoch),
        f"info-{stem}.tar.zst": tar.write(information, package.epoch),
    }
    members = [File(_FORMAT, _json({"conda_pkg_format_version": _VERSION_OF_FORMAT}))]
    members += [File(path, compression.zstd(data)) for path, data in parts.items()]
    return archive.write(members, package.epoch)


def _information(package: Package) -> dict[str, dict[str, Any]]:
    organisation = package.organisation
    return {
        _INDEX: {
            "arch": None,
            "build": _BUILD,
            "build_number": 0,
            "depends": [],
            "license": line("license", organisation.license),
            "name": package.name,
            "noarch": "generic",
            "platform": None,
            "subdir": "noarch",
            "timestamp": package.epoch * 1000,
            "version": package.version,
        },
        _ABOUT: {
            "description": organisation.description,
            "home": organisation.homepage,
            "license": organisation.license,
            "summary": organisation.summary,
        },
        _PATHS: {
            "paths": [
                {
                    "_path": file.path,
                    "path_type": "hardlink",
                    "sha256": hashlib.sha256(file.data).hexdigest(),
                    "size_in_bytes": len(file.data),
                }
                for file in _sorted(package.files)
            ],
            "paths_version": 1,
        },
    }


def _sorted(files: tuple[File, ...]) -> list[File]:
    if folders := [file.path for file in files if file.kind == "dir"]:
        raise Unwritable(f"'{folders[0]}': is a folder, and a conda package lists files alone")
    return sorted(files, key=lambda file: file.path.encode())


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode("ascii") + b"\n"


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a zip with the parts of a conda package."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        return _FORMAT in archive.names(data) and len([*filter(_PART.fullmatch, archive.names(data))]) > 1
    except Malformed:
        return False


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a .conda and check its files against info/paths.json."""
    members = {entry.path: entry.data for entry in archive.read(data)}
    parts = {found[1]: (path, found[2]) for path in members if (found := _PART.fullmatch(path))}
    if len(members) != _PARTS or parts.keys() != {"info", "pkg"}:
        raise Malformed(f"holds more or less than {_FORMAT}, an info and a pkg")
    if _read(_FORMAT, members.get(_FORMAT, b"")).get("conda_pkg_format_version") != _VERSION_OF_FORMAT:
        raise Malformed(f"{_FORMAT}: is of another format than {_VERSION_OF_FORMAT}")
    information = {entry.path: entry.data for entry in _untar(parts["info"][0], members)}
    entries = _untar(parts["pkg"][0], members)
    fields = _read(_INDEX, information.get(_INDEX, b""))
    named = tuple(fields.get(key) for key in ("name", "version", "build"))
    if not all(isinstance(one, str) for one in named):
        raise Malformed(f"{_INDEX}: gives no name, version and build")
    name, version, build = map(str, named)
    if {stem for _, stem in parts.values()} != {f"{name}-{version}-{build}"}:
        raise Malformed(f"{_INDEX}: is of {visible(f'{name}-{version}-{build}')}, and its parts are not")
    _check(_read(_PATHS, information.get(_PATHS, b"")), entries)
    fields |= _read(_ABOUT, information[_ABOUT]) if _ABOUT in information else {}
    shown = {key: _text(value) for key, value in fields.items() if value not in (None, [], "")}
    return Unpacked(KIND, name, version, shown, entries)


def record(data: bytes) -> dict[str, Any]:
    """Return what a channel's index says of a .conda: its own fields, its size and its digests."""
    members = {entry.path: entry.data for entry in archive.read(data)}
    path = next(path for path in members if path.startswith("info-"))
    information = {entry.path: entry.data for entry in _untar(path, members)}
    return _read(_INDEX, information.get(_INDEX, b"")) | {
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }


def _untar(path: str, members: Mapping[str, bytes]) -> tuple[Entry, ...]:
    return tar.unpack(path, compression.decompress(path, members[path]))


def _check(said: Mapping[str, Any], entries: tuple[Entry, ...]) -> None:
    """Raise Malformed where info/paths.json says something else than what is there."""
    rows = said.get("paths")
    try:
        expected = {row["_path"]: row["sha256"] for row in rows} if isinstance(rows, list) else {}
    except (KeyError, TypeError):
        raise Malformed(f"{_PATHS}: is no list of paths and digests") from None
    found = {one.path: hashlib.sha256(one.data).hexdigest() for one in entries if one.kind != "dir"}
    if wrong := sorted(path for path in {*expected, *found} if expected.get(path) != found.get(path)):
        raise Malformed(f"{visible(str(wrong[0]))}: does not match {_PATHS}")


def _read(path: str, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data) if len(data) <= _MAX_JSON else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Malformed(f"{path}: is missing, or no JSON object")
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
