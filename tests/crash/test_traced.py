"""Real commands under strace: killed at a system call, or without room there: old or new, never half."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.rows import Stage

_CASES = ["build over another", "lock", "sign", "repo add", "check"]


@pytest.mark.parametrize("name", _CASES)
def test_a_point_of_each(name: str, stage: Stage, fast: Path) -> None:
    """Killed in the middle; and a build finds no room, as well."""
    _trace(stage, name, fast, kills=1, full=int("build" in name))


@pytest.mark.long
@pytest.mark.parametrize("name", _CASES)
def test_eight_points_of_each(name: str, stage: Stage, fast: Path) -> None:
    """Killed at five points, and without room at three."""
    _trace(stage, name, fast, kills=5, full=3)


def _trace(stage: Stage, name: str, folder: Path, *, kills: int, full: int) -> None:
    require("strace")
    assert len(stage.rehearse("traced", name, folder, kills, full)) == kills + full
