"""The one atomic write: a file is there whole or as it was, whoever reads it and whenever the power fails."""

from __future__ import annotations

import os
from pathlib import Path

from builder.errors import OutputError

TEMPORARY = ".trustpack-tmp-"  # what is left of a file that was being written begins so
_SHOWN = 50  # characters of a name, of four bytes at most
_READABLE = 0o644  # by whoever reads it: a metrics exporter runs as a user of its own


def write(file: Path, text: str) -> None:
    """Make `text` the content of `file`; raise OutputError, and then `file` is as it was.

    What a link leads to is replaced, and not the link; into a pipe or a device the text is written.
    """
    target = Path(os.path.realpath(file))
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, "utf-8", newline="")
            return
        put(target, text.encode("utf-8"), mode=_READABLE)
    except OSError as error:
        raise OutputError(f"{file}: cannot be written: {error.strerror or error}") from error


def put(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Make `data` the content of `path`, with the bits `mode` or else those of a new file; raises OSError."""
    temporary = stage(path, data)
    try:
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def stage(path: Path, data: bytes) -> Path:
    """Write `data` to a temporary file beside `path`, through to the disk, and return it; raises OSError.

    Whoever stages several files renames them when all are there.
    """
    # A metrics collector reads what ends in .prom, so this name must not; and the longest name has no room.
    temporary = path.with_name(f"{TEMPORARY}{path.name[-_SHOWN:]}-{os.getpid()}")
    try:
        with temporary.open("xb") as stream:  # never through a link that somebody put there
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        if not isinstance(error, FileExistsError):
            temporary.unlink(missing_ok=True)
        # People know the file by the name that it was to have.
        raise OSError(error.errno, error.strerror, str(path)) from error
    return temporary
