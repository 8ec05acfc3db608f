"""What is written into a store that holds another site, half of one, or other people's files."""

import hashlib
from pathlib import Path

import pytest

from builder.errors import OutputError
from builder.repositories.difference import difference
from builder.repositories.sitefile import Kind, Listed
from builder.repositories.stores import JOURNAL, Changes, FolderStore, FolderTurn, publish


def _site(**files: str) -> dict[str, tuple[Listed, bytes]]:
    """Return a site's files: those whose names begin with p are pointers, all others packages."""
    found = {}
    for path, text in files.items():
        data = text.encode()
        kind = Kind.POINTER if path.startswith("p") else Kind.BLOB
        found[path] = (Listed(path, kind, len(data), hashlib.sha256(data).hexdigest()), data)
    return found


def _between(
    store: FolderStore,
    before: dict[str, tuple[Listed, bytes]],
    after: dict[str, tuple[Listed, bytes]],
    *,
    whole: bool = False,
) -> Changes:
    listed = {path: one for path, (one, _) in before.items()}
    return difference(store, before=listed, candidates=after.values(), after=after, whole=whole)


def _put(store: FolderStore, changes: Changes) -> dict[str, str]:
    """Publish changes; return the text of every file."""
    publish(store, changes, FolderTurn())
    return {path: store.read(path).decode() for path in store.names()}


_OLD, _NEW = _site(a="1", b="2", p="old"), _site(a="1", c="3", p="new")


def test_only_what_differs(tmp_path: Path) -> None:
    """What is the same stays, what is new is written, and what is gone is removed."""
    store = FolderStore(tmp_path)
    assert {"a": "1", "b": "2", "p": "old"} == _put(store, _between(store, {}, _OLD))
    changes = _between(store, _OLD, _NEW)
    assert (["c", "p"], ("b",)) == ([write.path for write in changes.writes], changes.removals)
    assert {"a": "1", "c": "3", "p": "new"} == _put(store, changes)
    assert not _between(store, _NEW, _NEW)
    assert ["a", "c", "p"] == [write.path for write in _between(store, _NEW, _NEW, whole=True).writes]


class _Ended(Exception):  # noqa: N818  it is no error
    pass


@pytest.mark.parametrize("number", range(1, 5))
def test_another_site_after_an_ended_publication(tmp_path: Path, number: int) -> None:
    """What a publication that was ended after any action has left, the next puts right, whatever that is."""
    store = FolderStore(tmp_path)
    _put(store, _between(store, {}, _OLD))
    actions = []

    def tell(action: object) -> None:
        actions.append(action)
        if len(actions) == number:
            raise _Ended

    changes = _between(store, _OLD, _NEW)
    assert 5 == len(changes.actions)
    with pytest.raises(_Ended):
        publish(store, changes, FolderTurn(), tell=tell)
    third = _site(a="1", b="2", p="old", d="4")
    assert {"a": "1", "b": "2", "p": "old", "d": "4"} == _put(store, _between(store, _OLD, third))


@pytest.mark.parametrize("more", [0, 100])
def test_a_stranger_is_in_the_way(tmp_path: Path, more: int) -> None:
    """A file that no publication has put there is not replaced, unless it is the same."""
    store = FolderStore(tmp_path)
    (tmp_path / "c").write_text("theirs")
    wanted = _site(c="3", **{f"n{number}": "x" for number in range(more)})
    with pytest.raises(OutputError, match="c is there already, and is not this site's"):
        _between(store, {}, wanted)
    (tmp_path / "c").write_text("3")
    assert more + 1 == len(_between(store, {}, wanted).writes)


def test_what_others_put_there_stays(tmp_path: Path) -> None:
    """A file that neither the list nor a journal names is left alone."""
    store = FolderStore(tmp_path)
    (tmp_path / "robots.txt").write_text("theirs")
    _put(store, _between(store, {}, _OLD))
    assert {"a": "1", "c": "3", "p": "new", "robots.txt": "theirs"} == _put(
        store, _between(store, _OLD, _NEW)
    )
    assert JOURNAL not in set(store.names())


def test_a_journal_names_no_file_that_a_site_could_not_have(tmp_path: Path) -> None:
    """Who writes into a place that is shared removes neither what is hidden there nor what is outside."""
    store = FolderStore(tmp_path / "www")
    _put(store, _between(store, {}, _OLD))
    (tmp_path / "www" / ".htpasswd").write_text("theirs")
    (tmp_path / "outside").write_text("theirs")
    (tmp_path / "www" / JOURNAL).parent.mkdir()
    (tmp_path / "www" / JOURNAL).write_text('[".htpasswd", "../outside", "b//c", "gone"]')
    changes = _between(store, _OLD, _NEW)
    assert ("b", "gone") == changes.removals
    assert {".htpasswd": "theirs", "a": "1", "c": "3", "p": "new"} == _put(store, changes)
    assert (tmp_path / "outside").exists()
