"""A site is pushed, fetched and exported: what comes is what was there, and what must not is refused."""

from __future__ import annotations

import os
import tarfile
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.config import minimal, organisation
from builder.errors import OutputError, SignatureError, SiteError
from builder.repositories import fetch, push, records, site, status
from builder.repositories import publish as publishing
from builder.repositories.export import export
from builder.repositories.push import LEFT
from builder.repositories.stores import JOURNAL, FolderStore
from tests.unit.repositories import acme

if TYPE_CHECKING:
    from pathlib import Path

    from builder.repositories.fetch import Fetched
    from builder.repositories.push import Pushed
    from builder.repositories.sitefile import Kind
    from builder.repositories.stores import Content


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return three releases."""
    return acme.releases(tmp_path_factory.mktemp("releases"))


def _push(folder: Path, place: str = "www", whole: bool = False, dry_run: bool = False) -> Pushed:
    return push.push(folder / "site", FolderStore(folder / place), None, whole=whole, dry_run=dry_run)


def _fetch(
    folder: Path, place: str = "www", to: str = "copy", **options: str | records.SeenSite | None
) -> Fetched:
    return fetch.fetch(FolderStore(folder / place), folder / to, None, **options)  # type: ignore[arg-type]


def _add(folder: Path, *built: Path, to: str = "site") -> None:
    publishing.build(acme.order(folder / to), list(built))


def test_push_makes_a_copy_of_the_site(tmp_path: Path, built: list[Path]) -> None:
    """Every file comes, once; a second push has nothing to do, and what others have put there stays."""
    _add(tmp_path, built[0])
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "robots.txt").write_text("theirs")
    done = _push(tmp_path)
    here, there = acme.tree(tmp_path / "site"), acme.tree(tmp_path / "www")
    del there["robots.txt"]
    assert here == there
    assert len(here) + 2 == len(done.actions)
    assert () == _push(tmp_path).actions


def test_dry_run_says_all_and_writes_nothing(tmp_path: Path, built: list[Path]) -> None:
    """What it says is what the next push does."""
    _add(tmp_path, built[0])
    said = _push(tmp_path, dry_run=True)
    assert {} == acme.tree(tmp_path / "www")
    assert said == _push(tmp_path)
    _add(tmp_path, built[1])
    before = acme.tree(tmp_path / "www")
    said = _push(tmp_path, dry_run=True)
    assert before == acme.tree(tmp_path / "www")
    assert said == _push(tmp_path)
    assert JOURNAL == said.actions[0].path
    assert status.STATUS in [action.path for action in said.actions]


def test_old_indexes_stay_until_the_next_push(tmp_path: Path, built: list[Path]) -> None:
    """Who has read the pointers a moment before finds what they lead to; after another push it is gone."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    first = acme.immutable(tmp_path / "www")
    # So often that the folder's own site has none of the first publication's any more.
    for _ in range(3):
        publishing.refresh(acme.order(tmp_path / "site"))
    assert first - acme.immutable(tmp_path / "site")
    _push(tmp_path)
    assert first <= acme.tree(tmp_path / "www").keys()
    _add(tmp_path, built[1])
    _push(tmp_path)
    assert first - acme.tree(tmp_path / "www").keys()
    left = acme.tree(tmp_path / "www").keys() - acme.tree(tmp_path / "site").keys()
    assert LEFT in left


def test_a_withdrawal_leaves_nothing(tmp_path: Path, built: list[Path]) -> None:
    """What led to a withdrawn release is gone with the push that tells of it."""
    _add(tmp_path, built[0], built[1])
    _push(tmp_path)
    publishing.retire(acme.order(tmp_path / "site"), "2026.1", "compromised")
    _push(tmp_path)
    assert acme.tree(tmp_path / "www").keys() == acme.tree(tmp_path / "site").keys()


def test_a_publication_that_is_not_followed(tmp_path: Path, built: list[Path]) -> None:
    """Neither a newer one nor a fork's is overwritten, even by one with a higher number."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    _fetch(tmp_path)
    _add(tmp_path, built[1], to="copy")
    push.push(tmp_path / "copy", FolderStore(tmp_path / "www"), None)
    before = acme.tree(tmp_path / "www")
    with pytest.raises(SiteError, match="www: has publication 2, which this site does not follow"):
        _push(tmp_path)
    for _ in range(3):
        publishing.refresh(acme.order(tmp_path / "site"))
    with pytest.raises(SiteError, match="has publication 2, which this site does not follow"):
        _push(tmp_path)
    assert before == acme.tree(tmp_path / "www")


def test_its_own_folder(tmp_path: Path, built: list[Path]) -> None:
    """A site is not pushed to where it is."""
    _add(tmp_path, built[0])
    with pytest.raises(SiteError, match="site: is the site's own folder"):
        _push(tmp_path, place="site")


def test_another_organisation(tmp_path: Path, built: list[Path]) -> None:
    """Its site is neither overwritten nor taken."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    other = acme.releases(tmp_path / "other", slug="umbrella", count=1)
    theirs = organisation(minimal("umbrella", ["roots.pem"]))
    publishing.build(replace(acme.order(tmp_path / "theirs"), organisation=theirs), other)
    with pytest.raises(SiteError, match=r"www: is the site of acme, and this is umbrella's"):
        push.push(tmp_path / "theirs", FolderStore(tmp_path / "www"), None)
    with pytest.raises(SiteError, match="is the site of acme, not of umbrella"):
        _fetch(tmp_path, organisation="umbrella")
    with pytest.raises(SiteError, match="theirs: is the site of umbrella"):
        _fetch(tmp_path, to="theirs")


def test_damaged_here(tmp_path: Path, built: list[Path]) -> None:
    """A file that is not what the list says is not pushed, and nothing else is."""
    _add(tmp_path, built[0])
    (tmp_path / "site" / "index.html").write_text("changed")
    with pytest.raises(SiteError, match=r"index.html: is not what the site's list says"):
        _push(tmp_path)
    assert {} == acme.tree(tmp_path / "www")
    with pytest.raises(SiteError, match=r"index.html: is not what the site's list says"):
        export(tmp_path / "site", tmp_path / "a.tar", None)
    assert not (tmp_path / "a.tar").exists()


def test_changed_while_it_is_pushed(tmp_path: Path, built: list[Path]) -> None:
    """Who can write into the site's folder, as a web server may, brings no other file to the public."""
    _add(tmp_path, built[0])
    secret = tmp_path / "1-openpgp.pem"
    secret.write_text("private")

    class Raced(FolderStore):
        """A store; after its first write, somebody has put a link into the folder."""

        def put(self, path: str, content: Content, kind: Kind) -> None:
            """Write a file."""
            super().put(path, content, kind)
            page = tmp_path / "site" / "index.html"
            page.unlink(missing_ok=True)
            page.symlink_to(secret)

    with pytest.raises(OutputError, match=r"index\.html: is a link"):
        push.push(tmp_path / "site", Raced(tmp_path / "www"), None)
    assert acme.digest(b"private") not in acme.tree(tmp_path / "www").values()


def test_damaged_there(tmp_path: Path, built: list[Path]) -> None:
    """With `whole`, what is there is made what it should be, whatever its list says."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    for path in ("index.html", "bundle.pem"):
        (tmp_path / "www" / path).write_text("changed")
    assert () == _push(tmp_path).actions
    _push(tmp_path, whole=True)
    assert acme.tree(tmp_path / "site") == acme.tree(tmp_path / "www")


def test_no_site(tmp_path: Path) -> None:
    """Nothing comes from a folder that holds none, and nothing from a place that does."""
    with pytest.raises(SiteError, match="site: holds no site"):
        _push(tmp_path)
    with pytest.raises(SiteError, match="www: holds no site"):
        _fetch(tmp_path)
    with pytest.raises(SiteError, match="site: holds no site"):
        export(tmp_path / "site", tmp_path / "a.tar", None)


def test_fetch_makes_a_site_to_which_releases_are_added(tmp_path: Path, built: list[Path]) -> None:
    """What a fresh job fetches, adds to and pushes is what one place would have made."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    done = _fetch(tmp_path)
    assert acme.tree(tmp_path / "site") == acme.tree(tmp_path / "copy")
    assert acme.tree(tmp_path / "site").keys() == {*done.written}
    assert () == _fetch(tmp_path).written
    _add(tmp_path, built[1])
    _add(tmp_path, built[1], to="copy")
    assert acme.tree(tmp_path / "site") == acme.tree(tmp_path / "copy")


def test_fetch_mends_a_folder(tmp_path: Path, built: list[Path]) -> None:
    """Files that were changed or lost come again, the list and the state too, and no others."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    said = site.read(tmp_path / "site", None)
    assert said is not None
    for path in ("bundle.pem", said.status.state.path, said.status.files.path):
        (tmp_path / "site" / path).unlink()
    (tmp_path / "site" / "index.html").write_text("changed")
    (tmp_path / "site" / "theirs").write_text("theirs")
    done = _fetch(tmp_path, to="site")
    assert {"bundle.pem", "index.html", said.status.state.path, said.status.files.path} == {*done.written}
    assert {**acme.tree(tmp_path / "www"), "theirs": acme.digest(b"theirs")} == acme.tree(tmp_path / "site")


def test_fetch_refuses_an_older_site(tmp_path: Path, built: list[Path]) -> None:
    """Older than the folder's, than what was seen before, or a fork of the folder's."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    _push(tmp_path, place="fork")
    _fetch(tmp_path)
    publishing.refresh(acme.order(tmp_path / "copy"))
    with pytest.raises(SiteError, match="copy: has publication 2, and the other site 1"):
        _fetch(tmp_path)
    with pytest.raises(SiteError, match="www: is publication 1, and 7 was seen before"):
        _fetch(tmp_path, to="new", seen=records.SeenSite("acme", 7, 0))
    _add(tmp_path, built[1])
    _push(tmp_path)
    with pytest.raises(
        SiteError, match="copy: has a publication 2 that what is to be fetched does not follow"
    ):
        _fetch(tmp_path)
    assert not (tmp_path / "new" / "trustpack").exists()


def test_fetch_while_a_push_is_half_done(tmp_path: Path, built: list[Path]) -> None:
    """Indexes that are newer than the list are told and left out, and the next publication makes them."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    _add(tmp_path, built[1])
    packages = "deb/dists/stable/main/binary-all/Packages"
    (tmp_path / "www" / packages).write_bytes((tmp_path / "site" / packages).read_bytes())
    done = _fetch(tmp_path)
    assert (packages,) == done.stale
    assert not (tmp_path / "copy" / packages).exists()
    _add(tmp_path, built[2], to="copy")
    found = site.read(tmp_path / "copy", None)
    assert found is not None
    assert [] == list(site.missing(found))
    assert ["2026.1", "2026.3"] == [one.release for one in found.state.releases]
    assert not (tmp_path / "copy" / JOURNAL).exists()


@pytest.mark.parametrize("name", ["files-*.txt", "state-*.jsonl"])
def test_a_file_that_never_ends_is_not_read(tmp_path: Path, built: list[Path], name: str) -> None:
    """Who serves a site could fill the memory of who fetches it: the status says how much there is."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    (file,) = (tmp_path / "www/trustpack").glob(name)
    os.truncate(file, 200_000_000)
    tracemalloc.start()
    with pytest.raises(SiteError, match="is not what the site's list says"):
        _fetch(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_changed_package_is_not_fetched(tmp_path: Path, built: list[Path]) -> None:
    """What never changes under its name has no excuse, and the folder has no site then."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    package = next((tmp_path / "www").rglob("*.deb"))
    package.write_bytes(package.read_bytes() + b"x")
    with pytest.raises((SiteError, OutputError), match=r"\.deb: is (not what|larger than)"):
        _fetch(tmp_path)
    assert site.read(tmp_path / "copy", None) is None


def test_signatures(tmp_path: Path, built: list[Path]) -> None:
    """What is signed by none of the keys is not taken, nor what is not signed at all where keys are."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    with pytest.raises(SiteError, match="is not signed, and here are keys"):
        fetch.fetch(FolderStore(tmp_path / "www"), tmp_path / "copy", acme.NoKeys())
    (tmp_path / "www" / status.STATUS).write_text("-----BEGIN PGP SIGNED MESSAGE-----\n")
    with pytest.raises(SignatureError, match="none of the keys"):
        fetch.fetch(FolderStore(tmp_path / "www"), tmp_path / "copy", acme.NoKeys())
    assert not (tmp_path / "copy" / "trustpack").exists()


def test_export_is_the_same_for_the_same_site(tmp_path: Path, built: list[Path]) -> None:
    """It holds each file of the site, sorted, and nothing of others; unpacked, it is that site."""
    _add(tmp_path, built[0])
    (tmp_path / "site" / "theirs").write_text("theirs")
    done = export(tmp_path / "site", tmp_path / "a.tar", None)
    _push(tmp_path)
    export(tmp_path / "www", tmp_path / "b.tar", None)
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    with tarfile.open(tmp_path / "a.tar") as archive:
        names = archive.getnames()
        archive.extractall(tmp_path / "unpacked")  # noqa: S202  ours; Debian 12 has no filters yet
    assert sorted(acme.tree(tmp_path / "www")) == sorted(names)
    assert len(names) == done.files
    assert acme.tree(tmp_path / "www") == acme.tree(tmp_path / "unpacked")


def test_another_site_of_the_organisations_does_not_follow_what_was_seen(
    tmp_path: Path, built: list[Path]
) -> None:
    """Its keys sign both, say for trials and in earnest: who serves one may show the other in its place."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    _push(tmp_path, place="later")
    file = tmp_path / "seen.json"
    records.write(file, _fetch(tmp_path).status)
    for number, release in ((1, built[0]), (2, built[1])):
        order = replace(acme.order(tmp_path / "trials"), url="https://trials.acme.example")
        publishing.build(order, [release])
        seen = records.read(file)
        with pytest.raises(SiteError, match=f"publication {number} does not follow the publication 1 that"):
            _fetch(tmp_path, place="trials", to="new", seen=seen)
    _add(tmp_path, built[1])
    _push(tmp_path, place="later")
    assert 2 == _fetch(tmp_path, place="later", to="new", seen=records.read(file)).status.counter


def test_records(tmp_path: Path, built: list[Path]) -> None:
    """What was seen is remembered in a file, and another file is not overwritten."""
    _add(tmp_path, built[0])
    _push(tmp_path)
    file = tmp_path / "seen.json"
    assert records.read(file) is None
    records.write(file, _fetch(tmp_path).status)
    seen = records.read(file)
    assert seen is not None
    assert ("acme", 1) == (seen.organisation, seen.counter)
    file.write_text("[]")
    with pytest.raises(SiteError, match="is no record of a site"):
        records.read(file)


def test_export_into_a_pipe(tmp_path: Path, built: list[Path]) -> None:
    """What goes to a pipe or a device is written into it: it is not replaced by a file."""
    publishing.build(acme.order(tmp_path / "site"), built[:1])
    export(tmp_path / "site", tmp_path / "a.tar", None)
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor() as pool:
        came = pool.submit((tmp_path / "pipe").read_bytes)
        export(tmp_path / "site", tmp_path / "pipe", None)
    assert (tmp_path / "a.tar").read_bytes() == came.result()
    assert (tmp_path / "pipe").is_fifo()
