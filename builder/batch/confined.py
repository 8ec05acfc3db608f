"""An organisation's folder, read as what a stranger made: regular files below it, and nothing else.

Each name is opened from the folder that holds it and follows no link, so nothing that is changed meanwhile
leads elsewhere; what is larger, deeper or more than people write is refused before it is read. A file with
two names is read all the same: else who gives another organisation's file a second one would stop that one.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from builder.errors import ConfigError
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FILES = 200
MOST_BYTES = 16 * 1024 * 1024
_MOST_CONFIGURED = 1024 * 1024  # of a YAML file: its reader takes seconds for more
_DEEPEST = 6
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_COPY = "put the file itself there: nothing of an organisation leads out of its folder"
_FEWER = "an organisation's folder holds its configuration and its CAs: take the rest elsewhere"


class Reading:
    """What has been read so far of one folder, which `where` names."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.files: dict[str, bytes] = {}
        self.left = MOST_BYTES

    def folder(self, descriptor: int, below: str, depth: int) -> None:
        """Read an open folder, which is called `below`, and `depth` folders deep."""
        self.refuse_name(below, depth)
        with os.scandir(descriptor) as entries:
            # However many there are, no more are looked at than may be there.
            found = [entry for _, entry in zip(range(MOST_FILES + 1), entries, strict=False)]
        for entry in sorted(found, key=lambda one: one.name):
            self._entry(entry, descriptor, f"{below}{entry.name}", depth)
        if len(found) > MOST_FILES:
            raise self._too_many()

    def _entry(self, entry: os.DirEntry[str], parent: int, path: str, depth: int) -> None:
        where = f"{self.where}/{visible(path)}"
        self.refuse_name(path, depth)
        if entry.is_dir(follow_symlinks=False):
            if entry.name.startswith("."):
                return  # such as .git, which belongs to a tool
            with _opened(entry.name, where, parent, os.O_DIRECTORY) as descriptor:
                self.folder(descriptor, f"{path}/", depth + 1)
            return
        if not entry.is_file(follow_symlinks=False):
            what = "link" if entry.is_symlink() else "pipe, a socket or a device"
            raise ConfigError(f"{where}: is a {what}", hint=_COPY)
        self.add(path, self._file(entry.name, where, parent))

    def _file(self, name: str, where: str, parent: int) -> bytes:
        with _opened(name, where, parent) as descriptor:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise ConfigError(f"{where}: is not a regular file", hint=_COPY)
            most = self.room(name)
            if found.st_size > most:
                raise too_large(where, most)
            data = _read(descriptor, found.st_size, most)
        if len(data) > most:
            raise too_large(where, most)
        return data

    def refuse_name(self, path: str, depth: int) -> None:
        """Raise ConfigError for a name that nobody could be shown, or that is too deep."""
        if not path.isprintable():  # among these is what is no UTF-8
            raise ConfigError(
                f"{self.where}/{visible(path)}: has a name that cannot be printed", hint="rename it"
            )
        if depth > _DEEPEST:
            raise ConfigError(f"{self.where}/{path}: is deeper than {_DEEPEST} folders", hint=_FEWER)

    def room(self, path: str) -> int:
        """Return how many bytes a file may have."""
        return min(self.left, _MOST_CONFIGURED) if path.endswith((".yaml", ".j2")) else self.left

    def add(self, path: str, data: bytes) -> None:
        """Add a file that has been read; raise ConfigError where there are too many."""
        if len(self.files) == MOST_FILES:
            raise self._too_many()
        self.left -= len(data)
        self.files[path] = data

    def _too_many(self) -> ConfigError:
        return ConfigError(f"{self.where}: holds more than {MOST_FILES} files", hint=_FEWER)


def read(name: str, orgs: int, where: str) -> dict[str, bytes]:
    """Return the files of the folder `name` by their paths in it, sorted; `orgs` is the open folder above.

    Raises ConfigError, which calls the folder `where`, for what no organisation's folder may hold.
    """
    reading = Reading(where)
    try:
        with _opened(name, where, orgs, os.O_DIRECTORY) as descriptor:
            reading.folder(descriptor, "", 0)
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror or error}") from None
    return dict(sorted(reading.files.items()))


@contextlib.contextmanager
def _opened(name: str, where: str, parent: int, flags: int = 0) -> Iterator[int]:
    try:
        descriptor = os.open(name, _OPEN | flags, dir_fd=parent)
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror}", hint=_COPY) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read(descriptor: int, size: int, most: int) -> bytes:
    """Return what a file holds, one byte more than `most` at most: it may grow while it is read."""
    data = os.read(descriptor, size + 1)
    while len(data) > size and len(data) <= most and (piece := os.read(descriptor, most + 1 - len(data))):
        data += piece
    return data


def too_large(where: str, most: int) -> ConfigError:
    """Return the error that says that a file is larger than it may be."""
    return ConfigError(f"{where}: is larger than the {most} bytes that are left for it", hint=_FEWER)
