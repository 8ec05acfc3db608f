"""A site in a local folder: each file replaced whole, one publisher at a time by a lock on the folder."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from typing import TYPE_CHECKING, cast

from builder.errors import OutputError
from builder.release import atomic
from builder.repositories.stores.store import CHUNK, MAX_BYTES, OversizedError, checked, pieces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.repositories.sitefile import Kind
    from builder.repositories.stores.store import Content

_PATIENCE = 120.0  # seconds in which another publisher may finish
_LOOK_AGAIN = 0.1  # seconds
_FILE, _FOLDER = 0o644, 0o755  # what others may do at least: a site is there for everybody
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderStore:
    """A folder; links in it are never followed, for they could lead out of it."""

    def __init__(self, root: Path, *, patience: float = _PATIENCE) -> None:
        self._root = root
        self._patience = patience
        self._tidied: set[Path] = set()

    @property
    def lanes(self) -> int:
        """One: a disk is not faster by more."""
        return 1

    @property
    def name(self) -> str:
        """The folder as it was given."""
        return str(self._root)

    def read(self, path: str, limit: int = MAX_BYTES) -> bytes:
        """Return a file's bytes."""
        return b"".join(self.chunks(path, limit))

    def chunks(self, path: str, limit: int = MAX_BYTES) -> Iterator[bytes]:
        """Yield a file piece by piece."""
        file = self._inside(path)
        try:
            with os.fdopen(os.open(file, _READ), "rb", buffering=0) as stream:
                found = os.fstat(stream.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise OutputError(f"{file}: is no file, but the site has one of that name")
                if found.st_size > limit:
                    raise OversizedError(f"{file}: is larger than {limit} bytes")
                while data := cast("bytes", stream.read(CHUNK)):
                    yield data
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(errno.ENOENT, "No such file", str(file)) from None
        except OSError as error:
            raise _unreadable(file, error) from error

    def names(self, below: str = "") -> Iterator[str]:
        """Yield the path of each file, sorted; links are none, nor is what is just being written."""
        top = self._inside(below) if below else self._root
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            yield from _walk(top, f"{below}/" if below else "")

    def put(self, path: str, content: Content, kind: Kind) -> None:
        """Write a file beside itself, through to the disk, and rename it."""
        file = self._inside(path)
        try:
            self._open_folders(file.parent)
            self._tidy(file.parent)
            with atomic.staged(file, pieces(content)) as temporary:
                _let_read(temporary, _FILE)
                if not kind.immutable:
                    _make_newer(temporary, file)
                atomic.rename(temporary, file)
        except OSError as error:
            raise atomic.unwritable(file, error) from error

    def remove(self, path: str) -> None:
        """Remove a file, and the folders that are empty then."""
        file = self._inside(path)
        self._tidy(file.parent)  # nobody may write there again
        try:
            file.unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise OutputError(f"{file}: cannot be removed: {error.strerror or error}") from error
        for folder in file.parents:
            if folder == self._root:
                return
            try:
                folder.rmdir()
            except OSError:  # others have files there
                return

    def is_at(self, folder: Path) -> bool:
        """Tell whether it is this folder."""
        with contextlib.suppress(FileNotFoundError):
            return self._root.samefile(folder)
        return False

    @contextlib.contextmanager
    def turn(self) -> Iterator[FolderTurn]:
        """Lock the folder; a killed publisher's lock ends with it.

        The folder is made if need be, and goes again where nothing came to be in it.
        """
        made = atomic.absent(self._root)
        with contextlib.ExitStack() as stack:
            try:
                self._lock(stack)
            except OSError as error:
                raise atomic.unwritable(self._root, error) from error
            stack.callback(atomic.remove_empty, made)
            atomic.sweep(self._root)
            yield FolderTurn()

    def _open_folders(self, folder: Path) -> None:
        """Make a folder of the site and those above it, for a web server to enter, whatever our umask is."""
        if not folder.is_dir():
            if folder != self._root:
                self._open_folders(folder.parent)
            folder.mkdir(parents=True, exist_ok=True)
            _let_read(folder, _FOLDER)
            atomic.sync(folder.parent)

    def _lock(self, stack: contextlib.ExitStack) -> None:
        end = time.monotonic() + self._patience
        while True:
            self._open_folders(self._root)
            with contextlib.ExitStack() as locked, contextlib.suppress(FileNotFoundError):
                try:
                    locked.enter_context(atomic.alone(self._root, "somebody else is publishing into it"))
                except OutputError:
                    if time.monotonic() >= end:
                        raise
                    time.sleep(_LOOK_AGAIN)
                    continue
                if self._root.is_dir():  # or who has made it has removed it meanwhile
                    stack.push(locked.pop_all())
                    return

    def _inside(self, path: str) -> Path:
        """Return where a file lies; raise OutputError if a link is on the way to it."""
        *above, name = checked(path)
        folder = self._root
        for part in above:
            folder /= part
            if folder.is_symlink():
                raise OutputError(f"{folder}: is a link, not a folder of the site", hint="remove the link")
        return folder / name

    def _tidy(self, folder: Path) -> None:
        """Remove what killed processes have left in a folder, once: it may hold 10,000 files."""
        if folder not in self._tidied:
            self._tidied.add(folder)
            atomic.clear_up(folder)


class FolderTurn:
    """A locked folder: the lock is ours until the process ends."""

    def keep(self) -> None:
        """Do nothing."""

    def renew(self) -> None:
        """Do nothing."""


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        found = {f"{e.name}/" if e.is_dir(follow_symlinks=False) else e.name: e for e in entries}
    for name in sorted(found):  # with the slash, so that whole paths come in their order
        if name.startswith(atomic.TEMPORARY):
            continue
        if name.endswith("/"):
            yield from _walk(folder / name, f"{prefix}{name}")
        elif found[name].is_file(follow_symlinks=False):
            yield f"{prefix}{name}"


def _let_read(path: Path, mode: int) -> None:
    """Add what others may do, and keep the bit by which a folder gives its group to what comes into it."""
    found = stat.S_IMODE(path.stat().st_mode)
    if found | mode != found:
        path.chmod(found | mode)


def _make_newer(temporary: Path, file: Path) -> None:
    """Let a rewritten file's time differ by a second at least: web servers compare whole ones and say 304."""
    try:
        before = file.lstat().st_mtime_ns
    except FileNotFoundError:
        return
    second = 1_000_000_000
    if temporary.stat().st_mtime_ns // second <= before // second:
        os.utime(temporary, ns=(before + second, before + second))


def _unreadable(file: Path, error: OSError) -> OutputError:
    link = error.errno == errno.ELOOP
    return OutputError(f"{file}: {'is a link' if link else f'cannot be read: {error.strerror or error}'}")
