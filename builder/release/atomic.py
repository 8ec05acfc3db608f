"""The one atomic write: a file is there whole or as it was, whoever reads it and whenever the power fails."""

from __future__ import annotations

import os
from pathlib import Path

from builder.errors import OutputError

TEMPORARY = ".trustpack-tmp-"  # what is left of a file that was being written begins so
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
        temporary = stage(target, text.encode("utf-8"))
        temporary.chmod(_READABLE)
        temporary.replace(target)
    except OSError as error:
        raise OutputError(f"{file}: cannot be written: {error.strerror or error}") from error


def put(path: Path, data: bytes) -> None:
    """Make `data` the content of `path`; raises OSError."""
    stage(path, data).replace(path)


def stage(path: Path, data: bytes) -> Path:
    """Write `data` to a temporary file beside `path`, through to the disk, and return it; raises OSError.

    Whoever stages several files renames them when all are there.
    """
    # A metrics collector reads what ends in .prom, so the temporary name must not.
    temporary = path.with_name(f"{TEMPORARY}{path.name}-{os.getpid()}")
    try:
        with temporary.open("xb") as stream:  # never through a link that somebody put there
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        raise
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
