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
from tests.tools import require_linux

_ROOT = Path(__file__).parents[2]
_KILLED = -9
_DONE_ALL_THE_SAME = (
    "all the same|, whole, but|cannot be removed"  # what is said where the new stands, and something is left
)


def rehearse(program: str, name: str, *words: str | Path) -> list[dict[str, Any]]:
    """Rehearse a case by a program of this folder; say that nothing is wrong in any row, and return them."""
    require_linux()
    done = subprocess.run(
        [sys.executable, "-m", f"tests.crash.{program}", name, *words],
        cwd=_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    head, *rows = map(json.loads, done.stdout.splitlines())
    assert head["old"] != head["new"]
    wrong = {f"{row['fault']} at {row['number']}, {row['operation']}": _wrong(name, row) for row in rows}
    assert {where: said for where, said in wrong.items() if said} == {}
    return rows


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
    return wrong + _misleading(row, states, stays="repo" in name)


def _misleading(row: dict[str, Any], states: set[str], *, stays: bool) -> list[str]:
    """Say what is wrong with an error: it names the file that people know, the reason, and what stands.

    What `stays` is of a site: the next publication needs it, and no reader looks there.
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
