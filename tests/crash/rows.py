"""What a rehearsal tells, a row for each run; and what is wrong with one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.crash.cases import CASES
from tests.crash.disk import FAULTS
from tests.tools import may_mount, require_linux

_ROOT = Path(__file__).parents[2]
_KILLED = -9
_DONE_ALL_THE_SAME = (
    "all the same|, whole, but|cannot be removed"  # what is said where the new stands, and something is left
)


class Stage:
    """The program that rehearses; see tests.crash.program."""

    def __init__(self, folder: Path) -> None:
        """Start it, in a mount namespace of its own where we may have one; it keeps worlds in a folder."""
        require_linux()
        apart = ["unshare", "--mount"] if may_mount() else []
        self._program = subprocess.Popen(
            [*apart, sys.executable, "-m", "tests.crash.program"],
            cwd=_ROOT, env=os.environ | {"TMPDIR": str(folder)}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def end(self) -> None:
        """End it."""
        self._program.communicate()

    def rehearse(self, way: str, name: str, folder: Path, *numbers: int) -> list[dict[str, Any]]:
        """Rehearse a case in one of the ways; say that nothing is wrong in any row, and return them."""
        head, *rows = self.told(way, name, str(folder), *numbers)
        assert "failed" not in head, head["failed"]
        assert head["old"] != head["new"]
        assert head["unsynced"] == []
        wrong = {
            f"{row['fault']} at {row['number']}, {row['operation']}": _wrong(name, row)
            for row in rows
            if "failed" not in row
        }
        assert {where: said for where, said in wrong.items() if said} == {}
        assert [row for row in rows if "failed" in row] == []
        return rows

    def told(self, *order: str | int) -> list[dict[str, Any]]:
        """Return what the program says to a way, a case, a folder and numbers."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps(order) + "\n")
        self._program.stdin.flush()
        lines = map(json.loads, self._program.stdout)
        found = list(iter(lambda: next(lines, None), None))
        assert found, "the program has ended"
        return found


def _wrong(name: str, row: dict[str, Any]) -> list[str]:
    """Say what is wrong with a command's end, with what it left, and with what the next run made of that."""
    case, found = CASES[name], {**row["found"]}
    states = {*found.values()}
    wrong = [
        f"{reader} reads {state}"
        for reader, state in found.items()
        if state not in {"old", "new"} and not (case.between and re.search(case.between, state))
    ]
    if row["again"] != 0 and not (case.done and states == {"new"} and case.done in row["answer"]):
        wrong.append(f"the next run says {row['answer']}")
    if row["left"] and not row["whole"]:
        wrong.append(f"the next run leaves {row['left']}")
    if row["code"] == _KILLED:
        return wrong
    if row["code"] == 0:
        return [*wrong, *([f"it ends well, and leaves {found}"] if states != {"new"} else [])]
    return wrong + _misleading(row, states, stays=name.startswith(("repo", "batch")))


def _misleading(row: dict[str, Any], states: set[str], *, stays: bool) -> list[str]:
    """Say what is wrong with an error: it names the file that people know, the reason, and what stands.

    What `stays` is of a site: the next publication needs it, and no reader looks there; or a batch's report.
    """
    errors = [line for line in row["said"].splitlines() if line.startswith("error: ")]
    if len(errors) != 1:
        return [f"it says {row['said']}"]
    reason = os.strerror(FAULTS[row["fault"]].number)
    wrong = [] if reason in errors[0] and ".trustpack-tmp" not in errors[0] else [f"it says {errors[0]}"]
    if states == {"new"} and not re.search(_DONE_ALL_THE_SAME, errors[0]):
        wrong.append(f"the new stands, and it says {errors[0]}")
    if (
        states == {"old"} and row["litter"] and not stays and row["fault"] != "EROFS"
    ):  # where nothing can be removed
        wrong.append(f"it leaves {row['litter']}")
    return wrong
