"""Run a real command under strace, which kills it at a system call, or lets that fail on a full disk.

It prints what `rehearse` does: the command is killed at so many points, and so many calls find no room.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.crash.rehearse import Ended, Rehearsal, environment
from tests.crash.worlds import Command
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PROGRAM = Path(sys.executable).with_name("trustpack")
_ROOM = ("fsync", "link", "linkat", "mkdir", "mkdirat", "write")
_CALLS = (
    *_ROOM, "chmod", "fchmod", "fchmodat", "rename", "renameat", "renameat2", "rmdir", "unlink", "unlinkat",
)  # fmt: skip
_FAULTS = {"kill": "signal=KILL", "ENOSPC": "error=ENOSPC"}
_CALL = re.compile(r"\d+ +(\w+)\((\d*)")
_PRINTS = {"1", "2"}  # what is written there is no file


class _Point(NamedTuple):
    """A system call, and which of the command's calls of that name it is."""

    call: str
    number: int


def main(name: str, folder: Path, kills: int, full: int) -> None:
    """Rehearse a case with its points evenly chosen."""
    rehearsal = Rehearsal(name, folder)
    command = rehearsal.case.run
    assert isinstance(command, Command)
    rehearsal.anew()
    trace = folder / "trace"
    ended = _run(command, rehearsal.world, ["-o", trace, "-e", _set("trace", _CALLS)])
    assert ended.code == 0, ended
    points = list(_points(trace.read_text("utf-8")))
    some = [point for point in points if point.call in _ROOM]
    for fault, chosen in (("kill", _chosen(points, kills)), ("ENOSPC", _chosen(some, full))):
        for call, number in chosen:
            inject = f"{_set('inject', [call])}:{_FAULTS[fault]}:when={number}"
            options: list[str | Path] = ["-o", trace, "-e", _set("trace", [call]), "-e", inject]
            rehearsal.row(fault, number, call, partial(_run, command, rehearsal.world, options))


def _set(what: str, calls: Sequence[str]) -> str:
    """Return a set of calls; some machines lack some."""
    return f"{what}=" + ",".join(f"?{call}" for call in calls)


def _run(command: Command, world: Path, options: Sequence[str | Path]) -> Ended:
    done = subprocess.run(
        [require("strace"), "-f", "-q", *options, _PROGRAM, *command.words],
        cwd=world, env=environment(world) | {"PYTHONDONTWRITEBYTECODE": "1"}, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, [])


def _points(trace: str) -> Iterator[_Point]:
    """Yield the calls of the command itself; strace counts each program's for itself."""
    own, count = trace.split(" ", 1)[0], Counter[str]()
    for line in trace.splitlines():
        found = _CALL.match(line)
        if found and line.startswith(f"{own} "):
            call, first = found.groups()
            count[call] += 1
            if not (call == "write" and first in _PRINTS):
                yield _Point(call, count[call])


def _chosen(points: Sequence[_Point], count: int) -> list[_Point]:
    return [points[(2 * number + 1) * len(points) // (2 * count)] for number in range(count)]
