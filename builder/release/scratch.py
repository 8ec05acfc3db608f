"""Folders for what is not kept: gone when their process ends, and after a killed one when the next begins."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from builder.release.atomic import lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_tree = partial(shutil.rmtree, ignore_errors=True)


@contextlib.contextmanager
def folder(purpose: str, *, remove: Callable[[Path], None] = _tree) -> Iterator[Path]:
    """Yield a new folder that is locked while it is in use, and `remove` it.

    Before, what killed processes have left of the same purpose is removed alike.
    """
    prefix = _prefix(purpose)
    _clear_up(prefix, remove)
    path, descriptor = _locked_folder(prefix)
    try:
        yield path
    finally:
        remove(path)
        os.close(descriptor)


def clear(purpose: str) -> None:
    """Remove what killed processes have left of a purpose: for a run that may make no folder itself."""
    _clear_up(_prefix(purpose), _tree)


def _prefix(purpose: str) -> str:
    return f"trustpack-{purpose}-"


def _locked_folder(prefix: str) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix))
        # Until it is locked, somebody who clears up may take it for a dead process's.
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDONLY)
            if lock(descriptor) and path.exists():
                return path, descriptor
            os.close(descriptor)


def _clear_up(prefix: str, remove: Callable[[Path], None]) -> None:
    with contextlib.suppress(OSError):
        names = [entry.path for entry in os.scandir(tempfile.gettempdir()) if entry.name.startswith(prefix)]
        for name in names:
            with contextlib.suppress(OSError):
                _remove_dead(Path(name), remove)


def _remove_dead(path: Path, remove: Callable[[Path], None]) -> None:
    """Remove a folder of ours that no process holds, else raise OSError; others write to /tmp, too."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(path)
    finally:
        os.close(descriptor)
