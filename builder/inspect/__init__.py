"""Inspect: read back what is inside a built package. Nothing of it is run.

What a package says of itself is checked against its own digests, so that what is shown is what installs.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING

from builder.errors import NotAPackageError, PackageError
from builder.formats import READERS
from builder.formats.unpacked import Malformed
from builder.inspect.certificates import blocks, held, listed
from builder.inspect.contents import Contents, Held, Member
from builder.text.quoting import visible

if TYPE_CHECKING:
    from builder.formats.unpacked import Entry, Unpacked

__all__ = ["Contents", "Held", "Member", "read", "unpack"]


def read(name: str, data: bytes) -> Contents:
    """Return what is inside the package `data`; `name` is the file's, for messages.

    Raises NotAPackageError where no format is recognised, PackageError where one is and its rules are broken.
    """
    package = unpack(name, data)
    try:
        return _contents(package)
    except Malformed as fault:
        raise _error(name, fault) from None


def unpack(name: str, data: bytes) -> Unpacked:
    """Return the package `data` with the bytes of its files; raises what `read` raises."""
    module = next((module for module in READERS.values() if module.recognises(data)), None)
    if module is None:
        raise NotAPackageError(
            f"{visible(name)}: is no package in a format that inspect reads",
            hint=f"formats are {', '.join(READERS)}",
        )
    try:
        return module.unpack(name.rsplit("/", 1)[-1], data)
    except Malformed as fault:
        raise _error(name, fault) from None


def _error(name: str, fault: Malformed) -> PackageError:
    return PackageError(f"{visible(name)}: {visible(str(fault))}")


def _contents(package: Unpacked) -> Contents:
    entries = sorted(package.entries, key=lambda entry: entry.path)
    for one, other in pairwise(entries):
        if one.path == other.path:
            raise Malformed(f"{one.path}: is a duplicate entry")
    files = [entry for entry in entries if entry.kind == "file"]
    blocked, shipped = (
        [one for file in files if blocks(file.path) == wanted for one in held(file.path, file.data)]
        for wanted in (True, False)
    )
    lists = [found for file in files if (found := listed(file.path, file.data)) is not None]
    said = [*(one for found in lists for one in found), *blocked]
    return Contents(
        format=package.format,
        name=package.name,
        version=package.version,
        metadata=dict(package.metadata),
        files=tuple(_member(entry) for entry in entries),
        scripts=dict(package.scripts),
        certificates=tuple(shipped),
        distrusted=tuple(said) if said or lists else None,
    )


def _member(entry: Entry) -> Member:
    digest = hashlib.sha256(entry.data).hexdigest() if entry.kind == "file" else ""
    return Member(entry.path, entry.kind, entry.mode, len(entry.data), digest, entry.owner, entry.link)
