"""Each command that writes, with each operation on its files failing once: old or new, never half."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.cases import CASES
from tests.crash.disk import FAULTS
from tests.tools import require_mounts

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.rows import Stage

_POINTS = 2  # of each fault, in CI; --long has them all
_ROOM = (0, 3)  # pages that a full disk has left
_MOUNTED = ("lock", "build over another", "sign", "check", "check --site", "repo add", "publish")


@pytest.mark.parametrize("name", CASES)
def test_some_operations(name: str, stage: Stage, fast: Path) -> None:
    """Killed, or with a full, faulty, forbidden or read-only disk: some operations, spread evenly, for CI."""
    rows = stage.rehearse("forked", name, fast, _POINTS)
    assert {*FAULTS} == {row["fault"] for row in rows}


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_all_operations(name: str, stage: Stage, fast: Path) -> None:
    """The same at every operation."""
    stage.rehearse("forked", name, fast, 0)


@pytest.mark.parametrize("name", _MOUNTED)
def test_real_disks(name: str, stage: Stage, fast: Path) -> None:
    """A disk that is full, or full after some pages, and one that is mounted read-only: no double of ours."""
    _on_a_disk(name, stage, fast)


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in CASES if name not in _MOUNTED])
def test_real_disks_for_all_others(name: str, stage: Stage, fast: Path) -> None:
    """The same."""
    _on_a_disk(name, stage, fast)


def _on_a_disk(name: str, stage: Stage, folder: Path) -> None:
    require_mounts()
    rows = stage.rehearse("mounted", name, folder, *_ROOM)
    assert ["ENOSPC"] * len(_ROOM) + ["EROFS"] == [row["fault"] for row in rows]
