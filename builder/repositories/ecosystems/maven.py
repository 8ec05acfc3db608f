"""A Maven repository (maven.apache.org/repositories/layout.html): a folder for each version, with checksums.

Maven and Gradle ask maven-metadata.xml for the versions, and compare each file with its checksum. A withdrawn
version is no longer in the metadata, but its files stay for who has pinned it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

from builder.errors import PackageError
from builder.formats import jar, pom
from builder.formats.unpacked import Malformed
from builder.repositories.ecosystem import Admitted
from builder.repositories.ecosystems import versions
from builder.repositories.ecosystems.java_clients import instructions
from builder.repositories.entry import rank
from builder.repositories.sitefile import Kind, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.repositories.entry import Released
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.sitefile import Staging

__all__ = ["FOLDER", "FORMAT", "NAME", "SIGNS", "TEXTS", "admit", "index", "instructions"]

NAME = "maven"
FOLDER = "maven"
FORMAT = jar.KIND
TEXTS: tuple[str, ...] = ("versions",)
# What lies beside a jar is not at hand when another key is to sign: see resign.
SIGNS: Literal["", "openpgp", "apk"] = ""

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*:[A-Za-z0-9_-][A-Za-z0-9._-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_METADATA = "maven-metadata.xml"
# Maven asks for SHA-1 and then MD5; it and Gradle can be told to ask for the others.
_SUMS = ("md5", "sha1", "sha256", "sha512")


def admit(released: Released, publication: Publication) -> Admitted:
    """Return the jar, the project file and what else comes with them, each with its checksums."""
    package = jar.unpack(released.filename, released.data)
    if not _NAME.fullmatch(package.name) or not _VERSION.fullmatch(package.version):
        what = f"{released.filename}: {package.name} {package.version}"
        raise PackageError(f"{what} is no name and version that Maven takes")
    group, _, artifact = package.name.partition(":")
    stem = f"{artifact}-{package.version}"
    contents = {f"{stem}.jar": released.data, **_beside(released, package.name, package.version)}
    if f"{stem}.pom" not in contents:
        raise PackageError(f"{released.filename}: {stem}.pom is not beside it")
    folder = f"{FOLDER}/{group.replace('.', '/')}/{artifact}/{package.version}"
    files = tuple(
        SiteFile(f"{folder}/{file}{ending}", Kind.BLOB, content)
        for file, data in contents.items()
        for ending, content in (("", data), *_sums(data))
    )
    return Admitted(package.name, package.version, files, (f"{package.version}\n".encode(),))


def _beside(released: Released, name: str, version: str) -> dict[str, bytes]:
    """Return the target's other files; raise PackageError for a project file of another name."""
    for file, data in released.beside:
        if not pom.recognises(data):
            continue
        try:
            found = pom.unpack(file, data)
        except Malformed as fault:
            raise PackageError(f"{file}: {fault}") from None
        if (found.name, found.version) != (name, version):
            raise PackageError(f"{file}: is of {found.name} {found.version}, and the jar of {name} {version}")
    return dict(released.beside)


def _sums(data: bytes) -> Iterator[tuple[str, bytes]]:
    for algorithm in _SUMS:
        yield f".{algorithm}", hashlib.new(algorithm, data, usedforsecurity=False).hexdigest().encode()


def index(shelf: Shelf, publication: Publication, staging: Staging) -> None:
    """Put the metadata of each name: the versions that are offered, and which of them is the newest."""
    for name, pairs in versions.lines_by_name(shelf, "versions"):
        offered = [(rank(entry), entry.version, entry.added) for entry, _ in pairs() if not entry.withdrawn]
        changed = max(max(entry.added, entry.withdrawn_at) for entry, _ in pairs())
        offered.sort(key=itemgetter(0))
        group, _, artifact = name.partition(":")
        path = f"{FOLDER}/{group.replace('.', '/')}/{artifact}/{_METADATA}"
        content = _metadata(group, artifact, [version for _, version, _ in offered], changed).encode()
        for ending, data in _sums(content):
            staging.put(f"{path}{ending}", Kind.LEAF, data)
        staging.put(path, Kind.POINTER, content)


def _metadata(group: str, artifact: str, offered: Sequence[str], changed: int) -> str:
    """Return what Maven reads; names and versions have no sign that XML would keep for itself."""
    newest = offered[-1:]
    lines = (
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<metadata>",
        f"  <groupId>{group}</groupId>",
        f"  <artifactId>{artifact}</artifactId>",
        "  <versioning>",
        *(f"    <{key}>{one}</{key}>" for one in newest for key in ("latest", "release")),
        "    <versions>",
        *(f"      <version>{one}</version>" for one in offered),
        "    </versions>",
        f"    <lastUpdated>{dt.datetime.fromtimestamp(changed, dt.UTC):%Y%m%d%H%M%S}</lastUpdated>",
        "  </versioning>",
        "</metadata>",
    )
    return _joined(lines)


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
