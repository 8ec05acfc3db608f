"""The order in which a publication writes, and what a lost turn or a failed write does to it."""

from pathlib import Path

import pytest

from builder.errors import OutputError
from builder.repositories.sitefile import Kind
from builder.repositories.stores import (
    JOURNAL,
    Action,
    Changes,
    FolderStore,
    FolderTurn,
    Write,
    publish,
    unfinished,
)

_KINDS = (Kind.STATUS, Kind.POINTER, Kind.LEAF, Kind.HASHED, Kind.BLOB, Kind.POINTER)
_WRITES = tuple(Write(f"{kind.name}-{number}", kind, b"new") for number, kind in enumerate(_KINDS))
_CHANGES = Changes(writes=_WRITES, removals=("garbage",))
_SAFE = ["BLOB-4", "HASHED-3", "LEAF-2"]
_ORDER = [JOURNAL, *_SAFE, "POINTER-1", "POINTER-5", "STATUS-0", "garbage", JOURNAL]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Return a site with one file that is garbage."""
    store = FolderStore(tmp_path / "site")
    store.put("garbage", b"", Kind.HASHED)
    return store


def test_order(store: FolderStore) -> None:
    """Packages come first and pointers late, each kind as it is given, and garbage goes last."""
    told = list[Action]()
    with store.turn() as turn:
        publish(store, _CHANGES, turn, tell=told.append)
    assert list(_CHANGES.actions) == told
    assert _ORDER == [action.path for action in told]
    assert sorted([*_SAFE, "POINTER-1", "POINTER-5", "STATUS-0"]) == list(store.names())


class _LostTurn:
    """A turn that somebody took while packages were written."""

    def keep(self) -> None:
        """Notice nothing: it is not near its end."""

    def renew(self) -> None:
        """Be told."""
        raise OutputError("lost")


def test_lost_turn_changes_nothing_for_readers(store: FolderStore) -> None:
    """A publisher whose turn was taken stops before the first index, and removes nothing."""
    with pytest.raises(OutputError, match="lost"):
        publish(store, _CHANGES, _LostTurn())
    assert ["BLOB-4", "HASHED-3", "garbage", JOURNAL] == list(store.names())


def test_failed_write_stops(store: FolderStore) -> None:
    """What cannot be written is named, nothing after it is, and what was planned is known."""
    Path(store.name, "POINTER-1").mkdir()
    with pytest.raises(OutputError, match="POINTER-1: cannot be written: Is a directory"):
        publish(store, _CHANGES, FolderTurn())
    assert [*_SAFE, "garbage", JOURNAL] == list(store.names())
    assert {write.path for write in _WRITES} | {"garbage"} == unfinished(store)


def test_nothing_to_do(store: FolderStore) -> None:
    """A publication without changes writes nothing, not even what it is about to do."""
    publish(store, Changes(), FolderTurn())
    assert ((), ["garbage"]) == (Changes().actions, list(store.names()))


@pytest.mark.parametrize("journal", [b"", b"{}", b"\xff", b"[1]"])
def test_foreign_journal_says_nothing(store: FolderStore, journal: bytes) -> None:
    """What is no journal of ours names no file."""
    store.put(JOURNAL, journal, Kind.LEAF)
    assert frozenset() == unfinished(store)
