"""A gzipped tar: npm packages are written so, source archives, and Homebrew bottles (docs.brew.sh)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.formats import compression, tar
from builder.formats.unpacked import Malformed, Unpacked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.formats.metadata import MetadataKey
    from builder.formats.unpacked import Entry
    from builder.model import Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {}

# A bottle is poured into the Cellar as NAME/VERSION and carries its formula there.
_BOTTLED = re.compile(r"([^/]+)/([^/]+)/\.brew/\1\.rb")
_NAMED = re.compile(r"(.+?)-(\d[^/]*)")


def write(package: Package) -> bytes:
    """Return the .tar.gz of the package's files."""
    return compression.gzip(tar.write(package.files, package.epoch))


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a gzipped tar."""
    return compression.head(data, 512)[257:262] == b"ustar"


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a .tar.gz; name and version are those of the bottle, or of the one folder NAME-VERSION."""
    entries = tar.unpack(".tar.gz", compression.decompress(".tar.gz", data))
    if not entries:
        raise Malformed("the archive is empty")
    if bottled := [found for entry in entries if (found := _BOTTLED.fullmatch(entry.path))]:
        return Unpacked("bottle", bottled[0][1], bottled[0][2], {}, entries)
    named = _NAMED.fullmatch(_top(entries))
    name, version = named.groups() if named else ("", "")
    return Unpacked("archive", name, version, {}, entries)


def _top(entries: tuple[Entry, ...]) -> str:
    tops = {entry.path.split("/", 1)[0] for entry in entries}
    return tops.pop() if len(tops) == 1 else ""
