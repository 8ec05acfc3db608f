"""Where the path of a request leads in a site's folder, as static hosts have it: never out of the folder."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import BinaryIO

_INDEX = "index.html"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: opening a pipe would wait for its writer.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class Found(msgspec.Struct, frozen=True):
    """An open regular file; `path` is below the site's root, as it was asked for."""

    path: str
    file: BinaryIO


class Moved(msgspec.Struct, frozen=True):
    """A folder that was asked for without its slash; `to` is the path to ask for, percent-encoded."""

    to: str


def look_up(root: Path, path: str) -> Found | Moved | None:
    """Return what a request's percent-encoded `path` (without its query) names, None where that is nothing.

    `%2f` is a slash, as it is to nginx, Caddy and lighttpd: npm asks so for a name with a scope. A folder is
    its index.html. A link is followed only to what lies in the site.
    """
    # As bytes, so that no name is out of reach.
    names = [os.fsdecode(name) for name in unquote_to_bytes(path).split(b"/")]
    segments = [name for name in names if name not in {"", "."}]
    if ".." in segments or any("\0" in name for name in segments):
        return None
    descriptor = _opened(root, segments)
    if descriptor is None:
        return None
    is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
    if not is_folder and names[-1]:
        return _found(segments, descriptor)
    os.close(descriptor)
    if not is_folder:
        return None
    if names[-1]:
        return Moved("/" + "".join(f"{quote(name)}/" for name in segments))
    inside = [*segments, _INDEX]
    index = _opened(root, inside)
    return None if index is None else _found(inside, index)


def _found(segments: Sequence[str], descriptor: int) -> Found | None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return Found("/".join(segments), os.fdopen(descriptor, "rb"))


def _opened(root: Path, segments: Sequence[str]) -> int | None:
    """Return a descriptor of what lies in `root`, None where there is nothing, or it may not be read.

    Links are resolved first, and what they lead to is opened without following any: so nobody who changes
    the folder at the same moment leads out of it.
    """
    top = root.resolve()
    try:
        real = top.joinpath(*segments).resolve(strict=True)
        if not real.is_relative_to(top):
            return None
        return _descend(top, real.relative_to(top).parts)
    except (OSError, RuntimeError):  # the latter is a circle of links
        return None


def _descend(top: Path, names: Sequence[str]) -> int:
    """Open `names` one in the other, none of them through a link; raise OSError where one is."""
    current = os.open(top, _FOLDER)
    for name in names:
        try:
            following = os.open(name, _FILE, dir_fd=current)
        finally:
            os.close(current)
        current = following
    return current
