"""A folder as a store: whole files, no way out of it, one publisher at a time."""

import contextlib
import fcntl
import os
import threading
import time
from pathlib import Path

import pytest

from builder.errors import OutputError
from builder.release import atomic
from builder.repositories.sitefile import Kind
from builder.repositories.staging import stage
from builder.repositories.stores import FolderStore


def test_keeps_what_is_put_in(tmp_path: Path) -> None:
    """What was put from bytes or from a file is read back, whole and in pieces."""
    local = tmp_path / "local"
    local.write_bytes(b"x" * 3_000_000)
    store = FolderStore(tmp_path / "site")
    store.put("deb/pool/a.deb", local, Kind.BLOB)
    store.put("index.html", b"<p>", Kind.LEAF)
    assert [b"<p>", 3_000_000] == [store.read("index.html"), len(store.read("deb/pool/a.deb"))]
    assert 1 < len(list(store.chunks("deb/pool/a.deb")))
    assert ["deb/pool/a.deb", "index.html"] == list(store.names())
    assert ["deb/pool/a.deb"] == list(store.names("deb"))
    assert [] == list(store.names("rpm"))


def test_everybody_may_read(tmp_path: Path) -> None:
    """A web server is another user: it may read what somebody with a narrow umask has published."""
    before = os.umask(0o077)
    try:
        store = FolderStore(tmp_path / "site")
        with store.turn():
            store.put("deb/pool/a.deb", b"a", Kind.BLOB)
    finally:
        os.umask(before)
    found = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "site", *(tmp_path / "site").rglob("*"))}
    assert {"site": 0o755, "deb": 0o755, "pool": 0o755, "a.deb": 0o644} == found


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is told so, below a file or a folder that is not there, too."""
    store = FolderStore(tmp_path)
    store.put("a", b"", Kind.LEAF)
    for path in ("b", "a/b", "c/d"):
        with pytest.raises(FileNotFoundError):
            store.read(path)
        store.remove(path)


def test_remove_takes_empty_folders_along(tmp_path: Path) -> None:
    """The folder of the last file goes with it, and one that holds another's file stays."""
    store = FolderStore(tmp_path)
    store.put("a/b/c", b"", Kind.BLOB)
    (tmp_path / "a" / "theirs").touch()
    store.remove("a/b/c")
    assert ["a/theirs"] == list(store.names())
    assert not (tmp_path / "a" / "b").exists()


def test_remove_takes_along_what_a_killed_process_left(tmp_path: Path) -> None:
    """Nobody writes into that folder again, so nobody else would."""
    store = FolderStore(tmp_path)
    store.put("rpm/g/1/repomd.xml", b"", Kind.HASHED)
    (tmp_path / "rpm/g/1" / f"{atomic.TEMPORARY}repomd.xml.key-1.0").touch()
    FolderStore(tmp_path).remove("rpm/g/1/repomd.xml")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "a/./b", "a/", "", "a\\b", "a\0"])
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    """A path that is not one below the root is refused."""
    store = FolderStore(tmp_path / "site")
    with pytest.raises(OutputError, match="no path of a site's file"):
        store.put(path, b"", Kind.BLOB)


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Neither a file nor a folder that is a link is read, written through, removed from or listed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    store = FolderStore(tmp_path / "site")
    store.put("mine", b"", Kind.BLOB)
    (tmp_path / "site" / "folder").symlink_to(outside)
    (tmp_path / "site" / "file").symlink_to(outside / "secret")
    assert ["mine"] == list(store.names())
    for act in (
        lambda: store.read("folder/secret"),
        lambda: store.put("folder/secret", b"", Kind.BLOB),
        lambda: store.remove("folder/secret"),
        lambda: store.read("file"),
    ):
        with pytest.raises(OutputError, match="is a link"):
            act()
    store.put("file", b"ours", Kind.LEAF)
    assert [b"ours", b"secret"] == [store.read("file"), (outside / "secret").read_bytes()]


def test_leftovers_go(tmp_path: Path) -> None:
    """What a killed process was writing is no file of the site, and the next write there removes it."""
    store = FolderStore(tmp_path)
    left = tmp_path / f"{atomic.TEMPORARY}a-1.0"
    left.touch()
    assert [] == list(store.names())
    store.put("b", b"", Kind.BLOB)
    assert not left.exists()


def test_what_a_killed_process_has_gathered_goes(tmp_path: Path) -> None:
    """With the next turn, and not while its process lives."""
    store, left = FolderStore(tmp_path), tmp_path / f"{atomic.TEMPORARY}left"
    left.mkdir()
    (left / "0").touch()
    with stage(tmp_path) as staging:
        staging.put("large", Kind.BLOB, iter([b"x" * 300_000]))
        assert [] == list(store.names())
        with store.turn():
            assert not left.exists()
        assert 300_000 == sum(map(len, staging.chunks(staging.files["large"].listed)))
    assert [] == list(tmp_path.iterdir())


def test_rewritten_file_is_newer_by_a_second(tmp_path: Path) -> None:
    """A server that compares whole seconds sees each rewriting of a pointer."""
    store, times = FolderStore(tmp_path), []
    for number in range(3):
        store.put("pointer", b"%d" % number, Kind.POINTER)
        times.append(int((tmp_path / "pointer").stat().st_mtime))
    assert sorted(set(times)) == times


def test_larger_than_asked_for(tmp_path: Path) -> None:
    """A file beyond the limit is refused."""
    store = FolderStore(tmp_path)
    store.put("a", b"1234", Kind.BLOB)
    with pytest.raises(OutputError, match="larger than 3 bytes"):
        store.read("a", 3)


def test_second_publisher_waits_and_is_told(tmp_path: Path) -> None:
    """A turn that somebody else has is waited for, and an error once patience is over."""
    store = FolderStore(tmp_path, patience=0.2)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(OutputError, match="somebody else is publishing"), store.turn():
        pass
    os.close(descriptor)
    with store.turn() as turn:
        turn.renew()


def test_a_folder_that_nothing_came_into_goes_again(tmp_path: Path) -> None:
    """With those above it that were made for it; what was there before stays, and what holds a file."""
    (tmp_path / "www").mkdir()
    deep = FolderStore(tmp_path / "www" / "a" / "site")
    _fail(deep)
    assert [] == list((tmp_path / "www").iterdir())
    _fail(FolderStore(tmp_path / "www"))
    assert (tmp_path / "www").is_dir()
    _fail(deep, "a")
    assert ["a"] == list(deep.names())


def _fail(store: FolderStore, *paths: str) -> None:
    """Begin a publication that writes files at most."""
    with contextlib.suppress(ZeroDivisionError), store.turn():
        assert Path(store.name).is_dir()
        for path in paths:
            store.put(path, b"", Kind.LEAF)
        raise ZeroDivisionError


def test_who_waited_for_a_folder_that_went_makes_it_again(tmp_path: Path) -> None:
    """The lock on one that is gone keeps nobody else out."""
    begun, held = threading.Event(), []
    store = FolderStore(tmp_path / "site")

    def wait() -> None:
        begun.set()
        with FolderStore(tmp_path / "site").turn():
            held.append((tmp_path / "site").is_dir())
            store.put("a", b"", Kind.LEAF)

    thread = threading.Thread(target=wait)
    with store.turn():
        thread.start()
        begun.wait()
        time.sleep(0.3)  # it looks again every tenth of a second
        assert [] == held
    thread.join()
    assert ([True], ["a"]) == (held, list(store.names()))
