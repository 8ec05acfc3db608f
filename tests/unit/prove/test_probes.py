"""How programs of a language's testbed are started, and ended."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import NoReturn

import pytest

from builder.errors import ProofError
from builder.prove.probes import end_all, start
from tests.tools import require_linux

_NESTED = ["/bin/sh", "-c", "/bin/sh -c 'echo $$ >pid; exec sleep 300'; :"]


def ends(pid: int) -> bool:
    """Tell whether a process ends within a moment; what nobody has waited for yet has ended, too."""
    status = Path(f"/proc/{pid}/stat")
    for _ in range(100):
        try:
            if status.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def started(folder: Path) -> int:
    """Wait until the inner program of `_NESTED` has started; return its number."""
    while not (folder / "pid").exists() or not (folder / "pid").read_text().strip():
        time.sleep(0.01)
    return int((folder / "pid").read_text())


def test_an_interrupted_program_takes_those_it_started_with_it(tmp_path: Path) -> None:
    """A shell that is killed alone would leave its pip running."""
    require_linux()

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            start(_NESTED, folder=tmp_path)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert ends(started(tmp_path))


def test_what_other_threads_wait_for_can_be_ended(tmp_path: Path) -> None:
    """Nothing interrupts a thread: its program ends, and so does its wait."""
    require_linux()
    ended = []
    waiting = threading.Thread(target=lambda: ended.append(start(_NESTED, folder=tmp_path)))
    waiting.start()
    inner = started(tmp_path)
    end_all()
    waiting.join(10)
    assert [one.returncode for one in ended] == [-signal.SIGKILL]
    assert ends(inner)


def test_a_program_that_takes_longer_than_it_may_is_ended_with_what_it_started(tmp_path: Path) -> None:
    """The error says how long that was: a compiler may take longer than a client."""
    with pytest.raises(ProofError, match=r"took longer than 3 s$"):
        start(_NESTED, folder=tmp_path, seconds=3)
    assert ends(started(tmp_path))
