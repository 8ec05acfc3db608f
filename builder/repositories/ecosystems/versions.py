"""The versions that a shelf has of each package, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.model import Release

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.repositories.entry import Shelf, SiteEntry


def by_name(shelf: Shelf) -> Mapping[str, Sequence[SiteEntry]]:
    """Return each package's versions, withdrawn ones too, the lowest first; the names are sorted."""
    found: dict[str, list[SiteEntry]] = {}
    for entry in shelf.entries:
        found.setdefault(entry.name, []).append(entry)
    return {name: sorted(found[name], key=_rank) for name in sorted(found)}


def _rank(entry: SiteEntry) -> tuple[tuple[int, int, int], int]:
    """Return what versions rise with: the release, or for a package of the site's own when it came."""
    return Release(entry.release or "0").numbers, entry.added


def newest(versions: Sequence[SiteEntry]) -> SiteEntry | None:
    """Return the highest version that is offered, None where all are withdrawn."""
    return next((entry for entry in reversed(versions) if not entry.withdrawn), None)
