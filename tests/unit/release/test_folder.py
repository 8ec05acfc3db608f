"""The output folder: whole or not at all, repaired by the next build, and never anybody else's files."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from builder.errors import OutputError
from builder.model import Artifact
from builder.prove import report
from builder.prove.report import Proof
from builder.prove.trial import Cell, Status
from builder.release import folder as output
from builder.release import manifest as manifests
from builder.release.atomic import staged
from builder.release.manifest import Manifest
from tests.tools import require
from tests.unit import bundles
from tests.unit.artifacts import artifact, describe


def write(folder: Path, *artifacts: Artifact, release: str = "1") -> Manifest:
    """Write a release over whatever release `folder` holds."""
    manifest = describe(*artifacts, release=release)
    with output.claimed(folder) as claim:
        output.write(claim, artifacts, manifest)
    return manifest


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of `folder`, but for the manifest and the sums."""
    known = {manifests.MANIFEST, manifests.SUMS}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in known}


def names(folder: Path) -> list[str]:
    """Return the name of everything in `folder`."""
    return sorted(path.name for path in folder.iterdir())


def refusal(folder: Path, *artifacts: Artifact) -> tuple[str, str]:
    """Return message and hint of the error that writing `artifacts` to `folder` ends in."""
    with pytest.raises(OutputError) as caught:
        write(folder, *artifacts)
    return str(caught.value).removeprefix(str(folder)), caught.value.hint


def test_a_release_is_its_files_their_sums_and_a_manifest(tmp_path: Path) -> None:
    """The folder holds nothing else, and the manifest read back is the one written."""
    manifest = write(tmp_path / "new" / "dist", artifact("a-1.deb"), artifact("b-1.rpm", b"other"))
    folder = tmp_path / "new" / "dist"
    assert names(folder) == ["SHA256SUMS", "a-1.deb", "b-1.rpm", "manifest.json"]
    assert manifests.read_manifest(folder) == manifest
    assert (
        subprocess.run(
            [require("sha256sum"), "-c", "--strict", "SHA256SUMS"], cwd=folder, check=False, env={}
        ).returncode
        == 0
    )


@pytest.mark.parametrize("ending", ["kill", "error"])
def test_a_build_ended_at_any_operation_leaves_a_whole_release_and_the_next_repairs(
    tmp_path: Path, ending: str
) -> None:
    """Killed, or out of space, before each write, rename and removal, over no release and over another."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.crashing", str(tmp_path), ending],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    rows = [line.split(" ", 3) for line in done.stdout.splitlines()]
    for start, counter in (("fresh", ""), ("once", ".1")):
        mine = [row for row in rows if row[0] == start]
        files = [f"acme-{name}-20261124{counter}.tar.gz" for name in ("other", "thing")]
        after = " ".join(["SHA256SUMS", *files, "manifest.json", "notes.txt"])
        assert len(mine) > 10
        assert {row[3] for row in mine} == {after}
        # Old until the manifest is renamed, new from then on, and never neither.
        states = [row[2].split("-")[0] for row in mine]
        assert states == sorted(states, reverse=True)
        assert {row[2].removesuffix("-littered") for row in mine} == {"old-whole", "new-whole"}
        assert mine[-1][1:3] == ["0", "new-whole"]
        if ending == "error":
            assert not any("littered" in row[2] for row in mine if row[2].startswith("old"))


def test_a_damaged_or_missing_file_is_repaired(tmp_path: Path) -> None:
    """A build of the same release makes every file of it right again."""
    write(tmp_path, artifact("a-1.deb"), artifact("b-1.deb"))
    (tmp_path / "a-1.deb").write_bytes(b"damaged")
    (tmp_path / "b-1.deb").unlink()
    (tmp_path / "SHA256SUMS").unlink()
    write(tmp_path, artifact("a-1.deb"), artifact("b-1.deb"))
    assert contents(tmp_path) == {"a-1.deb": b"data", "b-1.deb": b"data"}
    assert (tmp_path / "SHA256SUMS").read_text().count("\n") == 2


def test_our_stale_files_go_and_others_stay(tmp_path: Path) -> None:
    """A new release removes the old one's files, changed ones too, and no others."""
    (tmp_path / "README").write_text("theirs")
    (tmp_path / "a-0.deb").write_text("theirs")
    (tmp_path / "sub").mkdir()
    write(tmp_path, artifact("a-1.deb"), artifact("b-1.deb"))
    (tmp_path / "b-1.deb").write_bytes(b"signed since")
    (tmp_path / "sub").rmdir()
    write(tmp_path, artifact("a-2.deb"), release="2")
    assert contents(tmp_path) == {"README": b"theirs", "a-0.deb": b"theirs", "a-2.deb": b"data"}


@pytest.mark.parametrize("name", ["a-1.deb", "SHA256SUMS"])
def test_a_strangers_file_is_never_replaced(tmp_path: Path, name: str) -> None:
    """A file of the same name that no build of ours made stops the build before anything is written."""
    (tmp_path / name).write_text("theirs")
    message, hint = refusal(tmp_path, artifact("0-1.deb"), artifact("a-1.deb"))
    assert message == f"/{name}: is there already, and no build of this folder made it"
    assert "--out" in hint
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: "theirs"}


def test_a_strangers_link_is_never_replaced(tmp_path: Path) -> None:
    """A link that leads nowhere is somebody's file too."""
    (tmp_path / "a-1.deb").symlink_to("nowhere")
    assert refusal(tmp_path, artifact("a-1.deb"))[0].startswith("/a-1.deb: is there already")
    assert (tmp_path / "a-1.deb").is_symlink()


def test_a_folder_in_an_artifacts_place_is_an_error(tmp_path: Path) -> None:
    """It is named, and nothing is written."""
    (tmp_path / "a-1.deb").mkdir()
    assert refusal(tmp_path, artifact("a-1.deb"))[0] == "/a-1.deb: cannot be written: Is a directory"
    assert names(tmp_path) == ["a-1.deb"]


def test_a_file_with_the_right_content_is_taken_over(tmp_path: Path) -> None:
    """What is already exactly right is no stranger's."""
    (tmp_path / "a-1.deb").write_bytes(b"data")
    write(tmp_path, artifact("a-1.deb"))
    assert contents(tmp_path) == {"a-1.deb": b"data"}


def test_a_killed_builds_journal_never_costs_a_stranger_a_file(tmp_path: Path) -> None:
    """A file put in the place of one that a killed build was about to write stays."""
    (tmp_path / ".trustpack-journal.json").write_text(
        json.dumps(
            {"a-1.deb": hashlib.sha256(b"ours").hexdigest(), "b-1.deb": hashlib.sha256(b"ours").hexdigest()}
        )
    )
    (tmp_path / "a-1.deb").write_text("theirs")
    (tmp_path / "b-1.deb").write_text("ours")
    write(tmp_path, artifact("c-1.deb"))
    assert contents(tmp_path) == {"a-1.deb": b"theirs", "c-1.deb": b"data"}


@pytest.mark.parametrize(
    "journal", [b"", b"[1]", b'{"../outside": ""}', b'{"/etc/passwd": ""}', b"\xff", b'{"a": 1}']
)
def test_a_strange_journal_removes_nothing(tmp_path: Path, journal: bytes) -> None:
    """A journal that no build of ours wrote is dropped."""
    folder = tmp_path / "dist"
    folder.mkdir()
    (tmp_path / "outside").write_text("theirs")
    (folder / ".trustpack-journal.json").write_bytes(journal)
    write(folder, artifact("a-1.deb"))
    assert contents(folder) == {"a-1.deb": b"data"}
    assert (tmp_path / "outside").read_text() == "theirs"


def test_the_folder_is_one_builds_at_a_time(tmp_path: Path) -> None:
    """While another process holds the folder, a build says so and writes nothing."""
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        assert refusal(tmp_path, artifact("a-1.deb")) == (
            ": another build is writing here",
            "wait for it to end",
        )
    finally:
        os.close(descriptor)
    assert names(tmp_path) == []


def test_a_build_keeps_others_out_from_its_start(tmp_path: Path) -> None:
    """From the moment at which it reads what the folder holds, not only while it writes."""
    write(tmp_path, artifact("a-1.deb"))
    with output.claimed(tmp_path):
        assert refusal(tmp_path, artifact("a-2.deb"))[0] == ": another build is writing here"


def test_a_build_that_was_overtaken_writes_nothing(tmp_path: Path) -> None:
    """Two builds that both found no folder cannot both make it: the second is told to run again."""
    folder, late = tmp_path / "dist", artifact("b-1.deb", b"second")
    with output.claimed(folder) as claim:
        write(folder, artifact("a-1.deb", b"first"))
        with pytest.raises(OutputError) as caught:
            output.write(claim, [late], describe(late))
    assert (str(caught.value), caught.value.hint) == (
        f"{folder}: another build has written here meanwhile",
        "run it again",
    )
    assert contents(folder) == {"a-1.deb": b"first"}


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    """It says which path it is."""
    file = tmp_path / "dist"
    file.write_text("theirs")
    assert refusal(file, artifact("a-1.deb"))[0] == "/manifest.json: cannot be read: Not a directory"


def test_a_linked_folder_is_written_through(tmp_path: Path) -> None:
    """A link to a folder is that folder; one to nowhere is an error."""
    (tmp_path / "real").mkdir()
    (tmp_path / "dist").symlink_to("real")
    (tmp_path / "dangling").symlink_to("nowhere")
    write(tmp_path / "dist", artifact("a-1.deb"))
    assert (tmp_path / "dist").is_symlink()
    assert contents(tmp_path / "real") == {"a-1.deb": b"data"}
    assert refusal(tmp_path / "dangling", artifact("a-1.deb"))[0] == ": is a link that leads nowhere"


def test_a_link_that_leads_nowhere_is_named_wherever_it_lies(tmp_path: Path) -> None:
    """Above the folder, too."""
    (tmp_path / "dangling").symlink_to("nowhere")
    with pytest.raises(OutputError) as caught:
        write(tmp_path / "dangling" / "dist", artifact("a-1.deb"))
    assert str(caught.value) == f"{tmp_path / 'dangling'}: is a link that leads nowhere"


def test_an_error_after_the_release_is_described_says_that_it_stands(tmp_path: Path) -> None:
    """What is left of the one before cannot be removed: the next build removes it."""
    write(tmp_path, artifact("a-1.deb"))
    (tmp_path / "a-1.deb").unlink()
    (tmp_path / "a-1.deb").mkdir()
    new = artifact("a-2.deb")
    with pytest.raises(OutputError) as caught:
        write(tmp_path, new, release="2")
    said = f"{tmp_path}: holds release 2, whole, but {tmp_path / 'a-1.deb'} of the one before cannot be "
    assert str(caught.value).startswith(said)
    assert manifests.read_manifest(tmp_path) == describe(new, release="2")
    (tmp_path / "a-1.deb").rmdir()
    write(tmp_path, new, release="2")
    assert names(tmp_path) == ["SHA256SUMS", "a-2.deb", "manifest.json"]


def test_what_a_live_process_writes_into_the_folder_stays(tmp_path: Path) -> None:
    """A proof, or metrics: a build clears up what dead ones have left."""
    (tmp_path / ".trustpack-tmp-dead-1.0").write_text("half")
    with staged(tmp_path / "proof.json", b"{}") as proof:
        write(tmp_path, artifact("a-1.deb"))
        assert proof.name in names(tmp_path)
    assert names(tmp_path) == ["SHA256SUMS", "a-1.deb", "manifest.json"]


def test_a_manifest_that_no_build_wrote_stops_the_build(tmp_path: Path) -> None:
    """Nothing is written or removed on its word."""
    (tmp_path / "manifest.json").write_bytes(b"{}")
    message, hint = refusal(tmp_path, artifact("a-1.deb"))
    assert message.startswith("/manifest.json: is not a trustpack manifest")
    assert "--out" in hint
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"manifest.json": b"{}"}


def test_releases_join_by_target(tmp_path: Path) -> None:
    """A second build of one release keeps what other targets built and replaces its own target's files."""
    deb, rpm = artifact("a-1.deb", target="deb"), artifact("a-1.rpm", target="rpm")
    before = write(tmp_path, deb, rpm)
    renamed = artifact("b-1.rpm", target="rpm")
    joined = manifests.joined(before, describe(renamed))
    assert [entry.file for entry in joined.artifacts] == ["a-1.deb", "b-1.rpm"]
    with output.claimed(tmp_path) as claim:
        output.write(claim, [renamed], joined)
    assert contents(tmp_path) == {"a-1.deb": b"data", "b-1.rpm": b"data"}
    assert manifests.joined(before, describe(renamed, release="2")).artifacts == describe(renamed).artifacts


def _prove(folder: Path, manifest: Manifest) -> None:
    """Leave the report of a proof in `folder`, as `trustpack prove` does."""
    cell = Cell("thing", "curl", "", Status.PROVEN, {})
    proof = Proof("recipe proof", manifest, bundles.NOW, (), (cell,))
    report.write(folder, dict.fromkeys(manifests.PROOFS, report.to_json(proof)))


def test_a_proof_stays_as_long_as_what_it_proved(tmp_path: Path) -> None:
    """Beside other packages it would vouch for these; built again, or beside another target's, it holds."""
    deb, rpm = artifact("a-1.deb"), artifact("a-1.rpm", target="other")
    _prove(tmp_path, write(tmp_path, deb))
    write(tmp_path, deb)
    write(tmp_path, deb, rpm)
    assert set(manifests.PROOFS) < set(names(tmp_path))
    write(tmp_path, artifact("a-2.deb"), release="2")
    assert names(tmp_path) == ["SHA256SUMS", "a-2.deb", "manifest.json"]


def test_a_proof_of_a_release_that_is_gone_is_not_written(tmp_path: Path) -> None:
    """A build has written here while it was made: beside those packages it would vouch for them."""
    before = write(tmp_path, artifact("a-1.deb"))
    write(tmp_path, artifact("a-2.deb"), release="2")
    with pytest.raises(OutputError, match="another build has written here while it was proven"):
        report.write(tmp_path, {"proof.json": "{}"}, proven=before)
    assert "proof.json" not in names(tmp_path)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"kind": "theorem", "release": "1"}'])
def test_a_strangers_proof_is_not_removed(tmp_path: Path, data: bytes) -> None:
    """Another program's file of that name is none of ours."""
    (tmp_path / "proof.json").write_bytes(data)
    write(tmp_path, artifact("a-1.deb"))
    write(tmp_path, artifact("a-2.deb"), release="2")
    assert (tmp_path / "proof.json").read_bytes() == data
