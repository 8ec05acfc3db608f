"""The program that rehearses, and a fast folder for worlds that are made again and again."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crash.rows import Stage

pytest.register_assert_rewrite("tests.crash.rows")


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """Start the program that rehearses; it ends with the tests."""
    from tests.crash.rows import Stage

    with _in_memory() as folder:
        found = Stage(folder)
        yield found
        found.end()


@pytest.fixture
def fast() -> Iterator[Path]:
    """Return a folder of a test's own."""
    with _in_memory() as folder:
        yield folder


@contextlib.contextmanager
def _in_memory() -> Iterator[Path]:
    """Make a folder in memory where there is one: a disk is slow to be sure of each file."""
    memory = Path("/dev/shm")  # noqa: S108  a folder of its own is made there
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)
