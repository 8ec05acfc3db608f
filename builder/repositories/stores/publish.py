"""The one place where a site is written: in an order in which no reader finds half of it.

Packages come first, then metadata whose name holds its digest, indexes, pointers and the signed status; then
goes what nobody may need any more. What is to be done is written down before, so that after a publication
that was ended in between the next one knows which files may not be what the site's list says.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING, Literal

import msgspec

from builder.repositories.sitefile import Kind
from builder.repositories.stores.store import Content  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from builder.repositories.stores.store import SiteStore, Turn

JOURNAL = "trustpack/unfinished.json"
_JOURNAL_BYTES = 64 * 1024 * 1024


class Write(msgspec.Struct, frozen=True):
    """A file to be written: its path below the site's root, and its content."""

    path: str
    kind: Kind
    content: Content

    def __repr__(self) -> str:
        """Say which it is, and nothing of what it holds."""
        return f"{type(self).__name__}({self.path!r}, {self.kind.name})"


class Action(msgspec.Struct, frozen=True):
    """What a publication does to one file."""

    verb: Literal["write", "remove"]
    path: str


class Changes(msgspec.Struct, frozen=True):
    """All that a publication writes and removes.

    Files of one kind are written as they are given. A removed file is one that no pointer has led to for long
    enough: who has read the old pointer a moment ago still asks for what that one named. `doubtful` are files
    that an earlier publication, which was ended, may have written: they are to be written, or removed.
    """

    writes: tuple[Write, ...] = ()
    removals: tuple[str, ...] = ()
    doubtful: frozenset[str] = frozenset()

    @property
    def ordered(self) -> tuple[Write, ...]:
        """The writes in the order in which they are done."""
        return tuple(sorted(self.writes, key=lambda write: write.kind))

    @property
    def actions(self) -> tuple[Action, ...]:
        """All that is done, in this order."""
        if not self:
            return ()
        return (
            Action("write", JOURNAL),
            *(Action("write", write.path) for write in self.ordered),
            *(Action("remove", path) for path in (*self.removals, JOURNAL)),
        )

    def __bool__(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(self.writes or self.removals or self.doubtful)


def publish(
    store: SiteStore, changes: Changes, turn: Turn, *, tell: Callable[[Action], None] = lambda _: None
) -> None:
    """Do all the changes to a store, whose turn is held; `tell` is called after each.

    Raises OutputError for what cannot be written, and before any index or pointer where the turn was lost.
    """
    if not changes:
        return
    store.put(JOURNAL, _journal(changes), Kind.LEAF)
    tell(Action("write", JOURNAL))
    for kind, writes in groupby(changes.ordered, key=lambda write: write.kind):
        if not kind.immutable:
            turn.renew()
        for write in _written(store, tuple(writes), store.lanes if kind.immutable else 1, turn):
            tell(Action("write", write.path))
    for path in (*changes.removals, JOURNAL):
        turn.keep()
        store.remove(path)
        tell(Action("remove", path))


def _written(store: SiteStore, writes: Sequence[Write], lanes: int, turn: Turn) -> Iterator[Write]:
    """Write files, so many at a time, and yield each when it is there, in their order."""

    def put(write: Write) -> Write:
        store.put(write.path, write.content, write.kind)
        return write

    with ThreadPoolExecutor(lanes) as executor:
        try:
            for done in executor.map(put, writes) if lanes > 1 else map(put, writes):
                turn.keep()
                yield done
        finally:  # where one has failed, no other is begun
            executor.shutdown(cancel_futures=True)


def unfinished(store: SiteStore) -> frozenset[str]:
    """Return the files that a publication which was ended may have written or removed.

    A journal that cannot be understood is none of ours, and says nothing.
    """
    try:
        return msgspec.json.decode(store.read(JOURNAL, _JOURNAL_BYTES), type=frozenset[str])
    except (FileNotFoundError, msgspec.DecodeError):
        return frozenset()


def _journal(changes: Changes) -> bytes:
    paths = {write.path for write in changes.writes} | {*changes.removals} | changes.doubtful
    return msgspec.json.encode(sorted(paths))
