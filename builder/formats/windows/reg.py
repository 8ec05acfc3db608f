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
_MAX_KEYS = 20_000
_SAID = re.compile(r"; (\S+) (\S+)")
_KEY = re.compile(r"\[(-?)([^\]\r\n]+)\]")
_HEX = re.compile(r'"Blob"=hex:((?:[0-9a-fA-F]{2},?)*)')


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
    # A line that ends in a backslash goes on in the next one.
    lines = re.sub(r"\\\r?\n[ \t]*", "", text).splitlines()
    said = next((found for line in lines if (found := _SAID.fullmatch(line))), None)
    called, version = said.groups() if said else ("", "")
    entries = tuple(_entries(lines))
    removed = sum(entry.path.startswith("-") for entry in entries)
    about = {"added": str(len(entries) - removed), "removed": str(removed)}
    return Unpacked("reg", called, version, about, entries)


def _entries(lines: list[str]) -> Iterator[Entry]:
    key, count = "", 0
    for line in lines:
        if found := _KEY.fullmatch(line.strip()):
            count += 1
            if count > _MAX_KEYS:
                raise Malformed(f"has more than {_MAX_KEYS} keys")
            key = found[2].replace("\\", "/")
            if found[1]:
                yield Entry(f"-{key}")
        elif stores.is_placed(key) and line.startswith(f'"{stores.VALUE}"'):
            value = _HEX.fullmatch(line.strip())
            if value is None:
                raise Malformed(f"{key}: its value is no list of bytes")
            yield stores.entry(key, bytes.fromhex(value[1].replace(",", "")))
