"""A push that ends anywhere: readers find the old or the new, never half, and the next run finishes it."""

from __future__ import annotations

import datetime as dt
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from obstore.store import MemoryStore

from builder import docs
from builder.prove import authority
from builder.repositories import push, remote
from builder.repositories.push import LEFT
from builder.repositories.stores import FolderStore, bucket
from builder.repositories.stores.bucket import BucketStore
from builder.repositories.stores.lease import LEASE
from tests import s3
from tests.repositories import publisher, readers, sites
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from builder.repositories.publication import SiteKeys
    from builder.repositories.stores import Action, SiteStore
    from tests.repositories.readers import View
    from tests.repositories.sites import Releases, Site


class States(NamedTuple):
    """One site in two states, and a third that follows the first in another way; each in its folder."""

    old: Path
    new: Path
    other: Path
    url: str

    def views(self, folder: Path) -> Mapping[str, View]:
        """Return what each package manager finds in a folder."""
        return readers.views(lambda path: (folder / path).read_bytes(), url=self.url)


@pytest.fixture
def states(tmp_path: Path, releases: Releases, open_site: Callable[..., Site]) -> States:
    """Return a site of one release, of two, and of the first and the third."""
    return _states(tmp_path, releases, open_site(releases.first))


def _states(folder: Path, releases: Releases, site: Site) -> States:
    found = States(folder / "old", folder / "new", folder / "other", site.url)
    shutil.copytree(site.folder, found.old)
    for copy, release in ((found.new, releases.second), (found.other, releases.third)):
        shutil.copytree(site.folder, copy)
        sites.Site(copy, site.url, site.keys, published=site.published).add(release)
    return found


def _all(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class _Stopped(Exception):  # noqa: N818  no error
    pass


def _stop_after(number: int) -> Callable[[Action], None]:
    count = 0

    def tell(_action: Action) -> None:
        nonlocal count
        count += 1
        if count == number:
            raise _Stopped

    return tell


def _new_store(kind: str, folder: Path) -> SiteStore:
    if kind == "folder":
        shutil.rmtree(folder, ignore_errors=True)
        return FolderStore(folder)
    return BucketStore("memory", MemoryStore(), holder="me", clock=time)


def _content(store: SiteStore) -> dict[str, bytes]:
    """Return every file of the site, but for what is a publisher's own."""
    return {path: store.read(path) for path in store.names() if path not in {LEASE, LEFT}}


def _of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in _all(folder)}


@pytest.mark.parametrize("kind", ["folder", "memory"])
def test_stopped_after_each_write(states: States, site_keys: SiteKeys, fast_path: Path, kind: str) -> None:
    """Each package manager finds what was or what is to be; who has read an old pointer finds all of it."""
    old, new = states.views(states.old), states.views(states.new)
    assert all(old[name] != new[name] for name in old)
    known = remote.read(FolderStore(states.old), site_keys)
    assert known is not None
    needed = {path for path, listed in known.files.items() if listed.kind.immutable}
    finished, number, turned = False, 0, set()
    while not finished:
        number += 1
        store = _new_store(kind, fast_path / "www")
        push.push(states.old, store, site_keys)
        try:
            push.push(states.new, store, site_keys, tell=_stop_after(number))
            finished = True
        except _Stopped:
            pass
        found = readers.views(store.read, url=states.url)
        mixed = {name for name in found if found[name] not in (old[name], new[name])}
        assert not mixed, number
        turned.add(frozenset(name for name in found if found[name] == new[name]))
        assert needed <= set(store.names()), number
        push.push(states.new, store, site_keys)
        # What the old pointers led to stays until the push after this one.
        left = {path: data for path, data in _content(store).items() if path in needed}
        assert {**left, **_of(states.new)} == _content(store), number
    assert 40 < number
    assert frozenset() in turned
    assert frozenset(new) in turned
    assert len(new) < len(turned)  # each comes at its own moment


@pytest.mark.parametrize(
    "number", [17, 41, *(pytest.param(number, marks=pytest.mark.long) for number in (2, 9, 25, 33, 49, 57))]
)
def test_another_push_after_a_stopped_one(
    states: States, site_keys: SiteKeys, tmp_path: Path, number: int
) -> None:
    """What a stopped push has left is gone after two of another site, or is that site's."""
    store = FolderStore(tmp_path / "www")
    push.push(states.old, store, site_keys)
    with pytest.raises(_Stopped):
        push.push(states.new, store, site_keys, tell=_stop_after(number))
    push.push(states.other, store, site_keys)
    assert states.views(states.other) == readers.views(store.read, url=states.url)
    known = remote.read(FolderStore(states.old), site_keys)
    assert known is not None
    left = {path for path, listed in known.files.items() if listed.kind.immutable}
    assert set(_content(store)) <= {*_of(states.other), *left}
    assert _of(states.other) == {path: _content(store)[path] for path in _of(states.other)}


def test_two_passes_of_rsync(states: States, tmp_path: Path) -> None:
    """As the guide has them: after the first all is as it was, after the second all is new."""
    rsync, www = require("rsync"), tmp_path / "www"
    page = docs.read("run-your-own-site").text
    lines = [line for line in page.splitlines() if line.startswith("rsync ")]
    shutil.copytree(states.old, www)
    found = []
    for line in lines:
        options = [word for word in line.split()[1:] if word.startswith("-")]
        subprocess.run([rsync, *options, f"{states.new}/", f"{www}/"], check=True)
        found.append(readers.views(lambda path: (www / path).read_bytes(), url=states.url))
    assert [states.views(states.old), states.views(states.new)] == found
    assert _of(states.new) == _of(www)


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Run an S3 server."""
    with s3.serving() as environment:
        yield environment


def _credentials(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def _reader(environment: dict[str, str], name: str) -> Callable[[str], bytes]:
    """Return what reads a bucket as clients do."""
    connection = http.client.HTTPConnection(environment["AWS_ENDPOINT_URL"].removeprefix("http://"))

    def read(path: str) -> bytes:
        connection.request("GET", f"/{name}/{path}")
        answer = connection.getresponse()
        data = answer.read()
        assert http.client.OK == answer.status, path
        return data

    return read


@pytest.fixture
def fast_path() -> Iterator[Path]:
    """Return a folder in memory where there is one: a disk is slow to be sure of each of 6,000 files."""
    memory = Path("/dev/shm")  # noqa: S108  a folder of its own is made there
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


def test_each_write_to_s3(
    states: States, site_keys: SiteKeys, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two requests of a push clients of a bucket find the old or the new; stopped, it goes on."""
    _credentials(environment, monkeypatch)
    url, read = s3.make_bucket(environment, "each-write"), _reader(environment, "each-write")
    store = bucket.opened(url, environment, holder="me", clock=time)
    push.push(states.old, store, site_keys)
    old, new = states.views(states.old), states.views(states.new)
    stops = iter([5, 11, 23, 31, 41])
    count, stop = 0, next(stops)

    known = remote.read(FolderStore(states.new), site_keys)
    assert known is not None

    def tell(action: Action) -> None:
        nonlocal count, stop
        count += 1
        if action.path in known.files and known.files[action.path].kind.immutable:
            return  # which is in the other test
        found = readers.views(read, url=states.url)
        assert {name for name in found if found[name] not in (old[name], new[name])} == set(), count
        assert read("pypi/simple/acme-certifi/") == read("pypi/simple/acme-certifi/index.html")
        if count >= stop > 0:
            count, stop = 0, next(stops, 0)
            raise _Stopped

    ended = 0
    while True:
        try:
            push.push(states.new, store, site_keys, tell=tell)
            break
        except _Stopped:
            ended += 1
    assert 5 == ended
    assert new == readers.views(read, url=states.url)
    assert set(_of(states.new)) <= set(_content(store))


@pytest.mark.parametrize("place", ["folder", "s3"])
def test_killed(
    releases: Releases,
    open_site: Callable[..., Site],
    tmp_path: Path,
    environment: dict[str, str],
    place: str,
) -> None:
    """A publisher that is killed leaves a whole site, and no lock that outlives its lease."""
    states = _states(tmp_path, releases, open_site(releases.first, unsigned=True))
    where = str(tmp_path / "www") if place == "folder" else s3.make_bucket(environment, "killed")
    program = [sys.executable, "-m", "tests.repositories.publisher", "push"]
    subprocess.run([*program, states.old, where], check=True, env={**os.environ, **environment})
    for number in (13, 39) if place == "s3" else (1, 13, 26, 39):
        killing = {**os.environ, **environment, "TRUSTPACK_TEST_KILL": str(number)}
        done = subprocess.run([*program, states.new, where], check=False, env=killing)
        assert -signal.SIGKILL == done.returncode
        if place == "folder":
            assert remote.read(FolderStore(tmp_path / "www"), None) is not None
    subprocess.run([*program, states.new, where], check=True, env={**os.environ, **environment})
    read = _reader(environment, "killed") if place == "s3" else FolderStore(tmp_path / "www").read
    for path, data in _of(states.new).items():
        assert data == read(path), path


def test_killed_while_adding(releases: Releases, open_site: Callable[..., Site], tmp_path: Path) -> None:
    """Killed while it writes, `repo add` leaves old or new to each reader; the next run leaves no trace."""
    site = open_site(releases.first, unsigned=True)
    program = [sys.executable, "-m", "tests.repositories.publisher", "here"]
    once = tmp_path / "once"
    shutil.copytree(site.folder, once)
    subprocess.run([*program, once, "-", releases.second.folder], check=True)

    def views(folder: Path) -> Mapping[str, View]:
        return readers.views(lambda path: (folder / path).read_bytes(), url=site.url, signed=False)

    old, new = views(site.folder), views(once)
    for number in (1, 2, 20, 40, 50, 60, 65):
        killing = {**os.environ, "TRUSTPACK_TEST_KILL": str(number)}
        done = subprocess.run([*program, site.folder, "-", releases.second.folder], check=False, env=killing)
        assert -signal.SIGKILL == done.returncode
        found = views(site.folder)
        assert {name for name in found if found[name] not in (old[name], new[name])} == set(), number
    subprocess.run([*program, site.folder, "-", releases.second.folder], check=True)
    assert new == views(site.folder)
    known = remote.read(FolderStore(site.folder), None)
    assert known is not None
    assert {*known.files, known.own.path} == {*_of(site.folder)}


@pytest.mark.parametrize("place", ["folder", "s3", "here"])
def test_four_publishers_at_once(
    releases: Releases,
    open_site: Callable[..., Site],
    tmp_path: Path,
    environment: dict[str, str],
    place: str,
) -> None:
    """Each adds a release of its own, and in the end all are there, one publication after the other."""
    site = open_site(releases.first, unsigned=True)
    dists = [_one_more(tmp_path / f"release-{number}", number) for number in range(4)]
    where = s3.make_bucket(environment, "at-once") if place == "s3" else str(tmp_path / "www")
    program = [sys.executable, "-m", "tests.repositories.publisher"]
    start = {"env": {**os.environ, **environment}}
    if place != "here":
        subprocess.run([*program, "push", site.folder, where], check=True, **start)  # type: ignore[call-overload]
    what = "here" if place == "here" else "add"
    running = [
        subprocess.Popen([*program, what, site.folder, where, dist], **start)  # type: ignore[call-overload]
        for dist in dists
    ]
    assert [0] * 4 == [process.wait() for process in running]
    folder = site.folder
    if place == "s3":
        for name, value in environment.items():
            os.environ.setdefault(name, value)
    found = remote.read(FolderStore(folder) if place == "here" else publisher.store(where), None)
    assert found is not None
    assert ["2026.10", *(f"2027.{number}" for number in range(4))] == [
        one.release for one in found.state.releases
    ]
    assert 5 == found.status.counter


def _one_more(folder: Path, number: int) -> Path:
    made = authority.create(f"Acme {number}", now=dt.datetime.now(dt.UTC))
    return sites.build_release(folder, sites.SLUG, f"2027.{number}", {"one": made}).folder
