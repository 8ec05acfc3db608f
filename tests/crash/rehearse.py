"""Run a command again and again, and let each operation of it fail once.

`python -m tests.crash.rehearse CASE FOLDER EVERY FAULT…` is a program, since it forks. It prints a line of
JSON for each run: what failed, how the command ended, what then lay there, how the next run ended, and what
that left.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.crash.cases import CASES
from tests.crash.disk import FAULTS, Disk, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.crash.cases import Case
    from tests.crash.disk import Fault

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": os.devnull}
_CRASHED = 99


class Ended(NamedTuple):
    """How a run ended, as a shell has it, what it said, and which operations there were."""

    code: int
    said: str
    seen: list[Operation]


class Rehearsal:
    """A case in a folder of its own: what it makes of its world undisturbed, and what of it disturbed."""

    def __init__(self, name: str, folder: Path) -> None:
        """Run it undisturbed, once and twice, and print how the world was before and after."""
        self.case, self.world = CASES[name], folder / "world"
        self._before = folder / "before"
        self._before.mkdir()
        _prepare(self.case, self._before, self.world)
        self._old, self._start = _looked(self.case, self.anew()), snapshot(self.world)
        self._once, self.trace = _undisturbed(self.case, self.world)
        self._new = _looked(self.case, self.world)
        self._twice, _ = _undisturbed(self.case, self.world, self.case.done)
        trace = [" ".join(one) for one in self.trace]
        _print({"operations": trace, "old": repr(self._old), "new": repr(self._new)})

    def anew(self) -> Path:
        """Return the world as it was before."""
        shutil.rmtree(self.world, ignore_errors=True)
        shutil.copytree(self._before, self.world, symlinks=True)
        return self.world

    def row(self, fault: str, number: int, operation: str, run: Callable[[], Ended]) -> None:
        """Print how a run ends, what then is there, and what the next one makes of that."""
        self.anew()
        ended = run()
        found, state = _looked(self.case, self.world), snapshot(self.world)
        again = _run(self.case, self.world)
        left = snapshot(self.world)
        done = left in (self._once, self._twice)
        _print({
            "fault": fault,
            "number": number,
            "operation": operation,
            "code": ended.code,
            "said": ended.said,
            "found": _told(found, self._old, self._new),
            "litter": "" if state in (self._start, self._once) else _differing(state, self._start),
            "again": again.code,
            "answer": again.said,
            "left": "" if done else _differing(left, self._once),
            "whole": not done and self.case.whole(self.world),
        })  # fmt: skip


def main(name: str, folder: Path, every: int, faults: Sequence[str]) -> None:
    """Rehearse a case with these faults, at each operation or every so many."""
    rehearsal = Rehearsal(name, folder)
    for offset, fault in enumerate(faults):
        for number, operation in enumerate(rehearsal.trace, 1):
            if operation.name not in FAULTS[fault].on or (number + offset) % every:
                continue
            run = partial(_run, rehearsal.case, rehearsal.world, FAULTS[fault], number)
            rehearsal.row(fault, number, " ".join(operation), run)


def _prepare(case: Case, before: Path, world: Path) -> None:
    """Make the world, and import what the command needs: else each child would."""
    with contextlib.redirect_stdout(sys.stderr):
        case.prepare(before)
        shutil.copytree(before, world, symlinks=True)
        with contextlib.chdir(world):
            case.run()
    gc.freeze()


def _undisturbed(case: Case, world: Path, done: str = "") -> tuple[dict[str, str], list[Operation]]:
    ended = _run(case, world)
    assert ended.code == 0 or (done and done in ended.said), ended
    return snapshot(world), ended.seen


def _run(case: Case, world: Path, fault: Fault = FAULTS["kill"], number: int = 0) -> Ended:
    """Run the command in a child, in its world; let its operation of that number fail."""
    said, seen = world.parent / "said", world.parent / "seen"
    child = os.fork()
    if not child:
        code = _CRASHED
        try:
            code = _in_child(case.run, world, said, seen, Disk(str(world), fault, number))
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    operations = [Operation(*one) for one in json.loads(seen.read_bytes())] if seen.exists() else []
    seen.unlink(missing_ok=True)
    return Ended(code, said.read_text("utf-8"), operations)


def _in_child(run: Callable[[], int], world: Path, said: Path, seen: Path, disk: Disk) -> int:
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    os.chdir(world)
    with said.open("wb") as stream:
        for number in (1, 2):
            os.dup2(stream.fileno(), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8") for number in (1, 2))
    disk.install()
    try:
        code = run()
    except BaseException:  # noqa: BLE001  the parent tells
        traceback.print_exc()
        code = _CRASHED
    sys.stdout.flush()
    sys.stderr.flush()
    seen.write_text(json.dumps(disk.seen), "utf-8")
    return code


def snapshot(world: Path) -> dict[str, str]:
    """Return every file and folder with its mode and content."""
    return {
        str(path.relative_to(world)): f"{path.stat().st_mode:o}"
        + (path.read_bytes().hex() if path.is_file() else "")
        for path in sorted(world.rglob("*"))
    }


def _looked(case: Case, world: Path) -> Mapping[str, Any]:
    """Return what each reader finds; one that complains finds what it says."""
    found = {}
    with contextlib.chdir(world):
        for name, read in case.readers.items():
            try:
                found[name] = read(Path())
            except Exception as error:  # noqa: BLE001  whatever it is, it is told
                found[name] = f"{type(error).__name__}: {error}"
    return found


def _told(found: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """Say of each reader whether it finds the old, the new, or what else; nothing where all three are one."""
    return {
        name: "old" if one == old[name] else "new" if one == new[name] else repr(one)
        for name, one in found.items()
        if not one == old[name] == new[name]
    }


def _differing(left: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    more, less = sorted(left.keys() - wanted.keys()), sorted(wanted.keys() - left.keys())
    other = sorted(path for path in left.keys() & wanted.keys() if left[path] != wanted[path])
    return f"too much: {more}, missing: {less}, other: {other}"


def _print(value: Mapping[str, object]) -> None:
    print(json.dumps(value), flush=True)  # noqa: T201  this is a program


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
