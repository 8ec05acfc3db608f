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
