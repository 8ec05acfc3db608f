"""A package's releases in one ecosystem: which is the newest, and their lines by the package's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.model import Release

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from builder.repositories.entry import Shelf, SiteEntry


def order(entry: SiteEntry) -> tuple[int, int, int]:
    """Return what an entry sorts by: its release, whatever the package manager makes of it."""
    return Release(entry.release or "0").numbers


def newest(entries: Iterable[SiteEntry]) -> SiteEntry | None:
    """Return the newest entry that is offered, None where none is."""
    return max((entry for entry in entries if not entry.withdrawn), key=order, default=None)


def latest(shelf: Shelf) -> SiteEntry | None:
    """Return the entry that people are told to install: the newest of the name that came last."""
    offered = shelf.offered
    return newest(entry for entry in offered if entry.name == offered[-1].name) if offered else None


def by_name(shelf: Shelf, text: str) -> Iterator[tuple[str, Iterable[tuple[SiteEntry, bytes]]]]:
    """Yield each package's name with its entries and their lines in a text, those withdrawn too.

    A shelf with one name, as most have, is read in a stream; of several, all lines are held.
    """
    names = sorted({entry.name for entry in shelf.entries})
    if len(names) == 1:
        yield names[0], shelf.each(text)
        return
    gathered: dict[str, list[tuple[SiteEntry, bytes]]] = {name: [] for name in names}
    for entry, line in shelf.each(text):
        gathered[entry.name].append((entry, line))
    yield from gathered.items()
