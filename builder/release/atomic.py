"""Write one file whole or not at all: its reader may come at any moment, and the disk may be full."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from builder.errors import OutputError

_READABLE = 0o644  # by whoever reads it: a metrics exporter runs as a user of its own


def write(file: Path, text: str) -> None:
    """Make `text` the content of `file`; raise OutputError, and then `file` is as it was.

    What a link leads to is replaced, and not the link; into a pipe or a device the text is written.
    """
    target = Path(os.path.realpath(file))
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, "utf-8", newline="")
        else:
            _replace(target, text.encode("utf-8"))
    except OSError as error:
        raise OutputError(f"{file}: cannot be written: {error.strerror}") from error


def _replace(file: Path, data: bytes) -> None:
    # A metrics collector reads what ends in .prom, so the temporary name must not.
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".tmp", dir=file.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        temporary.chmod(_READABLE)
        temporary.replace(file)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
