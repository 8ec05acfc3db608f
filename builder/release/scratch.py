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

_USUAL = "/tmp"  # noqa: S108  where temporary files go if nobody has chosen another folder
_MEMORY = "/dev/shm"  # noqa: S108  files in memory, where there is such a place
_ROOM = 256 * 1024 * 1024  # bytes, so that ours do not fill it: a container's has 64 MB, mostly

_tree = partial(shutil.rmtree, ignore_errors=True)


@contextlib.contextmanager
def folder(
    purpose: str, *, remove: Callable[[Path], None] = _tree, in_memory: bool = False
) -> Iterator[Path]:
    """Yield a new folder that is locked while it is in use, and `remove` it.

    Before, what killed processes have left of the same purpose is removed alike. What is small and lives for
    a moment may lie `in_memory`, where there is room and nobody has chosen a folder for temporary files.
    """
    prefix = _prefix(purpose)
    _clear_up(prefix, remove)
    place = _MEMORY if in_memory and tempfile.gettempdir() == _USUAL and _has_room(_MEMORY) else None
    path, descriptor = _locked_folder(prefix, place)
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


def _has_room(place: str) -> bool:
    try:
        found = os.statvfs(place)
    except OSError:
        return False
    return found.f_bavail * found.f_frsize >= _ROOM and os.access(place, os.W_OK | os.X_OK)


def _locked_folder(prefix: str, place: str | None) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        # Until it is locked, somebody who clears up may take it for a dead process's.
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDONLY)
            if lock(descriptor) and path.exists():
                return path, descriptor
            os.close(descriptor)


def _clear_up(prefix: str, remove: Callable[[Path], None]) -> None:
    for place in (tempfile.gettempdir(), _MEMORY):
        with contextlib.suppress(OSError):
            names = [entry.path for entry in os.scandir(place) if entry.name.startswith(prefix)]
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
