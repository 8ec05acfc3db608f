"""The one atomic write: a file is there whole or as it was, whoever reads it and whenever the power fails.

What is being written lies beside its file under a temporary name, and is held locked until it is renamed: the
next write into that folder removes what a killed process has left, and never what a live one is writing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import OutputError

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator

TEMPORARY = ".trustpack-tmp-"  # what is left of a file that was being written begins so
_SHOWN = 50  # characters of a name, of four bytes at most
_READABLE = 0o644  # by whoever reads it: a metrics exporter runs as a user of its own
# Opened so, neither a link nor a pipe that somebody put there is followed or waited for.
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


def write(file: Path, text: str) -> None:
    """Make `text` the content of `file`; raise OutputError, and then `file` is as it was.

    What a link leads to is replaced, and not the link; into a pipe or a device the text is written.
    """
    write_pieces(file, (text.encode("utf-8"),))


def write_pieces(file: Path, pieces: Iterable[bytes]) -> None:
    """Make bytes the content of `file`, as `write` does with a text."""
    target = Path(os.path.realpath(file))
    if os.path.islink(target):  # noqa: PTH114  Path raises an error for a name that is too long
        raise OutputError(f"{file}: is a link that leads nowhere", hint="remove it")
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            with target.open("wb") as stream:
                stream.writelines(pieces)
            return
        clear_up(target.parent)
        with staged(target, pieces) as temporary:
            temporary.chmod(_READABLE)
            temporary.replace(target)
    except OSError as error:
        raise unwritable(file, error) from error


def create(path: Path, data: bytes) -> None:
    """Make a new file that holds `data`; raise FileExistsError where there is one, or another OSError.

    Of two processes that do so at once, one is told that it comes too late.
    """
    clear_up(path.parent)
    with staged(path, data) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            _copy(data, path)


def put(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Make `data` the content of `path`, with the bits `mode` or else those of a new file; raises OSError."""
    clear_up(path.parent)
    with staged(path, data) as temporary:
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(path)


@contextlib.contextmanager
def staged(path: Path, data: bytes | Iterable[bytes]) -> Iterator[Path]:
    """Write `data`, whole or in pieces, to a temporary file beside `path`, through to the disk, and yield it.

    Raises OSError. It is gone afterwards, unless it has been renamed. Whoever stages several files renames
    them when all are there.
    """
    try:
        temporary, stream = _locked_file(path)
    except OSError as error:
        raise _named(error, path) from error
    with stream:
        try:
            try:
                for part in (data,) if isinstance(data, bytes) else data:
                    _fill(stream, part)
                os.fsync(stream.fileno())
            except OSError as error:
                raise _named(error, path) from error
            yield temporary
        finally:
            if os.path.lexists(temporary):
                with contextlib.suppress(OSError):  # what cannot be removed now, the next write removes
                    temporary.unlink()


def clear_up(folder: Path) -> None:
    """Remove the temporary files that killed processes have left in a folder, as far as that can be done."""
    with contextlib.suppress(OSError):
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(TEMPORARY)]
        for name in names:
            _remove_dead(folder / name)


@contextlib.contextmanager
def alone(folder: Path, said: str) -> Iterator[None]:
    """Let one process at a time do something in `folder`; raise OutputError with `said` to a second one.

    What is locked is the folder itself, so nothing is left behind.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if not lock(descriptor):
            raise OutputError(f"{folder}: {said}", hint="wait for it to end")
        yield
    finally:
        os.close(descriptor)


def unwritable(path: Path, error: OSError) -> OutputError:
    """Return the error that says why a file cannot be written."""
    folder = Path(os.path.realpath(path)).parent if os.path.islink(path) else path.parent  # noqa: PTH114  as above
    missing = isinstance(error, FileNotFoundError) and not folder.exists()
    hint = f"there is no folder {folder}: make it first" if missing else ""
    return OutputError(f"{path}: cannot be written: {error.strerror or error}", hint=hint)


def _locked_file(path: Path) -> tuple[Path, io.FileIO]:
    """Make a temporary file for `path` and lock it; a process of another container may have our number."""
    for number in count():
        # A metrics collector reads what ends in .prom, so this name must not; and the longest has no room.
        temporary = path.with_name(f"{TEMPORARY}{path.name[-_SHOWN:]}-{os.getpid()}.{number}")
        try:
            stream = temporary.open("xb", buffering=0)  # never through a link that somebody put there
        except FileExistsError:
            continue
        # Until it is locked, somebody who clears up may take it for a dead process's.
        if lock(stream.fileno()) and os.fstat(stream.fileno()).st_nlink:
            return temporary, stream
        stream.close()
    raise AssertionError


def lock(descriptor: int) -> bool:
    """Lock an open file or folder unless somebody has; some network file systems know no such locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _fill(stream: io.FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) :]


def _remove_dead(temporary: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(temporary, _LOOK)
        try:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Its process may have renamed it meanwhile, and be writing another one of that name.
                if os.path.samestat(found, temporary.lstat()):
                    temporary.unlink()
        finally:
            os.close(descriptor)


def _copy(data: bytes, path: Path) -> None:
    with path.open("xb", buffering=0) as stream:
        try:
            _fill(stream, data)
            os.fsync(stream.fileno())
        except OSError:
            path.unlink()
            raise


def _named(error: OSError, path: Path) -> OSError:
    """Return an error about the name that people know, and not about the temporary one."""
    return OSError(error.errno, error.strerror, str(path))
