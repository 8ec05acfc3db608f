"""Files that somebody named, read within bounds: never a pipe or a device, which might have no end."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024  # no text or template that people write comes near
_PIECE = 1024 * 1024
PACKAGE_BYTES = 128 * 1024 * 1024  # what a build writes that is larger is no CA package


class NotAFileError(OSError):
    """What has the name is a pipe, a device or a socket."""


class TooLargeError(OSError):
    """The file has more bytes than are read of its kind."""


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[BufferedReader]:
    """Open a regular file for reading; raise OSError, with the reason in `strerror`."""
    # Opening a FIFO would wait for its writer, hence O_NONBLOCK and a look before the first read.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    kind = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(kind):
        os.close(descriptor)
        raise (
            IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
            if stat.S_ISDIR(kind)
            else _not_a_file(path)
        )
    with os.fdopen(descriptor, "rb") as stream:
        yield stream


def read(path: str | Path, limit: int = MAX_BYTES) -> bytes:
    """Return all of a regular file of at most `limit` bytes; raise OSError, with the reason in `strerror`."""
    with opened(path) as stream:
        # In pieces: one that is asked for whole takes `limit` bytes of memory, however small the file is.
        pieces: list[bytes] = []
        left = limit + 1
        while left > 0:
            # None where there is nothing yet: /proc/kmsg says that it is a regular file.
            piece = cast("bytes | None", stream.read(min(left, _PIECE)))
            if piece is None:
                raise _not_a_file(path)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            left -= len(piece)
    raise TooLargeError(errno.EFBIG, f"it is larger than {limit} bytes", str(path))


def text(path: str | Path, limit: int = MAX_BYTES) -> str:
    """Return a file's text, each line's end as LF; raise OSError as `read` does, or UnicodeDecodeError."""
    return read(path, limit).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def _not_a_file(path: str | Path) -> NotAFileError:
    return NotAFileError(errno.EINVAL, "it is not a regular file", str(path))
