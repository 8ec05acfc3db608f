"""Folders for what is not kept: of live processes they stay, of dead ones they go."""

import os
import signal
import tempfile
from pathlib import Path

import pytest

from builder.release import scratch


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which scratch folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def _killed() -> None:
    """Begin a proof in a process that is killed."""
    child = os.fork()
    if not child:
        with scratch.folder("proof") as folder:
            (folder / "file").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_what_a_killed_process_left_goes_with_the_next(temporary: Path) -> None:
    """And never a live one's, another purpose's or what is no folder."""
    _killed()
    assert len(list(temporary.iterdir())) == 1
    for name in ("trustpack-proof-file", "trustpack-testbed-theirs"):
        (temporary / name).write_text("theirs")
    (temporary / "trustpack-proof-link").symlink_to("trustpack-testbed-theirs")
    kept = {"trustpack-proof-file", "trustpack-proof-link", "trustpack-testbed-theirs"}
    with scratch.folder("proof") as first, scratch.folder("proof") as second:
        assert {path.name for path in temporary.iterdir()} == {*kept, first.name, second.name}
    assert {path.name for path in temporary.iterdir()} == kept


def test_what_lives_for_a_moment_lies_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And there, too, what a killed process left goes with the next."""
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")  # noqa: S108  what it is if nobody chooses another
    monkeypatch.setattr(scratch, "_MEMORY", str(memory))
    (memory / "trustpack-moment-left").mkdir()
    with scratch.folder("moment", in_memory=True) as folder:
        assert folder.parent == memory
        assert list(memory.iterdir()) == [folder]
    assert not list(memory.iterdir())


@pytest.mark.parametrize("why", ["chosen", "full", "missing", "closed"])
def test_elsewhere_it_lies_with_the_others(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """Where somebody has chosen a folder, or there is no room in memory, no such place or no right to it."""
    memory = temporary / "memory"
    if why != "missing":
        memory.mkdir()
    monkeypatch.setattr(scratch, "_MEMORY", str(memory))
    if why != "chosen":
        monkeypatch.setattr(scratch, "_USUAL", str(temporary))
    if why == "full":
        monkeypatch.setattr(scratch, "_ROOM", 1 << 60)
    if why == "closed":
        monkeypatch.setattr(os, "access", lambda path, mode: False)  # noqa: ARG005  root may do all
    with scratch.folder("moment", in_memory=True) as folder:
        assert folder.parent == temporary
