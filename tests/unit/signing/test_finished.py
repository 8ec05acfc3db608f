"""A release is signed in its folder, on a machine that need not have built it."""

import hashlib
import json
from pathlib import Path

import pytest

from builder import formats
from builder.errors import OutputError, PrivateKeyError, SignatureError, SiteError
from builder.model import Artifact, Bundle
from builder.release import folder as folders
from builder.release.atomic import alone
from builder.release.manifest import read_manifest
from builder.signing import apk, finished, rpm, site_keys
from tests import site_keys as made
from tests.unit import artifacts
from tests.unit.formats.packages import SYSTEM, package, run

KINDS = {"a.rpm": "rpm", "a.apk": "apk", "a.pkg.tar.zst": "pacman", "a.deb": "deb"}


def built() -> tuple[Artifact, ...]:
    """Return a package of each kind that systems have."""
    return tuple(
        artifacts.artifact(name, formats.write(package(kind, *SYSTEM)), target=kind)
        for name, kind in KINDS.items()
    )


def write(folder: Path, *found: Artifact, bundle: Bundle = artifacts.BUNDLE) -> None:
    """Write a release into its folder, as a build does."""
    with folders.claimed(folder) as claim:
        folders.write(claim, found, artifacts.describe(*found, bundle=bundle))


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Return the folder of a release of four packages."""
    write(tmp_path / "dist", *built())
    return tmp_path / "dist"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Return a folder of throw-away keys."""
    return made.folder(tmp_path / "keys")


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_release_is_signed_where_its_packages_have_room_for_it(dist: Path, keys: Path) -> None:
    """Inside of .rpm and .apk, beside Arch's; what they hold and what is not signed stays as it was."""
    before = contents(dist)
    done = finished.sign(dist, site_keys.read(keys))
    after = contents(dist)
    assert {"a.apk": "openssl", "a.rpm": "rpmkeys", "a.pkg.tar.zst": "gpgv"} == {
        one.entry.file: one.verified_by for one in done.signed
    }
    assert ["a.deb"] == list(done.left)
    assert {"a.apk", "a.rpm", "a.pkg.tar.zst.sig", "manifest.json", "SHA256SUMS"} == {
        name for name in after if after[name] != before.get(name)
    }
    assert before["a.rpm"] == rpm.unsigned(after["a.rpm"])
    assert before["a.apk"] == apk.unsigned(after["a.apk"])
    run("sh", "-c", f"cd {dist} && sha256sum -c --quiet SHA256SUMS")


def test_signing_again_changes_nothing(dist: Path, keys: Path) -> None:
    """The same key signs a release to the same bytes."""
    first = finished.sign(dist, site_keys.read(keys))
    before = contents(dist)
    assert 3 == len(first.written)
    assert () == finished.sign(dist, site_keys.read(keys)).written
    assert before == contents(dist)


def test_the_manifest_tells_what_was_built_and_what_was_signed(dist: Path, keys: Path) -> None:
    """So that nobody takes a signature for other content."""
    before = read_manifest(dist)
    finished.sign(dist, site_keys.read(keys))
    after = read_manifest(dist)
    assert before
    assert after
    assert [one.sha256 for one in before.artifacts] == [one.identity for one in after.artifacts]
    assert ["a.pkg.tar.zst.sig"] == [one.signature for one in after.artifacts if one.signature]
    for one in after.artifacts:
        assert hashlib.sha256((dist / one.file).read_bytes()).hexdigest() == one.sha256


def test_the_next_build_takes_signatures_away(dist: Path, keys: Path) -> None:
    """They are of files that it replaces."""
    before = contents(dist)
    finished.sign(dist, site_keys.read(keys))
    write(dist, *built())
    assert before == contents(dist)


def test_a_run_that_was_ended_is_repeated(dist: Path, keys: Path) -> None:
    """A file that was signed, and not yet described, is what was built all the same."""
    ring = site_keys.read(keys)
    (dist / "a.rpm").write_bytes(ring.rpm((dist / "a.rpm").read_bytes(), time=1_790_000_000))
    finished.sign(dist, ring)
    assert json.loads((dist / "manifest.json").read_text())["artifacts"][0]["unsigned"]


def test_a_release_that_another_build_replaces_is_not_taken_for_damaged(dist: Path) -> None:
    """Whoever reads it for a site or a registry is told what goes on there."""
    manifest = finished.described(dist)
    (dist / "a.deb").unlink()
    with pytest.raises(SiteError, match=r"a\.deb: cannot be read"):
        finished.artifacts(dist, manifest)
    with alone(dist, ""), pytest.raises(OutputError, match="another build is writing here"):
        finished.artifacts(dist, manifest)


@pytest.mark.parametrize("name", ["a.rpm", "a.apk", "a.deb"])
def test_a_file_that_was_changed_is_not_signed(dist: Path, keys: Path, name: str) -> None:
    """And neither are the others."""
    data = bytearray((dist / name).read_bytes())
    data[-20] ^= 1
    (dist / name).write_bytes(data)
    before = contents(dist)
    with pytest.raises(OutputError, match="is not what the manifest describes"):
        finished.sign(dist, site_keys.read(keys))
    assert before == contents(dist)


def test_keys_of_somebody_else_sign_no_release(dist: Path, tmp_path: Path) -> None:
    """Each organisation has its own."""
    ring = site_keys.read(made.folder(tmp_path / "others", slug="other"))
    with pytest.raises(SignatureError, match="is a release of 'acme', and the keys are those of 'other'"):
        finished.sign(dist, ring)


def test_a_folder_without_a_release_is_not_signed(tmp_path: Path, keys: Path) -> None:
    """Whatever lies in it."""
    (tmp_path / "a.rpm").write_bytes(b"")
    with pytest.raises(OutputError, match="holds no release"):
        finished.sign(tmp_path, site_keys.read(keys))


def test_a_key_that_lies_beside_a_release_stops_it(dist: Path, keys: Path) -> None:
    """Whatever it is called."""
    (dist / "notes.txt").write_bytes((keys / "2-apk.pem").read_bytes())
    before = contents(dist)
    with pytest.raises(PrivateKeyError, match=r"notes\.txt:1: holds "):
        finished.sign(dist, site_keys.read(keys))
    assert before == contents(dist)


def test_keys_do_not_lie_in_what_is_published(dist: Path, tmp_path: Path) -> None:
    """By whatever link."""
    (tmp_path / "link").symlink_to(dist)
    for folder in (dist, dist / "keys", tmp_path / "link" / "keys"):
        with pytest.raises(SignatureError, match="which is published"):
            site_keys.refuse_inside(folder, dist)
    site_keys.refuse_inside(tmp_path / "keys", dist)
