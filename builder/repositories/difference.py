"""What is to be written into a store, so that it holds one site where it held another, or half of one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from builder.errors import OutputError
from builder.repositories import listing
from builder.repositories.status import STATUS
from builder.repositories.stores import JOURNAL, Changes, Write, unfinished

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from builder.repositories.sitefile import Listed
    from builder.repositories.stores import Content, SiteStore

_FEW = 200  # files that are asked for one by one


def difference(
    store: SiteStore,
    *,
    before: Mapping[str, Listed],
    candidates: Iterable[tuple[Listed, Content]],
    after: Collection[str],
    whole: bool = False,
) -> Changes:
    """Return what makes of the site `before` the one that has the files `after`, by their paths.

    `candidates` are those that may have to be written: all that `before` lacks, and all that may change; with
    `whole`, each of them is. What an unfinished publication may have touched is written or removed, too.
    Raises OutputError where a file is in the way that is not the site's.
    """
    # A path of a journal is believed only as far as it could be one of ours.
    doubtful = frozenset(filter(listing.holds, unfinished(store)))
    chosen = sorted(
        ((listed, content) for listed, content in candidates
         if whole or listed.path in doubtful or before.get(listed.path) != listed),
        key=lambda pair: (pair[0].kind, pair[0].path),
    )  # fmt: skip
    ours = {*before, *doubtful, STATUS}
    _refuse_strangers(store, {one.path: one.sha256 for one, _ in chosen if one.path not in ours})
    removed = sorted(({*before} | doubtful) - {*after, STATUS, JOURNAL})
    return Changes(
        writes=tuple(Write(listed.path, listed.kind, content) for listed, content in chosen),
        removals=tuple(removed),
        doubtful=doubtful,
    )


def _refuse_strangers(store: SiteStore, wanted: Mapping[str, str]) -> None:
    """Raise OutputError where something lies in the way that no publication of ours has put there."""
    there: Iterable[str] = wanted if len(wanted) <= _FEW else wanted.keys() & set(store.names())
    for path in sorted(there):
        try:
            digest = hashlib.sha256()
            for chunk in store.chunks(path):
                digest.update(chunk)
        except FileNotFoundError:
            continue
        if digest.hexdigest() != wanted[path]:
            raise OutputError(
                f"{store.name}: {path} is there already, and is not this site's",
                hint="move it away, or choose another place for the site",
            )
