"""Runs of `trustpack batch build` that a test disturbs, and what must come of them all the same."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.batch.record import RECORD
from builder.pipeline import build as pipeline
from builder.pipeline.accept import accept
from builder.pipeline.project import find
from builder.pipeline.request import request
from tests.organisations import NOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TRUSTPACK = Path(sys.executable).with_name("trustpack")
REPORT = "batch.json"
_PATIENCE = 240  # seconds without any progress until a test gives up waiting: nothing is measured
_PAUSE = 0.02


class Run:
    """A batch that is running, or has run: its process, and what it said."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, log: Path) -> None:
        self.process = process
        self.out = out
        self._log = log

    @property
    def said(self) -> str:
        """What it has written to its streams so far."""
        return self._log.read_text("utf-8", "replace")

    def wait_for(self, count: int) -> int:
        """Wait until so many organisations have a release, or it has ended; return how many do."""
        wait_until(lambda: released(self.out) >= count or self.process.poll() is not None, self._progress)
        return released(self.out)

    def end(self) -> int:
        """Wait for its end, however long it takes as long as it goes on, and return its exit status."""
        try:
            wait_until(lambda: self.process.poll() is not None, self._progress)
        except AssertionError:
            raise AssertionError(f"does not end: {self.said}") from None
        return self.process.wait()

    def _progress(self) -> object:
        return self._log.stat().st_size, released(self.out)

    def workers(self) -> list[int]:
        """Return the process numbers of its workers."""
        return [pid for pid in descendants(self.process.pid) if b"spawn_main" in command(pid)]


@contextmanager
def running(
    orgs: Path, out: Path, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[Run]:
    """Start a batch, and end it and all that it has started with the test."""
    words = ["build", str(orgs), "--out", str(out), "--now", NOW.isoformat(), *options]
    with started(out, *words, environment=environment) as run:
        yield run


@contextmanager
def started(out: Path, *words: str, environment: Mapping[str, str] | None = None) -> Iterator[Run]:
    """Start a command of `trustpack batch`, as `running` does; its log lies beside `out`."""
    log = out.with_name(f"{out.name}.log")
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(TRUSTPACK), "batch", *words],
            stdout=stream,
            stderr=stream,
            env=clean(**environment or {}),
            start_new_session=True,
        )
    left: list[int] = []
    try:
        yield Run(process, out, log)
    finally:
        left = [*descendants(process.pid), process.pid]
        for pid in left if process.poll() is None else left[:-1]:
            send(pid, signal.SIGKILL)
        process.wait()


def wait_until(condition: Callable[[], bool], progress: Callable[[], object] = lambda: None) -> None:
    """Wait until something is so; fail where that takes for ever, and nothing goes on meanwhile."""
    seen, end = progress(), time.monotonic() + _PATIENCE
    while True:
        began = time.monotonic()
        if condition():
            return
        if began > end - _PATIENCE / 2 and (now := progress()) != seen:
            seen, end = now, began + _PATIENCE
        assert began < end, "waited in vain"
        # Looking at thousands of folders is work, too, on the machine that is to do other.
        time.sleep(max(_PAUSE, 4 * (time.monotonic() - began)))


def clean(**environment: str) -> dict[str, str]:
    """Return an environment with nothing of this machine's but where programs are."""
    return {"PATH": f"{TRUSTPACK.parent}:{os.environ['PATH']}", "LANG": "C.UTF-8", **environment}


def run(
    orgs: Path, out: Path, *options: str, environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a batch to its end; return its exit status and what it said."""
    with running(orgs, out, *options, environment=environment) as started:
        return started.end(), started.said


def plain(orgs: Path, out: Path) -> None:
    """Build each organisation by itself, as `trustpack build` does."""
    for folder in sorted(orgs.iterdir()):
        project = find([], None, folder / "trustpack.yaml", now=NOW)
        pipeline.build(request(project, accept(project).bundle), out / folder.name)


def outputs(out: Path) -> dict[str, str]:
    """Return the digest of every file of a folder of outputs, but for what tells of the runs themselves."""
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != RECORD and path != out / REPORT
    }


def report(out: Path) -> dict[str, Any]:
    """Return what the last run says of itself."""
    found: dict[str, Any] = json.loads((out / REPORT).read_text("utf-8"))
    return found


def released(out: Path) -> int:
    """Return how many organisations have a release."""
    return sum(1 for _ in out.glob("*/manifest.json"))


def send(pid: int, number: signal.Signals, *, group: bool = False) -> None:
    """Send a signal to a process, or to all of the group that it leads, unless it has ended."""
    try:
        (os.killpg if group else os.kill)(pid, number)
    except ProcessLookupError:
        return


def descendants(pid: int) -> list[int]:
    """Return the process numbers of all that a process has started, and of what those have."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, _, rest = stat.read_text("utf-8", "replace").partition(" (")
        except OSError:
            continue
        parents.setdefault(int(rest.rpartition(")")[2].split()[1]), []).append(int(number))
    found: list[int] = []
    left = [pid]
    while left:
        children = parents.get(left.pop(), [])
        found += children
        left += children
    return found


def command(pid: int) -> bytes:
    """Return the words that a process was started with, empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
