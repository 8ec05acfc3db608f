"""The list of a site's files: a line each, `SHA256 SIZE KIND PATH`, sorted by path; status vouches for it."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING

from builder.errors import SiteError
from builder.repositories.sitefile import Kind, Listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Nothing hidden, no folder above, and nothing that URLs or shells quote but what package names hold.
_PART = r"[A-Za-z0-9_@+~-][A-Za-z0-9._@+~:-]*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_AT_ONCE = 1000  # lines
_KINDS = {kind.name.lower(): kind for kind in Kind}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_LINE = re.compile(
    rf"^([0-9a-f]{{64}}) ([0-9]{{1,15}}) ({'|'.join(_KINDS)}) ({_PATH.pattern})\n", re.MULTILINE
)


def holds(path: str) -> bool:
    """Tell whether a site can have a file of that path."""
    return _PATH.fullmatch(path) is not None


def chunks(files: Iterable[Listed]) -> Iterator[bytes]:
    """Yield the list of `files`, some lines at a time."""
    rows = sorted(files, key=attrgetter("path"))
    for at in range(0, len(rows), _AT_ONCE):
        some = rows[at : at + _AT_ONCE]
        lines = [f"{one.sha256} {one.size} {_NAMES[one.kind]} {one.path}\n" for one in some]
        yield "".join(lines).encode("ascii")


def text(files: Iterable[Listed]) -> str:
    """Return the list of `files`."""
    return b"".join(chunks(files)).decode("ascii")


def parse(data: bytes, where: str) -> Mapping[str, Listed]:
    """Return the files of a list by path; raise SiteError naming the line that is none of ours."""
    try:
        content = data.decode("ascii")
    except UnicodeDecodeError:
        raise SiteError(f"{where}: is no list of a site's files") from None
    if content and not content.endswith("\n"):
        raise SiteError(f"{where}: is cut off")
    # All lines in one go: a site may have 100,000 of them.
    found = {
        path: Listed(path, _KINDS[kind], int(size), sha256)
        for sha256, size, kind, path in _LINE.findall(content)
    }
    if len(found) != content.count("\n"):
        raise SiteError(f"{where}:{_wrong(content)}: is no line of a site's list, or a duplicate entry")
    return found


def _wrong(content: str) -> int:
    """Return the number of the first line that is none of ours."""
    known: set[str] = set()
    for number, line in enumerate(content.split("\n"), 1):
        match = _LINE.fullmatch(f"{line}\n")
        if match is None or match[4] in known:
            return number
        known.add(match[4])
    raise AssertionError
