"""Run a command again and again, and let each operation of it fail once.

It prints a line of JSON for each run: what failed, how the command ended, what then lay there, how the next
run ended, and what that left.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import sys
import tempfile
import traceback
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from tests.crash import worlds
from tests.crash.cases import CASES
from tests.crash.disk import FAULTS, Disk, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.crash.cases import Case
    from tests.crash.disk import Fault

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": os.devnull}
TEMPORARY = "tmp"  # what is TMPDIR lies in the world, too: nothing is to be left there
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
        (self._before / TEMPORARY).mkdir(parents=True)
        _prepare(self.case, self._before, self.world)
        self._old, self._start = _looked(self.case, self.anew()), snapshot(self.world)
        self._once, self.trace = _undisturbed(self.case, self.world)
        self._new = _looked(self.case, self.world)
        self._twice, _ = _undisturbed(self.case, self.world, self.case.done)
        tell({"unsynced": [*_unsynced(self.trace)], "old": repr(self._old), "new": repr(self._new)})

    def anew(self) -> Path:
        """Return the world as it was before."""
        shutil.rmtree(self.world, ignore_errors=True)
        shutil.copytree(self._before, self.world, symlinks=True)
        return self.world

    def run(self) -> Ended:
        """Run it in its world, where nothing fails by us."""
        return _run(self.case.run, self.world)

    def row(self, fault: str, number: int, operation: str, run: Callable[[], Ended]) -> None:
        """Print how a run ends, what then is there, and what the next one makes of that."""
        self.anew()
        ended = run()
        found, state = _looked(self.case, self.world), snapshot(self.world)
        again = self.run()
        left = snapshot(self.world)
        done = left in (self._once, self._twice)
        tell({
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


def main(name: str, folder: Path, points: int) -> None:
    """Rehearse a case with each fault, at so many operations that it may come to, or at all of them (0)."""
    rehearsal = Rehearsal(name, folder)
    for place, (fault, how) in enumerate(FAULTS.items()):
        hit = [number for number, one in enumerate(rehearsal.trace, 1) if one.name in how.on]
        for number in _chosen(hit, points or len(hit), place / len(FAULTS)):
            run = partial(_run, rehearsal.case.run, rehearsal.world, how, number)
            rehearsal.row(fault, number, " ".join(rehearsal.trace[number - 1]), run)


def watch(words: str, folder: Path) -> None:
    """Run a command in a world that has everything, and tell what it changes beside folders of scratch."""
    world = folder / "world"
    worlds.fetched(world)
    (world / TEMPORARY).mkdir()
    ended = _run(worlds.trustpack(*words.split()), world)
    seen = [" ".join(one) for one in ended.seen if not one.path.startswith(f"{TEMPORARY}/")]
    left = [path.name for path in (world / TEMPORARY).iterdir()]
    tell({"code": ended.code, "said": ended.said, "seen": seen, "left": left})


def _chosen(numbers: Sequence[int], count: int, offset: float) -> list[int]:
    """Return some numbers, evenly spread; each fault's begin elsewhere."""
    count = min(count, len(numbers))
    return [numbers[int((number + offset) * len(numbers) / count)] for number in range(count)]


def _prepare(case: Case, before: Path, world: Path) -> None:
    """Make the world, and import what the command needs: else each child would."""
    with contextlib.redirect_stdout(sys.stderr):
        case.prepare(before)
        shutil.copytree(before, world, symlinks=True)
        with contextlib.chdir(world):
            case.run()
    gc.freeze()


def _undisturbed(case: Case, world: Path, done: str = "") -> tuple[dict[str, str], list[Operation]]:
    ended = _run(case.run, world)
    assert ended.code == 0 or (done and done in ended.said), ended
    return snapshot(world), ended.seen


def _run(run: Callable[[], int], world: Path, fault: Fault = FAULTS["kill"], number: int = 0) -> Ended:
    """Run the command in a child, in its world; let its operation of that number fail."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as seen:
        child = os.fork()
        if not child:
            code = _CRASHED
            try:
                code = _in_child(run, world, said, seen, Disk(str(world), fault, number))
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        seen.seek(0)
        operations = [Operation(*one) for one in json.loads(seen.read() or b"[]")]
        return Ended(code, said.read().decode(), operations)


def _in_child(run: Callable[[], int], world: Path, said: IO[bytes], seen: IO[bytes], disk: Disk) -> int:
    os.environ.clear()
    os.environ.update(environment(world))
    # Else Python looks first whether it can write there, and a kill would leave that file of its own.
    tempfile.tempdir = str(world / TEMPORARY)
    os.chdir(world)
    for number in (1, 2):
        os.dup2(said.fileno(), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8") for number in (1, 2))
    disk.install()
    try:
        code = run()
    except BaseException:  # noqa: BLE001  the parent tells
        traceback.print_exc()
        code = _CRASHED
    sys.stdout.flush()
    sys.stderr.flush()
    seen.write(json.dumps(disk.seen).encode())
    seen.flush()
    return code


def environment(world: Path) -> dict[str, str]:
    """Return what a command of a world finds in its environment."""
    return ENVIRONMENT | {"TMPDIR": str(world / TEMPORARY)}


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


def _unsynced(trace: Sequence[Operation]) -> Iterator[str]:
    """Yield what was renamed and might be half, or not be there, once the power has failed."""
    for at, (name, path) in enumerate(trace):
        if name in {"rename", "link"}:
            if Operation("fsync", path) not in trace[:at]:
                yield f"{path}, before it is renamed"
            if Operation("fsync", str(Path(path).parent)) not in trace[at:]:
                yield f"the folder of {path}, afterwards"


def _differing(left: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    more, less = sorted(left.keys() - wanted.keys()), sorted(wanted.keys() - left.keys())
    other = sorted(path for path in left.keys() & wanted.keys() if left[path] != wanted[path])
    return f"too much: {more}, missing: {less}, other: {other}"


def tell(value: Mapping[str, object] | None) -> None:
    """Print a line."""
    print(json.dumps(value), flush=True)  # noqa: T201  this is a program's
