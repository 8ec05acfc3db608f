"""Reading inputs: files and folders, within bounds, and never anything that is not a regular file."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from builder.lint.rules import found
from builder.model import Origin

if TYPE_CHECKING:
    from builder.model import Finding

# All roots that browsers and operating systems list fit in a quarter of this.
MAX_BYTES = 4 * 1024 * 1024
MAX_FILES = 2000
MAX_CERTIFICATES = 1000
_UNREADABLE = "cannot be read"


@dataclass(frozen=True, slots=True)
class Source:
    """The bytes of one input; `listed` says that a folder named it, not the user."""

    path: str
    data: bytes = field(repr=False)
    listed: bool = False


def read(path: str) -> tuple[tuple[Source, ...], tuple[Finding, ...]]:
    """Read a file, or the regular files of a folder: one level, sorted by name, hidden ones passed over."""
    try:
        is_folder = Path(path).is_dir()
        members = sorted(Path(path).iterdir()) if is_folder else []
    except OSError as error:
        return (), (found("unreadable", Origin(path), f"{_UNREADABLE}: {_reason(error)}"),)
    if not is_folder:
        item = _file(path, listed=False)
        return ((item,), ()) if isinstance(item, Source) else ((), (item,))
    if len(members) > MAX_FILES:
        return (), (
            found("too-many", Origin(path), f"the folder has {len(members)} files, over {MAX_FILES}"),
        )
    items = [_member(member) for member in members]
    sources = tuple(item for item in items if isinstance(item, Source))
    if not sources and not any(not isinstance(item, Source) and item.rule != "passed-over" for item in items):
        items.append(found("no-certificates", Origin(path), "the folder holds no file to read"))
    return sources, tuple(item for item in items if not isinstance(item, Source))


def _member(path: Path) -> Source | Finding:
    if path.name.startswith("."):
        return found("passed-over", Origin(str(path)), "is hidden and was passed over")
    if os.path.isdir(path):  # noqa: PTH112  Path.is_dir() raises where a link leads to a forbidden place
        return found("passed-over", Origin(str(path)), "is a folder inside a folder and was passed over")
    return _file(str(path), listed=True)


def _file(path: str, *, listed: bool) -> Source | Finding:
    origin = Origin(path)
    try:
        # Opening a FIFO would wait for its writer, hence O_NONBLOCK and a look before the first read.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return found("not-a-file", origin, "is neither a regular file nor a folder")
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return found("unreadable", origin, "there is no such file or folder")
    except (OSError, ValueError) as error:
        return found("unreadable", origin, f"{_UNREADABLE}: {_reason(error)}")
    if len(data) > MAX_BYTES:
        return found("too-large", origin, f"is larger than {MAX_BYTES} bytes")
    return Source(path, data, listed)


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).lower()
