"""The versions that a shelf has of each package, and their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from builder.repositories.entry import SiteEntry
    from builder.repositories.shelf import Shelf


def latest(shelf: Shelf) -> SiteEntry | None:
    """Return what people are told to install: the newest version of the name that came last."""
    last = shelf.stock.latest
    return shelf.stock.names[last.name].newest if last else None


def lines_by_name(
    shelf: Shelf, text: str
) -> Iterator[tuple[str, Callable[[], Iterable[tuple[SiteEntry, bytes]]]]]:
    """Yield each package's name, and what yields its versions and their lines in a text as they came.

    A shelf with one name, as most have, is read in a stream; of several, all lines are held.
    """
    names = sorted(shelf.stock.names)
    if len(names) == 1:
        yield names[0], lambda: shelf.each(text)
        return
    gathered: dict[str, list[tuple[SiteEntry, bytes]]] = {name: [] for name in names}
    for entry, line in shelf.each(text):
        gathered[entry.name].append((entry, line))
    for name, pairs in gathered.items():
        yield name, pairs.__iter__
