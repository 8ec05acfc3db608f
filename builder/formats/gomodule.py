"""Go modules as proxies hand them out (go.dev/ref/mod#zip-files): a zip with all below `MODULE@VERSION/`.

The h1 sums are those of go.sum: golang.org/x/mod/sumdb/dirhash.Hash1, of files' contents and not of the zip.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from typing import TYPE_CHECKING

from builder.formats import zip as archive
from builder.formats.control import Unwritable, matching
from builder.formats.unpacked import Entry, Malformed, Unpacked
from builder.model import File
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.formats.metadata import MetadataKey
    from builder.model import Package

KIND = "go"  # what unpack calls the format
SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {}

_DEFINITION = "go.mod"
_MAX_DEFINITION = 16 * 1024 * 1024  # golang.org/x/mod/zip.MaxGoMod
# golang.org/x/mod/module.CheckPath and CheckFilePath, but for what we have no use for.
_ELEMENT = r"[A-Za-z0-9_-](?:[A-Za-z0-9._~-]*[A-Za-z0-9_-])?"
_MODULE = re.compile(rf"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+(?:/{_ELEMENT})*")
_FILE = re.compile(r"[A-Za-z0-9_.~+=@!#$%&(),;\[\]{}^ -]+")
# What Windows keeps for itself, whatever follows a dot.
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")
_VERSION = re.compile(r"v(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)")
# A path without a number at its end is of the first two majors.
_MAJORS = ("v0.", "v1.")
_PREFIX = re.compile(r"([^@\s]{1,500})@(v[^@/\s]{1,200})/")
_SAID = re.compile(rb'^[ \t]*(module|go)[ \t]+"?([^\s"]+)"?[ \t]*(?://.*)?$', re.MULTILINE)


def write(package: Package) -> bytes:
    """Return the module's zip; the version is its version in Go, with a v."""
    matching("the path of a Go module", package.name, _MODULE)
    if any(_RESERVED.fullmatch(step) for step in package.name.split("/")):
        raise Unwritable(f"'{package.name}': Go takes no path with a device of Windows in it")
    matching("the version of a Go module, such as v1.2026.10", package.version, _VERSION)
    if not package.version.startswith(_MAJORS):
        raise Unwritable(f"'{package.version}': a module without a /vN at its path's end has v0 and v1 only")
    files = sorted(package.files, key=lambda file: file.path.encode())
    _check_paths(file.path for file in files)
    definition = next((file.data for file in files if file.path == _DEFINITION), b"")
    if _words(definition).get("module") != package.name:
        raise Unwritable(f"{_DEFINITION}: is missing, or names another module than '{package.name}'")
    prefix = f"{package.name}@{package.version}/"
    placed = [File(prefix + file.path, file.data, file.mode, file.kind) for file in files]
    return archive.write(placed, package.epoch)


def _check_paths(paths: Iterable[str]) -> None:
    """Raise Unwritable for what Go refuses to unpack, on Windows or anywhere."""
    known: set[str] = set()
    for path in paths:
        steps = path.split("/")
        if not all(_FILE.fullmatch(step) and not step.endswith(".") for step in steps):
            raise Unwritable(f"'{visible(path)}' is not the path of a file in a Go module")
        if any(_RESERVED.fullmatch(step) for step in steps) or path.lower() in known:
            raise Unwritable(f"'{path}' is no path of its own on every system")
        known.add(path.lower())


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a zip all of whose members lie below one `MODULE@VERSION/`."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        return _prefix(archive.names(data)) is not None
    except Malformed:
        return False


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a module's zip; its entries are seen from the module's folder, as releases can be compared."""
    members = archive.read(data)
    found = _prefix([member.path for member in members])
    if found is None:
        raise Malformed("its members do not lie below one MODULE@VERSION/")
    if strange := [member.path for member in members if member.kind != "file"]:
        raise Malformed(f"{strange[0]}: is no file, and a module's zip holds nothing else")
    files = {member.path: member.data for member in members}
    definition = files.get(f"{found[0]}{_DEFINITION}", b"")
    said = _words(definition)
    if said.get("module") != found[1]:
        raise Malformed(f"{_DEFINITION}: is missing, or names another module than {visible(found[1])}")
    metadata = {"sum": h1(files), "sum of go.mod": h1({_DEFINITION: definition})}
    if "go" in said:
        metadata |= {"go": said["go"]}
    entries = tuple(Entry(m.path.removeprefix(found[0]), m.data, m.mode) for m in members)
    return Unpacked(KIND, found[1], found[2], metadata, entries)


def escaped(path: str) -> str:
    """Return a module's path, or a version, as proxies have it: !a for A."""
    return re.sub("[A-Z]", lambda letter: f"!{letter[0].lower()}", path)


def proxied(module: Unpacked, data: bytes) -> dict[str, bytes]:
    """Return the files that a proxy has of a version, by their paths below its root, the zip first.

    The time is the zip's: the same for all who lay it out.
    """
    place = f"{escaped(module.name)}/@v/{escaped(module.version)}"
    definition = next(entry.data for entry in module.entries if entry.path == _DEFINITION)
    said = json.dumps({"Version": module.version, "Time": _time(data)}) + "\n"
    return {f"{place}.zip": data, f"{place}.info": said.encode("ascii"), f"{place}.mod": definition}


def _time(data: bytes) -> str:
    """Return when the first member was made, from its head (APPNOTE.TXT, 4.4.6), in UTC."""
    clock, day = struct.unpack_from("<HH", data, 10)
    date = f"{1980 + (day >> 9):04}-{day >> 5 & 15:02}-{day & 31:02}"
    return f"{date}T{clock >> 11:02}:{clock >> 5 & 63:02}:{2 * (clock & 31):02}Z"


def h1(files: Mapping[str, bytes]) -> str:
    """Return the sum that go.sum has of these files."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return f"h1:{base64.b64encode(hashlib.sha256(''.join(lines).encode()).digest()).decode('ascii')}"


def _prefix(names: list[str]) -> re.Match[str] | None:
    """Return what all names begin with: matched whole, the module's path, and the version."""
    found = _PREFIX.match(names[0]) if names else None
    return found if found and all(name.startswith(found[0]) for name in names) else None


def _words(definition: bytes) -> dict[str, str]:
    """Return what a go.mod says of module and go."""
    if len(definition) > _MAX_DEFINITION:
        return {}
    return {key.decode(): value.decode("utf-8", "replace") for key, value in _SAID.findall(definition)}
