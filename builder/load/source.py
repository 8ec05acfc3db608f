"""Reading inputs: files and folders, within bounds, and never anything that is not a regular file."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder.model import Origin
from builder.rules import found
from builder.text import files, urls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.model import Finding

# All roots that browsers and operating systems list fit in a quarter of this.
MAX_BYTES = 4 * 1024 * 1024
MAX_FOLDER_BYTES = 16 * MAX_BYTES
MAX_FILES = 2000
MAX_CERTIFICATES = 1000
# What editors and packagers keep of a file's last version: a CA taken out of it must not come back.
_BACKUP = re.compile(
    r"~$|^#.*#$|\.(?:bak|orig|rej|swp|dpkg-(?:old|new|dist|tmp)|ucf-\w+|rpm(?:save|new|orig))$"
)
_UNREADABLE = "cannot be read"
_NOT_A_FILE = "is neither a regular file nor a folder"


class Input(msgspec.Struct, frozen=True):
    """The bytes of one input; `listed` says that a folder named it, not the user."""

    path: str
    data: bytes
    listed: bool = False

    def __repr__(self) -> str:
        """Leave out what it holds, which may be a private key."""
        return f"Input({self.path!r})"


def read(path: str) -> Iterator[Input | Finding]:
    """Read a file, or the regular files of a folder: one level, sorted by name, hidden ones passed over.

    One file at a time, when it is asked for: a folder is larger than the memory it may take.
    """
    named = Origin(urls.shown(path))
    try:
        is_folder = Path(path).is_dir()
        members = sorted(islice(Path(path).iterdir(), MAX_FILES + 1)) if is_folder else []
    except OSError as error:
        yield found("unreadable", named, f"{_UNREADABLE}: {_reason(error)}")
        return
    if not is_folder:
        yield _file(path, listed=False)
    elif len(members) > MAX_FILES:
        yield found("too-many", Origin(path), f"the folder has over {MAX_FILES} files")
    else:
        yield from _folder(path, members)


def _folder(path: str, members: Sequence[Path]) -> Iterator[Input | Finding]:
    size, is_empty = 0, True
    # Kubernetes keeps what it mounts behind links such as ..data, and each file beside them once more.
    for item in map(_member, (member for member in members if not member.name.startswith(".."))):
        if isinstance(item, Input):
            size += len(item.data)
        if size > MAX_FOLDER_BYTES:
            yield found("too-large", Origin(path), f"the folder holds over {MAX_FOLDER_BYTES} bytes")
            return
        is_empty = is_empty and not isinstance(item, Input) and item.rule == "passed-over"
        yield item
    if is_empty:
        yield found("no-certificates", Origin(path), "the folder holds no file to read")


def _member(path: Path) -> Input | Finding:
    if _BACKUP.search(path.name):
        return found("passed-over", Origin(str(path)), "is a file's last version, and was passed over")
    if path.name.startswith("."):
        return found("passed-over", Origin(str(path)), "is hidden and was passed over")
    if os.path.isdir(path):  # noqa: PTH112  Path.is_dir() raises where a link leads to a forbidden place
        return found("passed-over", Origin(str(path)), "is a folder inside a folder and was passed over")
    return _file(str(path), listed=True)


def _file(path: str, *, listed: bool) -> Input | Finding:
    origin = Origin(urls.shown(path))
    try:
        return Input(path, files.read(path, MAX_BYTES), listed)
    except FileNotFoundError:
        return found("unreadable", origin, "there is no such file or folder")
    except files.NotAFileError:
        # In a folder it is nothing that anybody meant.
        said = f"{_NOT_A_FILE}, and was passed over" if listed else _NOT_A_FILE
        return found("passed-over" if listed else "not-a-file", origin, said)
    except files.TooLargeError:
        return found("too-large", origin, f"is larger than {MAX_BYTES} bytes")
    except (OSError, ValueError) as error:
        return found("unreadable", origin, f"{_UNREADABLE}: {_reason(error)}")


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)).lower()
