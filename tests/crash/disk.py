"""A disk that fails, or a machine that stops, at one operation of a command; and the list of them all.

The operating system's functions are replaced in this process, and nothing of ours: what changes a file below
a folder is counted, and at one number the process is killed, or the operation fails as the disk would let it.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_BY_PATH = ("link", "rename", "replace", "unlink", "remove", "mkdir", "rmdir", "chmod", "symlink", "utime")
_BY_NUMBER = ("fsync", "fdatasync", "fchmod", "write", "ftruncate")
_TWO = frozenset({"link", "rename", "replace", "symlink"})  # those that name two files
_SAME = {"replace": "rename", "remove": "unlink"}  # one operation of the system
# What needs room on a disk.
_ROOM = frozenset({"open", "write", "mkdir", "link", "symlink", "fsync"})
_NAMED = frozenset({"open", "link", "rename", "unlink", "mkdir", "rmdir", "chmod", "symlink", "utime"})


class Fault(NamedTuple):
    """How an operation ends: by an error of that number, or by a kill (0).

    `on` are the operations that it comes to, and `later` those that it comes to from then on.
    """

    number: int
    on: frozenset[str]
    later: frozenset[str] = frozenset()


_ANY = _NAMED | {"write", "fsync", "fchmod"}
FAULTS = {
    "kill": Fault(0, _ANY),
    "ENOSPC": Fault(errno.ENOSPC, _ROOM, _ROOM),
    "EIO": Fault(errno.EIO, _ANY),
    "EACCES": Fault(errno.EACCES, _NAMED),
    "EROFS": Fault(errno.EROFS, _ANY, _ANY),
}


class Operation(NamedTuple):
    """An operation, and what it was about, from the folder."""

    name: str
    path: str


class Disk:
    """Counts the operations below a folder, and lets the one of a number, from 1, end by a fault."""

    def __init__(self, folder: str, fault: Fault, number: int = 0) -> None:
        self.seen: list[Operation] = []
        self._folder = f"{folder}/"
        self._fault = fault
        self._number = number
        self._open = os.open

    def install(self) -> None:
        """Be the disk of this process from now on."""
        for name in _BY_PATH:
            setattr(os, name, self._by_path(_SAME.get(name, name), getattr(os, name)))
        for name in _BY_NUMBER:
            setattr(os, name, self._by_number(name, getattr(os, name)))
        os.open = self._opened
        builtins.open = io.open = self._stream(io.open)
        _Raw.disk = self
        io.FileIO = _Raw  # type: ignore[misc]

    def meet(self, name: str, path: str, *more: object, half: Callable[[], object] = lambda: None) -> None:
        """Count an operation; raise OSError, or end the process, where it is to fail."""
        if not f"{path}/".startswith(self._folder):
            return
        self.seen.append(Operation(name, path[len(self._folder) :] or "."))
        at, fault = len(self.seen), self._fault
        if at == self._number or (self._number and at > self._number and name in fault.later):
            half()
            if not fault.number:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(fault.number, os.strerror(fault.number), *more)

    def _by_path(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(path: Any, *rest: Any, **named: Any) -> Any:
            other = rest[0] if name in _TWO else None
            where = _absolute(path, named.get("dir_fd") or named.get("src_dir_fd"))
            self.meet(name, where, os.fspath(path), *((None, os.fspath(other)) if other else ()))
            return real(path, *rest, **named)

        return operation

    def _by_number(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(descriptor: int, *rest: Any) -> Any:
            def half() -> None:
                if name == "write":
                    real(descriptor, rest[0][: len(rest[0]) // 2])

            self.meet(name, _path(descriptor), half=half)
            return real(descriptor, *rest)

        return operation

    def _opened(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & _WRITING:
            self.meet("open", _absolute(path, dir_fd), os.fspath(path))
        return self._open(path, flags, mode, dir_fd=dir_fd)

    def _stream(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def opened(file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **named: Any) -> Any:
            if not set(mode) & set("wxa+"):
                return real(file, mode, buffering, *rest, **named)
            if not isinstance(file, int):
                self.meet("open", _absolute(file, None), os.fspath(file))
            assert "+" not in mode, "no command of ours reads and writes one file"
            raw = _Raw(file, mode.replace("b", "").replace("t", ""))
            if "b" in mode:
                return io.BufferedWriter(raw) if buffering else raw
            return io.TextIOWrapper(io.BufferedWriter(raw), *rest, **named)

        return opened


class _Raw(io.FileIO):
    disk: Disk

    def write(self, data: Any, /) -> int | None:  # type: ignore[override]
        real, half = super().write, memoryview(data)[: memoryview(data).nbytes // 2]
        self.disk.meet("write", _path(self.fileno()), half=lambda: real(half))
        return real(data)


def _absolute(path: Any, folder: int | None) -> str:
    if isinstance(path, int):
        return _path(path)
    above = Path(_path(folder)) if folder is not None else Path.cwd()
    return str(above / os.fsdecode(path))


def _path(descriptor: int) -> str:
    return str(Path(f"/proc/self/fd/{descriptor}").readlink())
