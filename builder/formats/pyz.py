"""Python zip applications (PEP 441): a line that names the interpreter, and a stored zip with __main__.py.

The line has Python's fixed path, which no PATH can change, and -I, with which it imports nothing from the
folder it is started in, nor from where variables say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from builder.formats import zip as archive
from builder.formats.control import Unwritable
from builder.formats.unpacked import Malformed, Unpacked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.formats.metadata import MetadataKey
    from builder.model import Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {}

MAIN = "__main__.py"
STARTER = b"#!/usr/bin/python3 -I\n"
_ABOUT = "release.json"
_FIRST = re.compile(rb"#![^\r\n]{1,200}\n(?=PK\x03\x04)")


class _About(msgspec.Struct, frozen=True):
    """What an application of ours says of itself."""

    name: str
    version: str


def write(package: Package) -> bytes:
    """Return the .pyz, its members sorted by path."""
    if MAIN not in {file.path for file in package.files}:
        raise Unwritable(f"a pyz needs a file '{MAIN}', which is run")
    files = sorted(package.files, key=lambda file: file.path.encode())
    return archive.write(files, package.epoch, before=STARTER)


def recognises(data: bytes) -> bool:
    """Tell whether `data` is a line that names an interpreter, and a zip behind it."""
    return _FIRST.match(data) is not None


def unpack(_name: str, data: bytes) -> Unpacked:
    """Read a .pyz; name and version are those of ours, which say so in a file; others have none."""
    entries = archive.read(data)
    files = {entry.path: entry.data for entry in entries if entry.kind == "file"}
    if MAIN not in files:
        raise Malformed(f"{MAIN}: is missing")
    first = data.partition(b"\n")[0].decode("utf-8", "backslashreplace")
    try:
        about = msgspec.json.decode(files.get(_ABOUT, b""), type=_About)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        about = _About("", "")
    return Unpacked("pyz", about.name, about.version, {"interpreter": first}, entries)
