"""The one place where a published site is written: in an order in which no reader finds half of it.

Packages come first, then metadata whose name holds its digest, indexes, pointers and the signed status; only
then goes what nobody may need any more. A publication that is ended in between has changed nothing for who
reads a pointer that is still the old one, and the next one finishes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from builder.repositories.sitefile import Kind
from builder.repositories.stores.store import Content  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.repositories.stores.store import SiteStore, Turn


class Write(msgspec.Struct, frozen=True):
    """A file to be written: its path below the site's root, and its bytes or the local file with them."""

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
    enough: who has read the old pointer a moment ago still asks for what that one named.
    """

    writes: tuple[Write, ...] = ()
    removals: tuple[str, ...] = ()

    @property
    def ordered(self) -> tuple[Write, ...]:
        """The writes in the order in which they are done."""
        return tuple(sorted(self.writes, key=lambda write: write.kind))

    @property
    def actions(self) -> tuple[Action, ...]:
        """All that is done, in this order."""
        return (
            *(Action("write", write.path) for write in self.ordered),
            *(Action("remove", path) for path in self.removals),
        )


def publish(
    store: SiteStore, changes: Changes, turn: Turn, *, tell: Callable[[Action], None] | None = None
) -> None:
    """Do all the changes to a store, whose turn is held; `tell` is called after each.

    Raises OutputError for what cannot be written, and before the first pointer where the turn was lost.
    """
    tell = tell or _silent
    written: Kind | None = None
    for write in changes.ordered:
        if write.kind >= Kind.POINTER and write.kind != written:
            turn.renew()
        turn.keep()
        store.put(write.path, write.content, write.kind)
        written = write.kind
        tell(Action("write", write.path))
    for path in changes.removals:
        turn.keep()
        store.remove(path)
        tell(Action("remove", path))


def _silent(_step: Action) -> None:
    pass
