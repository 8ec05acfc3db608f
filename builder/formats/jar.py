"""Java archives (JAR File Specification): a stored zip that begins with META-INF/MANIFEST.MF.

A class is found by its name alone, which is its path. So where a recipe puts a class file, or a source, to
another folder than that of its package, it is given that package: one compiled file serves every
organisation, and building needs no compiler. (In render, which knows organisations, the same would have to
know of Java.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.formats import classfile
from builder.formats import zip as archive
from builder.formats.control import Unwritable
from builder.formats.unpacked import Malformed, Unpacked, text
from builder.model import File

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.formats.metadata import MetadataKey
    from builder.formats.unpacked import Entry
    from builder.model import Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {}

KIND = "jar"
ATTACHED = (
    "attached-jar"  # as Maven calls what comes with a jar: its sources, its documentation, Spring's part
)
MANIFEST = "META-INF/MANIFEST.MF"
_LINE = 72  # bytes of a manifest's line, without its end; what is longer goes on in the next, after a blank
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_DECLARED = re.compile(rb"(?m)^package ([A-Za-z0-9_.]+);")
_COORDINATES = re.compile(r"META-INF/maven/[^/]+/[^/]+/pom\.properties")
# The JVM, or a framework at its start, runs what these name.
_STARTERS = re.compile(r"META-INF/(services/.+|spring\.factories|spring/.+\.imports)")
_SPRING = "META-INF/spring.factories"
_AGENTS = ("Premain-Class", "Agent-Class", "Launcher-Agent-Class")


def write(package: Package) -> bytes:
    """Return the .jar, its manifest first, every class in the package of its folder."""
    files = {file.path: file for file in package.files}
    if MANIFEST not in files:
        raise Unwritable(f"a jar needs a file '{MANIFEST}'")
    try:
        names = _moved(package.files)
        rest = [_placed(file, names) for file in package.files if file.path != MANIFEST]
    except Malformed as fault:
        raise Unwritable(str(fault)) from None
    manifest = File(MANIFEST, _manifest(files[MANIFEST].data), files[MANIFEST].mode)
    return archive.write([manifest, *sorted(rest, key=lambda file: file.path.encode())], package.epoch)


def _moved(files: Iterable[File]) -> dict[str, str]:
    """Return the new name of each class that lies elsewhere than it says: its path without the ending."""
    found: dict[str, str] = {}
    for file in files:
        path, dot, ending = file.path.rpartition(".")
        if dot and ending == "class":
            found[_named(file)] = path
        elif dot and ending == "java" and (declared := _DECLARED.search(file.data)):
            old = declared[1].decode("ascii").replace(".", "/")
            found[f"{old}/{path.rpartition('/')[2]}"] = path
    return {old: new for old, new in found.items() if old != new}


def _named(file: File) -> str:
    try:
        found = classfile.name(file.data)
    except Malformed as fault:
        raise Malformed(f"{file.path}: {fault}") from None
    if found.rpartition("/")[2] != file.path.rpartition("/")[2].removesuffix(".class"):
        raise Malformed(f"{file.path}: is the class {found}, which only another package can be given")
    return found


def _placed(file: File, names: Mapping[str, str]) -> File:
    if file.path.endswith(".class"):
        return File(file.path, classfile.renamed(file.data, names), file.mode)
    if file.path.endswith(".java"):
        folder = file.path.rpartition("/")[0].replace("/", ".").encode()
        declared = _DECLARED.sub(lambda _: b"package " + folder + b";", file.data, count=1)
        return File(file.path, classfile.in_text(declared, names), file.mode)
    return file


def _manifest(lines: bytes) -> bytes:
    """Return a manifest as the specification wants it, from plain lines: 'Name: value'."""
    out = bytearray()
    for line in lines.decode("utf-8").splitlines():
        name, colon, value = line.partition(": ")
        if not colon or not _NAME.fullmatch(name) or not value.strip():
            raise Unwritable(f"{MANIFEST}: '{line}' is no 'Name: value'")
        out += _wrapped(line)
    return bytes(out + b"\r\n")


def _wrapped(line: str) -> bytes:
    out, row = bytearray(), b""
    for sign in line:
        octets = sign.encode()
        if len(row) + len(octets) > _LINE:
            out += row + b"\r\n"
            row = b" "
        row += octets
    return bytes(out + row + b"\r\n")


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a zip that has Maven's coordinates: no other jar says what it is called."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        return any(map(_COORDINATES.fullmatch, archive.names(data)))
    except Malformed:
        return False


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a .jar; its name and version are Maven's coordinates, which it carries."""
    entries = archive.read(data)
    files = {entry.path: entry.data for entry in entries if entry.kind == "file"}
    coordinates = [path for path in files if _COORDINATES.fullmatch(path)]
    if len(coordinates) != 1:
        raise Malformed("a jar without exactly one META-INF/maven/…/pom.properties has no name")
    said = _properties(text(files[coordinates[0]]))
    if not all(said.get(key) for key in ("groupId", "artifactId", "version")):
        raise Malformed(f"{coordinates[0]}: gives no name and version")
    name = f"{said['groupId']}:{said['artifactId']}"
    if MANIFEST not in files:
        raise Malformed(f"{MANIFEST}: is missing")
    manifest = attributes(files[MANIFEST])
    is_main = _SPRING not in files and any(path.endswith(".class") for path in files)
    kind = KIND if is_main else ATTACHED
    return Unpacked(kind, name, said["version"], manifest, entries, _scripts(entries, manifest))


def attributes(manifest: bytes) -> dict[str, str]:
    """Return the main attributes of a manifest, of which a name may stand twice: the last one counts."""
    whole = text(manifest).replace("\r\n", "\n").replace("\r", "\n").replace("\n ", "")
    head = whole.split("\n\n", 1)[0]
    return dict(line.split(": ", 1) for line in head.split("\n") if ": " in line)


def _properties(lines: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines.split("\n") if "=" in line and not line.startswith("#"))


def _scripts(entries: Iterable[Entry], manifest: Mapping[str, str]) -> dict[str, str]:
    agents = {name: manifest[name] for name in _AGENTS if name in manifest}
    return agents | {entry.path: text(entry.data) for entry in entries if _STARTERS.fullmatch(entry.path)}
