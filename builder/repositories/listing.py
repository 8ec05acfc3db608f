"""The list of a site's files: a line each, `SHA256 SIZE KIND PATH`, sorted by path; status vouches for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.errors import SiteError
from builder.repositories.sitefile import Kind, Listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Nothing hidden, no folder above, and nothing that URLs or shells quote but what package names hold.
_PART = r"[A-Za-z0-9_@+~-][A-Za-z0-9._@+~:-]*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_LINE = re.compile(rf"([0-9a-f]{{64}}) ([0-9]{{1,15}}) ([a-z]+) ({_PATH.pattern})")
_KINDS = {kind.name.lower(): kind for kind in Kind}


def holds(path: str) -> bool:
    """Tell whether a site can have a file of that path."""
    return _PATH.fullmatch(path) is not None


def text(files: Iterable[Listed]) -> str:
    """Return the list of `files`."""
    rows = sorted((one.path, one) for one in files)
    return "".join(f"{one.sha256} {one.size} {one.kind.name.lower()} {path}\n" for path, one in rows)


def parse(data: bytes, where: str) -> Mapping[str, Listed]:
    """Return the files of a list by path; raise SiteError naming the line that is none of ours."""
    found: dict[str, Listed] = {}
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise SiteError(f"{where}: is no list of a site's files") from None
    if lines.pop():
        raise SiteError(f"{where}: is cut off")
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None or match[3] not in _KINDS or match[4] in found:
            raise SiteError(f"{where}:{number}: is no line of a site's list, or a duplicate entry")
        found[match[4]] = Listed(match[4], _KINDS[match[3]], int(match[2]), match[1])
    return found
