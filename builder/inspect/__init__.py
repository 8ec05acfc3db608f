"""Inspect: read back what is inside a built package. Nothing of it is run.

What a package says of itself is checked against its own digests, so that what is shown is what installs.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING

from builder.errors import NotAPackageError, PackageError
from builder.formats import READERS, format_of
from builder.formats.unpacked import Malformed
from builder.inspect.certificates import blocks, held, listed
from builder.inspect.contents import Contents, Flaw, Held, Member
from builder.text.quoting import visible
from builder.x509 import keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.formats.unpacked import Entry, Unpacked

__all__ = ["Contents", "Flaw", "Held", "Member", "format_of", "read", "unpack"]


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
    known = format_of(data)
    if not known:
        raise NotAPackageError(
            f"{visible(name)}: is no package in a format that inspect reads",
            hint=f"formats are {', '.join(READERS)}",
        )
    try:
        return READERS[known].unpack(name.rsplit("/", 1)[-1], data)
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
    found = [one for file in files for one in held(file.path, file.data)]
    certificates = [one for one in found if isinstance(one, Held)]
    blocked, shipped = (
        [one for one in certificates if blocks(one.file) == wanted] for wanted in (True, False)
    )
    lists = [told for file in files if (told := listed(file.path, file.data)) is not None]
    said = [*(one for told in lists for one in told), *blocked]
    return Contents(
        format=package.format,
        name=package.name,
        version=package.version,
        metadata=dict(package.metadata),
        files=tuple(_member(entry) for entry in entries),
        scripts=dict(package.scripts),
        certificates=tuple(shipped),
        distrusted=tuple(said) if said or lists else None,
        unreadable=tuple(one for one in found if isinstance(one, Flaw)),
        private_keys=tuple(_keys(package, files)),
    )


def _keys(package: Unpacked, files: Sequence[Entry]) -> Iterator[Flaw]:
    """Yield each file and script of a package that holds a private key."""
    scripts = {name: text.encode("utf-8", "surrogatepass") for name, text in package.scripts.items()}
    for name, data in [*((file.path, file.data) for file in files), *scripts.items()]:
        kind, _ = keys.find(data)
        if kind:
            yield Flaw(name, kind)


def _member(entry: Entry) -> Member:
    digest = hashlib.sha256(entry.data).hexdigest() if entry.kind == "file" else ""
    return Member(entry.path, entry.kind, entry.mode, len(entry.data), digest, entry.owner, entry.link)
