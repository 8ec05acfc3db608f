"""Each command that writes, with each operation on its files failing once: old or new, never half."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash import rows
from tests.crash.cases import CASES
from tests.crash.disk import FAULTS

if TYPE_CHECKING:
    from pathlib import Path

# Of every so many operations one is tried in CI, with each fault; --long tries all.
_EVERY = {name: 47 if "repo" in name else 3 for name in CASES} | {
    "repo refresh": 11,
    "sign": 17,
    "keys rotate": 17,
    "keys rotate --finish": 11,
    "recipes export": 23,
}


@pytest.mark.parametrize("name", CASES)
def test_some_operations(name: str, fast: Path) -> None:
    """Killed, or with a full, faulty, forbidden or read-only disk: one operation in so many, for CI."""
    _rehearse(name, fast, _EVERY[name])


@pytest.mark.long
@pytest.mark.parametrize("name", _EVERY)
def test_all_operations(name: str, fast: Path) -> None:
    """The same at every operation, where there are many."""
    _rehearse(name, fast, 1)


def _rehearse(name: str, folder: Path, every: int) -> None:
    assert len(rows.rehearse("rehearse", name, folder, str(every), *FAULTS)) > 2
