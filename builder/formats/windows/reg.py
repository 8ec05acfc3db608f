r"""Registration entries: a .reg file (version 5.00) for certificate stores, in UTF-16 with a mark, and CRLF.

The keys that are added have a value Blob; with the metadata `removes`, the same keys are taken away: [-KEY].
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.formats.compression import LIMIT
from builder.formats.metadata import LINE, one_of
from builder.formats.unpacked import Entry, Malformed, Unpacked
from builder.formats.windows import stores

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.formats.metadata import MetadataKey
    from builder.model import Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {"removes": one_of("true"), "about": LINE}

_FIRST = "Windows Registry Editor Version 5.00"
_MARK = b"\xff\xfe"
_WIDTH = 25  # bytes of a value on a line: regedit's own lines have 80 characters at most
_MAX_KEYS, _MAX_LINES = 20_000, 2_000_000
_SAID = re.compile(r"; (\S+) (\S+)")
_HEX = re.compile(r'"Blob"\s*=\s*hex(?:\(3\))?:((?:[0-9a-f]{2}(?:,|$))*+)', re.IGNORECASE)


def write(package: Package) -> bytes:
    """Return the .reg that adds or removes each certificate of the package."""
    removes = "removes" in package.metadata
    about = package.metadata.get("about", "")
    lines = [_FIRST, "", f"; {package.name} {package.version}", *([f"; {about}"] if about else [])]
    for one in stores.stored(package.files):
        key = one.path.replace("/", "\\")
        lines += ["", f"[-{key}]"] if removes else ["", f"[{key}]", *_value(one.blob)]
    return _MARK + "".join(f"{line}\r\n" for line in lines).encode("utf-16-le")


def _value(blob: bytes) -> Iterator[str]:
    """Yield the lines of a value: each but the last ends in a backslash."""
    rows = [blob[at : at + _WIDTH].hex(",") for at in range(0, len(blob), _WIDTH)]
    for number, row in enumerate(rows):
        start = f'"{stores.VALUE}"=hex:' if not number else "  "
        yield start + row + (",\\" if number < len(rows) - 1 else "")


def recognises(data: bytes) -> bool:
    """Tell whether `data` begins as a .reg in UTF-16 does."""
    return data.startswith(_MARK + _FIRST.encode("utf-16-le"))


def unpack(name: str, data: bytes) -> Unpacked:
    """Read what a .reg puts into certificate stores; a key that it removes is a file without content."""
    del name
    if len(data) > LIMIT:
        raise Malformed("is longer than inspect reads")
    try:
        text = data.removeprefix(_MARK).decode("utf-16-le")
    except UnicodeDecodeError:
        raise Malformed("is no UTF-16") from None
    rows = text.splitlines()
    if len(rows) > _MAX_LINES:
        raise Malformed(f"has more than {_MAX_LINES} lines")
    lines = list(_logical(rows))
    said = next((found for line in lines if (found := _SAID.fullmatch(line))), None)
    called, version = said.groups() if said else ("", "")
    entries = tuple(_entries(lines))
    removed = sum(entry.path.startswith("-") for entry in entries)
    about = {"added": str(len(entries) - removed), "removed": str(removed)}
    return Unpacked("reg", called, version, about, entries)


def _logical(rows: list[str]) -> Iterator[str]:
    """Yield the lines, a value that goes on in those below it as one; a comment, or a key, never goes on."""
    parts: list[str] = []
    for line in map(str.strip, rows):
        if parts and line.startswith("["):
            yield "".join(parts)
            parts = []
        goes_on = line.endswith("\\") and (parts or line.startswith('"'))
        parts.append(line.rstrip("\\") if goes_on else line)
        if not goes_on:
            yield "".join(parts)
            parts = []
    yield "".join(parts)


def _entries(lines: list[str]) -> Iterator[Entry]:
    key, count = "", 0
    for line in lines:
        if line.startswith("["):
            count += 1
            if count > _MAX_KEYS:
                raise Malformed(f"has more than {_MAX_KEYS} keys")
            # What follows the last bracket is passed over by regedit, too.
            written = line[1:].rpartition("]")[0].strip()
            key = written.removeprefix("-").replace("\\", "/")
            if written.startswith("-"):
                yield Entry(f"-{key}")
        elif stores.is_placed(key) and stores.is_value(line.partition("=")[0].strip().strip('"')):
            value = _HEX.fullmatch(line)
            if value is None:
                raise Malformed(f"{key}: its value is no list of bytes")
            yield stores.entry(key, bytes.fromhex(value[1].replace(",", "")))
