"""A folder of organisations: which there are, by their folders' names, and the files of each."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Protocol

import msgspec

from builder.batch import confined, realms
from builder.config import LONGEST_SLUG, SLUG
from builder.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SLUG = re.compile(SLUG)


class Organisations(Protocol):
    """Where organisations' folders lie."""

    @property
    def name(self) -> str:
        """The place as it was given."""
        ...

    def names(self) -> list[str]:
        """Return the names of all folders there, sorted, and of what else could be meant for one."""
        ...

    def read(self, name: str) -> dict[str, bytes]:
        """Return an organisation's files by their paths in its folder, sorted; raises ConfigError."""
        ...


class FoundOrganisations(msgspec.Struct, frozen=True):
    """The organisations to look at, and why each of the other names is not one."""

    slugs: tuple[str, ...]
    refused: tuple[tuple[str, str, str], ...]


class OrganisationsFolder:
    """A folder on this machine."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    @property
    def name(self) -> str:
        """The folder as it was given."""
        return str(self._path)

    def names(self) -> list[str]:
        """Return all that is no file, such as a README; what is hidden belongs to tools."""
        with os.scandir(self._descriptor) as entries:
            return sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".") and not entry.is_file(follow_symlinks=False)
            )

    def read(self, name: str) -> dict[str, bytes]:
        """Return the files of one folder in it."""
        return confined.read(name, self._descriptor, f"{self._path}/{name}")


@contextlib.contextmanager
def opened(path: Path) -> Iterator[OrganisationsFolder]:
    """Open a folder of organisations; raise OutputError where there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        hint = "give the folder that holds one folder for each organisation"
        raise OutputError(f"{path}: cannot be read: {error.strerror}", hint=hint) from None
    try:
        yield OrganisationsFolder(path, descriptor)
    finally:
        os.close(descriptor)


def find(place: Organisations, only: Iterable[str] | None = None) -> FoundOrganisations:
    """Return the organisations of a place: those with a usable name that no other is like.

    Raises UsageError for one of `only` that is not there.
    """
    names = place.names()
    wanted = set(only) if only is not None else set(names)
    if missing := sorted(wanted - set(names)):
        raise UsageError(f"--only {missing[0]}: {place.name} has no such organisation")
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(name.casefold(), []).append(name)
    slugs, refused = [], []
    for name in (name for name in names if name in wanted):
        if len(others := alike[name.casefold()]) > 1:
            said = f"is there more than once: {', '.join(others)}"
            refused.append((name, said, "none of them is built: rename all but one, or take them away"))
        elif not _SLUG.search(name) or not 1 < len(name) <= LONGEST_SLUG:
            said = "is not a usable name"
            hint = "two or more lower-case letters, digits and single hyphens, a letter first, such as 'acme'"
            refused.append((name, said, hint))
        else:
            slugs.append(name)
    twice = realms.claimed_twice((name for name in names if _SLUG.search(name)), place.read)
    for slug, what in twice.items():
        if wanted.isdisjoint((slug, *realms.above(slug))):
            continue  # nobody asks for it, nor for whose realm it may be
        refused.append((slug, f"is {what}", "none of them is built: rename one"))
    return FoundOrganisations(tuple(slug for slug in slugs if slug not in twice), tuple(refused))
