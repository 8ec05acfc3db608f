"""Inspect: read back what is inside a built package. Nothing of it is run.

What a package says of itself is checked against its own digests, so that what is shown is what installs.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import structs

from builder.errors import NotAPackageError, PackageError
from builder.formats import READERS, format_of
from builder.formats.unpacked import Malformed
from builder.inspect.certificates import blocks, held, is_policy, listed, meant
from builder.inspect.contents import Contents, Flaw, Held, Member
from builder.model.domains import ordered
from builder.text.quoting import visible
from builder.x509 import keys
from builder.x509.constraints import worded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.formats.unpacked import Entry, Unpacked

__all__ = ["Contents", "Flaw", "Held", "Member", "constrained", "format_of", "read", "unpack", "worded"]


def read(name: str, data: bytes) -> Contents:
    """Return what is inside the package `data`; `name` is the file's, for messages.

    Raises NotAPackageError where no format is recognised, PackageError where one is and its rules are broken.
    """
    package = unpack(name, data)
    try:
        return _contents(package)
    except Malformed as fault:
        raise _error(name, fault) from None


def constrained(pem: bytes) -> dict[str, str]:
    """Return what certificates' own name constraints say, in words, by their SHA-256; most have none."""
    found = (one for one in held("", pem) if isinstance(one, Held))
    return {one.certificate.sha256: worded(one.constraints) for one in found if one.constraints}


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
    domains = _meant(files)
    certificates = [_with_domains(one, domains) for one in found if isinstance(one, Held)]
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


def _meant(files: Sequence[Entry]) -> Mapping[str, tuple[str, ...]]:
    """Return the names that a package's lists say each CA is meant for; where they differ, all of them."""
    known: dict[str, set[tuple[str, ...]]] = {}
    for file in files:
        for sha256, domains in meant(file.path, file.data).items():
            known.setdefault(sha256, set()).add(domains)
    return {
        sha256: () if () in said else ordered({one for domains in said for one in domains})
        for sha256, said in known.items()
    }


def _with_domains(one: Held, domains: Mapping[str, tuple[str, ...]]) -> Held:
    """Return a certificate with the names that its package's list has for it; browsers' policies say them."""
    if is_policy(one.file) or not domains.get(one.certificate.sha256):
        return one
    said = structs.replace(one.certificate, domains=domains[one.certificate.sha256])
    return replace(one, certificate=said)


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
