"""The order in which a publication writes, and what a lost turn does to it."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.errors import OutputError
from builder.repositories.sitefile import Kind
from builder.repositories.stores import Action, Changes, FolderStore, Write, publish


def _changes() -> Changes:
    kinds = (Kind.STATUS, Kind.POINTER, Kind.LEAF, Kind.HASHED, Kind.BLOB, Kind.POINTER)
    writes = tuple(Write(f"{kind.name}-{n}", kind, b"new") for n, kind in enumerate(kinds))
    return Changes(writes=writes, removals=("garbage",))


_ORDER = ["BLOB-4", "HASHED-3", "LEAF-2", "POINTER-1", "POINTER-5", "STATUS-0", "garbage"]


def test_order(tmp_path: Path) -> None:
    """Packages come first and pointers late, each kind as it is given, and garbage goes last."""
    store, told = FolderStore(tmp_path), list[Action]()
    store.put("garbage", b"", Kind.HASHED)
    with store.turn() as turn:
        publish(store, _changes(), turn, tell=told.append)
    assert list(_changes().actions) == told
    assert _ORDER == [action.path for action in told]
    assert sorted(_ORDER[:-1]) == sorted(store.names())


class _LostTurn:
    """A turn that somebody took while packages were written."""

    def keep(self) -> None:
        """Notice nothing: it is not near its end."""

    def renew(self) -> None:
        """Be told."""
        raise OutputError("lost")


def test_lost_turn_writes_no_pointer(tmp_path: Path) -> None:
    """A publisher whose turn was taken stops before the first pointer, and removes nothing."""
    store = FolderStore(tmp_path)
    store.put("garbage", b"", Kind.HASHED)
    with pytest.raises(OutputError, match="lost"):
        publish(store, _changes(), _LostTurn())
    assert ["BLOB-4", "HASHED-3", "LEAF-2", "garbage"] == list(store.names())


@contextlib.contextmanager
def _unwritable(folder: Path) -> Iterator[None]:
    folder.mkdir()
    (folder / "POINTER-1").mkdir()
    yield


def test_failed_write_stops(tmp_path: Path) -> None:
    """What cannot be written is named, and nothing after it is."""
    site = tmp_path / "site"
    with _unwritable(site), pytest.raises(OutputError, match="POINTER-1: cannot be written: Is a directory"):
        publish(FolderStore(site), _changes(), _Ours())
    assert ["BLOB-4", "HASHED-3", "LEAF-2"] == list(FolderStore(site).names())


class _Ours(_LostTurn):
    def renew(self) -> None:
        """Be sure."""
