"""The versions that a shelf has of each package, in their order, and their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.model import Release

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from builder.repositories.entry import Shelf, SiteEntry


def by_name(shelf: Shelf) -> Mapping[str, Sequence[SiteEntry]]:
    """Return each package's versions, withdrawn ones too, the lowest first; the names are sorted."""
    found: dict[str, list[SiteEntry]] = {}
    for entry in shelf.entries:
        found.setdefault(entry.name, []).append(entry)
    return {name: sorted(found[name], key=rank) for name in sorted(found)}


def rank(entry: SiteEntry) -> tuple[tuple[int, int, int], int]:
    """Return what versions rise with: the release, or for a package of the site's own when it came."""
    return Release(entry.release or "0").numbers, entry.added


def newest(versions: Sequence[SiteEntry]) -> SiteEntry | None:
    """Return the highest version that is offered, None where all are withdrawn."""
    return next((entry for entry in reversed(versions) if not entry.withdrawn), None)


def latest(shelf: Shelf) -> SiteEntry | None:
    """Return what people are told to install: the newest version of the name that came last."""
    offered = shelf.offered
    return newest([*by_name(shelf)[offered[-1].name]]) if offered else None


def lines_by_name(shelf: Shelf, text: str) -> Iterator[tuple[str, Iterable[tuple[SiteEntry, bytes]]]]:
    """Yield each package's name with its versions and their lines in a text, in the order they came.

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
