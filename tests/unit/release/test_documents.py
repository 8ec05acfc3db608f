"""Documents about a release: files of it like its artifacts, as long as what they say is true."""

import subprocess
from pathlib import Path

import pytest

from builder.errors import OutputError
from builder.model import Artifact
from builder.release import documents
from builder.release import folder as output
from builder.release import manifest as manifests
from builder.release.documents import ReleaseDocument
from builder.release.manifest import Manifest
from tests.tools import require
from tests.unit.artifacts import artifact, describe

NOTES = ReleaseDocument("acme-1.notes.md", "notes", b"new\n")
SOURCE = ReleaseDocument("acme-1.source.tar", "source", b"tar")


def build(folder: Path, *artifacts: Artifact, release: str = "1") -> Manifest:
    """Build a release as `trustpack build` does, joined with what `folder` holds."""
    with output.claimed(folder) as claim:
        manifest = manifests.joined(claim.previous, describe(*artifacts, release=release))
        output.write(claim, artifacts, manifest)
    return manifest


def attach(folder: Path, *made: ReleaseDocument) -> Manifest:
    """Give the release in `folder` these documents."""
    with output.claimed(folder) as claim:
        return documents.attach(claim, made)


def names(folder: Path) -> set[str]:
    """Return what `folder` holds beside what describes it."""
    return {path.name for path in folder.iterdir()} - {manifests.MANIFEST, manifests.SUMS}


def test_a_document_is_a_file_of_the_release(tmp_path: Path) -> None:
    """It is in the manifest and in the sums, and the next one of its kind replaces it."""
    build(tmp_path, artifact("a-1.deb"))
    attach(tmp_path, NOTES)
    after = attach(tmp_path, SOURCE)
    assert after == manifests.read_manifest(tmp_path)
    assert after.documents == (NOTES.summary, SOURCE.summary)
    assert documents.read(tmp_path, after.documents[0]) == b"new\n"
    command = [require("sha256sum"), "-c", "--strict", "SHA256SUMS"]
    done = subprocess.run(command, cwd=tmp_path, check=True, env={}, capture_output=True, text=True)
    assert done.stdout.splitlines() == ["a-1.deb: OK", "acme-1.notes.md: OK", "acme-1.source.tar: OK"]
    attach(tmp_path, ReleaseDocument("acme-1.other.md", "notes", b"newer\n"))
    assert names(tmp_path) == {"a-1.deb", "acme-1.other.md", "acme-1.source.tar"}
    with output.claimed(tmp_path) as claim:
        documents.attach(claim, (), dropped={"notes", "source"})
    assert names(tmp_path) == {"a-1.deb"}


def test_documents_stay_as_long_as_what_they_are_about(tmp_path: Path) -> None:
    """The same release built again keeps them; one more target or another release does not."""
    deb, rpm = artifact("a-1.deb", target="deb"), artifact("a-1.rpm", target="rpm")
    build(tmp_path, deb, rpm)
    for again in ((deb,), (deb, rpm)):
        attach(tmp_path, NOTES)
        build(tmp_path, *again)
        assert names(tmp_path) == {"a-1.deb", "a-1.rpm", NOTES.file}
    build(tmp_path, artifact("a-1.apk", target="apk"))
    assert names(tmp_path) == {"a-1.deb", "a-1.rpm", "a-1.apk"}
    attach(tmp_path, NOTES, SOURCE)
    build(tmp_path, artifact("a-2.deb", target="deb"), release="2")
    assert names(tmp_path) == {"a-2.deb"}


def test_a_file_that_is_not_ours_is_never_replaced(tmp_path: Path) -> None:
    """A stranger's, or an artifact: nothing is written."""
    build(tmp_path, artifact("a-1.deb"))
    (tmp_path / NOTES.file).write_text("theirs")
    with pytest.raises(OutputError, match="is there already, and no build of this folder made it"):
        attach(tmp_path, SOURCE, NOTES)
    with pytest.raises(OutputError, match=r"no document can be called a-1\.deb"):
        attach(tmp_path, ReleaseDocument("a-1.deb", "notes", b""))
    assert names(tmp_path) == {"a-1.deb", NOTES.file}
    assert (tmp_path / NOTES.file).read_text() == "theirs"


def test_without_a_release_there_is_nothing_to_say(tmp_path: Path) -> None:
    """It says what to do first."""
    with pytest.raises(OutputError, match="holds no release") as caught:
        attach(tmp_path, NOTES)
    assert caught.value.hint == "build one first: trustpack build"


def test_a_changed_document_is_not_read(tmp_path: Path) -> None:
    """Nor one that is gone: it is to be made again."""
    build(tmp_path, artifact("a-1.deb"))
    (one,) = attach(tmp_path, NOTES).documents
    (tmp_path / NOTES.file).write_text("other")
    with pytest.raises(OutputError, match="is not what the manifest describes"):
        documents.read(tmp_path, one)
    (tmp_path / NOTES.file).unlink()
    with pytest.raises(OutputError, match="cannot be read: No such file"):
        documents.read(tmp_path, one)
    assert attach(tmp_path, NOTES).documents == (one,)
    assert documents.read(tmp_path, one) == b"new\n"
