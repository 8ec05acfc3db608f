"""The one atomic write: a file is there whole or as it was, whoever reads it and whenever the power fails.

What is being written lies beside its file under a temporary name, and is held locked until it is renamed: the
next write into that folder removes what a killed process has left, and never what a live one is writing.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import shutil
import stat
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TEMPORARY = ".trustpack-tmp-"  # what is left of a file that was being written begins so
_SHOWN = 50  # characters of a name, of four bytes at most
_NEW = 0o666  # of a new file, less what the umask takes
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
            rename(temporary, target)
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
            sync(path.parent)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            _move(temporary, path)


def put(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Make `data` the content of `path`, with the bits `mode` or else those of a new file; raises OSError.

    Until then nobody else can read what nobody else is to read.
    """
    clear_up(path.parent)
    with staged(path, data, mode=_NEW if mode is None else mode) as temporary:
        try:
            if mode is not None:
                temporary.chmod(mode)
            rename(temporary, path)
        except OSError as error:
            raise _named(error, path) from error


def rename(temporary: Path, path: Path) -> None:
    """Rename what was staged, so that it stays renamed whenever the power fails; raises OSError."""
    temporary.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Let the disk have the names in a folder, as far as its file system does that.

    Nobody is told where it does not: what has the new name is there, and cannot be taken back.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def staged(path: Path, data: bytes | Iterable[bytes], *, mode: int = _NEW) -> Iterator[Path]:
    """Write `data`, whole or in pieces, to a temporary file beside `path`, through to the disk, and yield it.

    Raises OSError. It is gone afterwards, unless it has been renamed. Whoever stages several files renames
    them when all are there.
    """
    try:
        temporary, stream = _locked_file(path, mode)
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


@contextlib.contextmanager
def staged_folder(beside: Path, name: str) -> Iterator[Path]:
    """Yield a new folder in `beside`, for its owner alone, that is gone afterwards unless it was renamed.

    Raises OSError. Before, those that killed processes have left in `beside` are removed.
    """
    sweep(beside)
    path, descriptor = _locked_folder(beside, name)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove the temporary folders that killed processes have left in one; live ones hold theirs locked."""
    with contextlib.suppress(OSError):
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(TEMPORARY)]
        for name in names:
            with contextlib.suppress(OSError):
                descriptor = os.open(folder / name, _LOOK | os.O_DIRECTORY)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder / name, ignore_errors=True)
                finally:
                    os.close(descriptor)


def clear_up(folder: Path) -> None:
    """Remove the temporary files that killed processes have left in a folder, as far as that can be done."""
    with contextlib.suppress(OSError):
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(TEMPORARY)]
        for name in names:
            _remove_dead(folder / name)


@contextlib.contextmanager
def alone(folder: Path, said: str) -> Iterator[None]:
    """Let one process at a time do something in `folder`; raise OutputError with `said` to a second one.

    What is locked is the folder itself, so nothing is left behind. One that the process before has removed
    meanwhile is nobody's to write to, either.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if not lock(descriptor) or not os.fstat(descriptor).st_nlink:
            raise OutputError(f"{folder}: {said}", hint="wait for it to end")
        yield
    finally:
        os.close(descriptor)


def absent(folder: Path) -> list[Path]:
    """Return a folder and those above it that are not there yet, the innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders that were made for what then did not come, the innermost first, as far as that goes."""
    for folder in folders:
        with contextlib.suppress(OSError):  # it holds something
            folder.rmdir()


def unwritable(path: Path, error: OSError) -> OutputError:
    """Return the error that says why a file cannot be written."""
    folder = Path(os.path.realpath(path)).parent if os.path.islink(path) else path.parent  # noqa: PTH114  as above
    missing = isinstance(error, FileNotFoundError) and not folder.exists()
    hint = f"there is no folder {folder}: make it first" if missing else ""
    return OutputError(f"{path}: cannot be written: {error.strerror or error}", hint=hint)


def _locked_file(path: Path, mode: int) -> tuple[Path, io.FileIO]:
    """Make a temporary file for `path` and lock it; a process of another container may have our number."""
    for number in count():
        # A metrics collector reads what ends in .prom, so this name must not; and the longest has no room.
        temporary = path.with_name(f"{TEMPORARY}{path.name[-_SHOWN:]}-{os.getpid()}.{number}")
        try:
            # Never through a link that somebody put there.
            stream = io.FileIO(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode))
        except FileExistsError:
            continue
        # Until it is locked, somebody who clears up may take it for a dead process's.
        if lock(stream.fileno()) and os.fstat(stream.fileno()).st_nlink:
            return temporary, stream
        stream.close()
    raise AssertionError


def _locked_folder(beside: Path, name: str) -> tuple[Path, int]:
    for number in count():
        path = beside / f"{TEMPORARY}{name[-_SHOWN:]}-{os.getpid()}.{number}"
        try:
            path.mkdir(mode=0o700)
            descriptor = os.open(path, os.O_RDONLY)
        except (FileExistsError, FileNotFoundError):  # the latter where another has swept it meanwhile
            if not beside.is_dir():
                raise
            continue
        if lock(descriptor) and os.fstat(descriptor).st_nlink:
            return path, descriptor
        os.close(descriptor)
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


def _move(temporary: Path, path: Path) -> None:
    """Rename a file to a name that is free; only who does not lock the folder can come in between."""
    with alone(path.parent, "another file is being made here"):
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        rename(temporary, path)


def _named(error: OSError, path: Path) -> OSError:
    """Return an error about the name that people know, and not about the temporary one."""
    return OSError(error.errno, error.strerror, str(path))
