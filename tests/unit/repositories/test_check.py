"""A site is held to what it says of itself: every byte of every file, every index, every signature."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import random
import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest

from builder import config
from builder.errors import SignatureError, SiteError
from builder.prove.authority import create
from builder.repositories import check, listing, maker, publish, status
from builder.repositories import site as sites
from builder.repositories.ecosystems import rpm
from builder.repositories.publish import Order
from builder.repositories.status import Reference
from builder.repositories.stores import JOURNAL
from builder.signing import gpgv, site_verifier
from tests import releases, site_keys
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from builder.repositories.check import SiteCheck
    from builder.signing.keyring import Keyring

NOW = 1_796_000_000
CHANGES = 1000
INRELEASE = "deb/dists/stable/InRelease"


def order(folder: Path, keys: Keyring | None, *, now: int = NOW) -> Order:
    """Return an order for the site in `folder`."""
    return Order(
        folder=folder / "site",
        organisation=config.organisation(config.minimal("acme", ["roots.pem"])),
        url="https://packages.acme.example",
        now=now,
        valid=60,
        keep=None,
        architectures=("x86_64", "riscv64"),
        keys=keys,
    )


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Build two releases, as deb."""
    folder = tmp_path_factory.mktemp("releases")
    authority = create("Acme Root", now=dt.datetime.now(dt.UTC))
    for number in (1, 2):
        releases.build(folder / str(number), "acme", [authority], target="deb", release=f"2026.{number}")
    return [folder / "1" / "dist", folder / "2" / "dist"]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, released: list[Path]) -> Path:
    """Publish both, one after the other, signed by the keys 1; no test changes this folder."""
    folder = tmp_path_factory.mktemp("published")
    for number, release in enumerate(released):
        publish.build(order(folder, site_keys.keyring(), now=NOW + number), [release])
    return folder / "site"


@pytest.fixture
def folder(tmp_path: Path, published: Path) -> Path:
    """Return a copy of that site."""
    shutil.copytree(published, tmp_path / "site")
    return tmp_path / "site"


def checked(folder: Path, *keys: int, scratch: Path) -> SiteCheck:
    """Check a site by some generation's public keys alone."""
    ring = msgspec.structs.replace(site_keys.keyring(*keys), openpgp=(), apk_signers=())
    return check.check(folder, ring, site_verifier.of_keyring(ring), scratch=scratch)


def told(folder: Path, scratch: Path) -> dict[str, str]:
    """Return what is wrong with a site by path."""
    return {one.path: one.problem for one in checked(folder, scratch=scratch).problems}


def flip(file: Path, at: int, mask: int) -> bytes:
    """Change one byte of a file, and return what it was."""
    data = file.read_bytes()
    file.write_bytes(data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :])
    return data


def is_found(folder: Path, scratch: Path) -> bool:
    """Tell whether a check ends with a problem, or an error of ours."""
    try:
        return bool(told(folder, scratch))
    except (SiteError, SignatureError):
        return True


def test_a_site_as_it_was_published_has_no_problem(folder: Path, tmp_path: Path) -> None:
    """By its public keys alone, and two publications after each other."""
    found = checked(folder, scratch=tmp_path)
    assert ((), (), False) == (found.problems, found.others, found.unfinished)
    assert sum(path.is_file() for path in folder.rglob("*")) == found.files
    assert ("cryptography",) == found.verified_by


def test_what_another_trustpack_has_made_is_held_to_the_list_alone(
    tmp_path: Path, released: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page has other bytes, and its zlib other indexes; a changed byte is found all the same."""
    with monkeypatch.context() as patched:
        patched.setattr(maker, "__version__", "0.0.9")
        publish.build(order(tmp_path, site_keys.keyring()), released)
    site = tmp_path / "site"
    found = checked(site, scratch=tmp_path)
    assert ((), False) == (found.problems, found.compared)
    flip(site / "index.html", 100, 1)
    assert told(site, tmp_path) == {"index.html": "holds something else than the site's list says"}


def test_every_one_of_a_thousand_changed_bytes_is_found(folder: Path, tmp_path: Path) -> None:
    """In any file of the site, at any place of it."""
    chosen = random.Random(20261128)  # noqa: S311  the same changes in each run
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    missed = []
    for number in range(CHANGES):
        file = paths[number % len(paths)]
        at = chosen.randrange(file.stat().st_size)
        before = flip(file, at, chosen.randrange(1, 256))
        if not is_found(folder, tmp_path):
            missed.append((file, at))
        file.write_bytes(before)
    assert missed == []
    assert told(folder, tmp_path) == {}


def test_every_byte_of_the_status_is_looked_at(folder: Path, tmp_path: Path) -> None:
    """Nothing else vouches for it: neither its armor nor blanks at line ends may change."""
    file = folder / status.STATUS
    missed = []
    for at in range(file.stat().st_size):
        before = flip(file, at, 1 << at % 8)
        if not is_found(folder, tmp_path):
            missed.append(at)
        file.write_bytes(before)
    file.write_bytes(before.replace(b"1,\n", b"1, \n", 1))
    assert is_found(folder, tmp_path)
    assert missed == []


def test_a_missing_file_and_a_longer_one_are_told(folder: Path, tmp_path: Path) -> None:
    """Each by its path."""
    (folder / "acme.asc").unlink()
    with (folder / "bundle.pem").open("ab") as stream:
        stream.write(b"more")
    problems = told(folder, tmp_path)
    assert problems.keys() == {"acme.asc", "bundle.pem"}
    assert problems["acme.asc"] == "is missing"
    assert "bytes, and the site's list says" in problems["bundle.pem"]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_told_and_not_opened(folder: Path, tmp_path: Path, kind: str) -> None:
    """A link to the same content could lead to other content tomorrow, and a pipe has no end."""
    file, kept = folder / "bundle.pem", tmp_path / "elsewhere.pem"
    file.rename(kept)
    if kind == "link":
        file.symlink_to(kept)
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.mkdir()
    assert told(folder, tmp_path).keys() == {"bundle.pem"}


def test_a_folder_that_became_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """Its files count as missing."""
    (folder / "deb").rename(tmp_path / "deb")
    (folder / "deb").symlink_to(tmp_path / "deb")
    assert told(folder, tmp_path)[INRELEASE] == "is missing"


def test_what_others_put_there_is_told_and_no_problem(folder: Path, tmp_path: Path) -> None:
    """Nor is what a publication that did not end has noted."""
    (folder / "robots.txt").write_text("User-agent: *\n")
    (folder / "link").symlink_to("/")
    (folder / JOURNAL).write_text("[]")
    found = checked(folder, scratch=tmp_path)
    assert () == found.problems
    assert ("link", "robots.txt") == found.others
    assert found.unfinished


def test_another_key_is_an_error(folder: Path, tmp_path: Path) -> None:
    """It says so before anything of the site is believed."""
    with pytest.raises(SignatureError, match="none of the keys"):
        checked(folder, 3, scratch=tmp_path)


def rewritten(folder: Path, keys: Keyring, changes: dict[str, bytes]) -> None:
    """Sign the site's list and status anew after some of its files were changed, as who has the key could."""
    found = sites.read(folder, keys)
    assert found is not None
    files = dict(found.files)
    for path, data in changes.items():
        (folder / path).write_bytes(data)
        files[path] = msgspec.structs.replace(files[path], size=len(data), sha256=_sha256(data))
    del files[found.status.files.path]
    text = listing.text(files.values()).encode()
    reference = Reference(f"trustpack/files-{_sha256(text)}.txt", _sha256(text), len(text))
    (folder / reference.path).write_bytes(text)
    said = msgspec.structs.replace(found.status, files=reference)
    (folder / status.STATUS).write_text(status.to_text(said, keys))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_an_index_that_does_not_match_its_packages_is_found(folder: Path, tmp_path: Path) -> None:
    """Even where its digest is in the signed list: it is derived once more."""
    packages = "deb/dists/stable/main/binary-all/Packages"
    data = (folder / packages).read_bytes().replace(b"2026.2", b"2026.3")
    rewritten(folder, site_keys.keyring(), {packages: data})
    assert {packages: "does not match the packages on the site"} == told(folder, tmp_path)


def test_a_signature_over_another_index_is_found(folder: Path, tmp_path: Path) -> None:
    """One by the site's own keys, that is: each is opened, and compared."""
    keys = site_keys.keyring()
    plain = keys.opened((folder / INRELEASE).read_text())
    signed = keys.clear(plain.replace("Origin: acme", "Origin: evil"), time=NOW).encode()
    rewritten(folder, keys, {INRELEASE: signed})
    assert {INRELEASE: "is signed, and does not match the packages on the site"} == told(folder, tmp_path)


def test_a_signature_by_another_key_is_found(folder: Path, tmp_path: Path) -> None:
    """In any of the signed indexes."""
    keys = site_keys.keyring()
    release = (folder / "deb/dists/stable/Release").read_bytes()
    other = site_keys.keyring(3).detached(release, time=NOW)
    rewritten(folder, keys, {"deb/dists/stable/Release.gpg": other})
    problems = told(folder, tmp_path)
    assert problems.keys() == {"deb/dists/stable/Release.gpg"}
    assert "none by the site's keys" in problems["deb/dists/stable/Release.gpg"]


def test_gpgv_has_the_same_opinion(folder: Path) -> None:
    """Of every signature on the site; and it refuses one that is changed."""
    keys, program = site_keys.keyring(), require("gpgv")
    found = sites.read(folder, keys)
    assert found is not None
    signed = list(check.signatures(found, found.files))
    assert {folder / INRELEASE, folder / "deb/dists/stable/Release.gpg", folder / status.STATUS} <= {
        path for path, _ in signed
    }
    assert [] == list(gpgv.refused(program, keys.certificates, signed))
    flip(folder / INRELEASE, 100, 1)
    assert [folder / INRELEASE] == [path for path, _ in gpgv.refused(program, keys.certificates, signed)]


def test_gpgv_is_asked_of_the_newest_generation_alone(folder: Path) -> None:
    """Those before lie about for a while, and a key that signed them may be retired by now."""
    found = sites.read(folder, site_keys.keyring())
    assert found is not None
    generations = [rpm.generation_of(time) for time in (found.state.time - 9, found.state.time)]
    some = found.files["deb/dists/stable/Release"]
    names = ("repomd.xml", "repomd.xml.asc")
    more = {f"{one}/repodata/{name}": some for one in generations for name in names}
    asked = {path for path, _ in check.signatures(found, {**found.files, **more})}
    both = [folder / one / "repodata/repomd.xml.asc" in asked for one in generations]
    assert [False, True] == both


def test_gpgv_takes_what_a_retired_key_has_signed_too(tmp_path: Path) -> None:
    """A file of a rotation has two signatures, and the old key is in no keyring when that is over."""
    both, program = site_keys.keyring(2, 1, published=(3,)), require("gpgv")
    (tmp_path / "index").write_bytes(b"an index\n")
    (tmp_path / "index.asc").write_bytes(both.detached(b"an index\n", time=NOW))
    (tmp_path / "InRelease").write_text(both.clear("an index\n", time=NOW), "utf-8")
    signed = [(tmp_path / "index.asc", tmp_path / "index"), (tmp_path / "InRelease", None)]
    assert [] == list(gpgv.refused(program, site_keys.keyring(2).certificates, signed))
    strange = site_keys.keyring(4, published=(5,)).certificates
    assert [path for path, _ in signed] == [path for path, _ in gpgv.refused(program, strange, signed)]
    (tmp_path / "index").write_bytes(b"another index\n")
    (tmp_path / "InRelease").write_text(both.clear("an index\n", time=NOW).replace("an i", "no i"), "utf-8")
    changed = gpgv.refused(program, site_keys.keyring(2).certificates, signed)
    assert [path for path, _ in signed] == [path for path, _ in changed]


def test_a_folder_without_a_site_is_an_error(tmp_path: Path) -> None:
    """It names the folder, and how to make one."""
    with pytest.raises(SiteError, match="holds no site"):
        checked(tmp_path, scratch=tmp_path)


def test_an_unsigned_site_is_checked_without_keys(tmp_path: Path, released: list[Path]) -> None:
    """All but signatures; with keys it is refused."""
    publish.build(order(tmp_path, None), released)
    found = check.check(tmp_path / "site", None, None, scratch=tmp_path)
    assert () == found.problems
    assert () == found.verified_by
    with pytest.raises(SiteError, match="is not signed"):
        checked(tmp_path / "site", scratch=tmp_path)
