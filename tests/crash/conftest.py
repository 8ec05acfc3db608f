"""A fast folder for worlds that are made again and again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.register_assert_rewrite("tests.crash.rows")


@pytest.fixture
def fast() -> Iterator[Path]:
    """Return a folder in memory where there is one: a disk is slow to be sure of each file."""
    memory = Path("/dev/shm")  # noqa: S108  a folder of its own is made there
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)
