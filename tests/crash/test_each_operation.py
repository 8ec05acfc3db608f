"""Each command that writes, with each operation on its files failing once: old or new, never half."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.crash.cases import CASES
from tests.crash.disk import FAULTS
from tests.tools import require_linux

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
# Of every so many operations one is tried in CI, with each fault; --long tries all.
_EVERY = {"sign": 5, "keys rotate": 7, "recipes export": 11, **{name: 23 for name in CASES if "repo" in name}}
_KILLED = -9
_DONE_ALL_THE_SAME = (
    "all the same|, whole, but|cannot be removed"  # what is said where the new stands, and something is left
)


@pytest.fixture
def fast() -> Iterator[Path]:
    """Return a folder in memory where there is one: a disk is slow to be sure of each file."""
    memory = Path("/dev/shm")  # noqa: S108  a folder of its own is made there
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.mark.parametrize("name", CASES)
def test_some_operations(name: str, fast: Path) -> None:
    """Killed, or with a full, faulty, forbidden or read-only disk: one operation in so many, for CI."""
    _rehearse(name, fast, _EVERY.get(name, 1))


@pytest.mark.long
@pytest.mark.parametrize("name", _EVERY)
def test_all_operations(name: str, fast: Path) -> None:
    """The same at every operation, where there are many."""
    _rehearse(name, fast, 1)


def _rehearse(name: str, folder: Path, every: int) -> None:
    require_linux()
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.rehearse", name, folder, str(every), *FAULTS],
        cwd=_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    head, *rows = map(json.loads, done.stdout.splitlines())
    assert head["old"] != head["new"]
    assert len(rows) > 2
    wrong = {f"{row['fault']} at {row['number']}, {row['operation']}": _wrong(name, row) for row in rows}
    assert {where: said for where, said in wrong.items() if said} == {}


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
