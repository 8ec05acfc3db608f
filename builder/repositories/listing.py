"""The list of a site's files: a line each, `SHA256 SIZE KIND PATH`, sorted by path; status vouches for it."""

from __future__ import annotations

import bisect
import re
from typing import TYPE_CHECKING

from builder.errors import SiteError
from builder.repositories.sitefile import Kind, Listed
from builder.text.lines import whole_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Nothing hidden, no folder above, and nothing that URLs or shells quote but what package names hold.
_PART = r"[A-Za-z0-9_@+~-][A-Za-z0-9._@+~:-]*"
PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_AT_ONCE = 1000  # lines
_KINDS = {kind.name.lower(): kind for kind in Kind}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_OTHERS = [f" {kind} ".encode() for kind in _KINDS if _KINDS[kind] is not Kind.BLOB]
_LINE = re.compile(
    rf"^([0-9a-f]{{64}}) ([0-9]{{1,15}}) ({'|'.join(_KINDS)}) ({PATH.pattern})\n", re.MULTILINE
)


def holds(path: str) -> bool:
    """Tell whether a site can have a file of that path."""
    return PATH.fullmatch(path) is not None


def text(files: Iterable[Listed]) -> str:
    """Return the list of `files`."""
    return "".join(map(_line, sorted(files)))


def parse(data: bytes, where: str) -> Mapping[str, Listed]:
    """Return the files of a list by path; raise SiteError naming the line that is none of ours."""
    return {one.path: one for one in rows([data], where)}


def rows(content: Iterable[bytes], where: str) -> Iterator[Listed]:
    """Yield the files of a list, of which `content` are chunks; raise SiteError as `parse` does."""
    count, last = 0, ""
    for lines in whole_lines(content):
        for one in _parsed(lines, where, count):
            count += 1
            if one.path <= last:
                raise SiteError(
                    f"{where}:{count}: is no line of a site's list: {one.path} is out of its order"
                )
            last = one.path
            yield one


def touched(content: Iterable[bytes], where: str, paths: Iterable[str]) -> Iterator[Listed]:
    """Yield the files of a list that are no packages, and those among `paths`; raise SiteError as `rows`.

    Packages are nearly all that there is: most lines are not looked at any closer.
    """
    wanted, at = sorted(paths), 0
    for lines in whole_lines(content):
        end = bisect.bisect_right(wanted, _last(lines), at)
        known = {*wanted[at:end]}
        if known or any(kind in lines for kind in _OTHERS):
            yield from (
                one for one in _parsed(lines, where) if one.kind is not Kind.BLOB or one.path in known
            )
        at = end


def edited(content: Iterable[bytes], edits: Mapping[str, Listed | None]) -> Iterator[bytes]:
    """Yield, in chunks, a list with these lines for their paths, None for none; all others stay."""
    paths, at = sorted(edits), 0
    for lines in whole_lines(content):
        end = bisect.bisect_right(paths, _last(lines), at)
        yield _merged(lines, {path: edits[path] for path in paths[at:end]}) if end > at else lines
        at = end
    for start in range(at, len(paths), _AT_ONCE):
        yield _merged(b"", {path: edits[path] for path in paths[start : start + _AT_ONCE]})


def _merged(lines: bytes, edits: Mapping[str, Listed | None]) -> bytes:
    kept = {_last(line): line for line in lines.splitlines(keepends=True)}
    for path, one in edits.items():
        kept.pop(path, None)
        if one is not None:
            kept[path] = _line(one).encode("ascii")
    return b"".join(kept[path] for path in sorted(kept))


def _line(one: Listed) -> str:
    return f"{one.sha256} {one.size} {_NAMES[one.kind]} {one.path}\n"


def _last(lines: bytes) -> str:
    """Return the path of the last of these lines."""
    return lines.rpartition(b" ")[2].rstrip().decode("ascii", "replace")


def _parsed(lines: bytes, where: str, before: int = 0) -> Iterator[Listed]:
    """Yield the files of whole lines, with so many `before` them."""
    try:
        some = lines.decode("ascii")
    except UnicodeDecodeError:
        raise SiteError(f"{where}: is no list of a site's files") from None
    # All lines in one go: a site may have 100,000 of them.
    found = _LINE.findall(some)
    if len(found) != some.count("\n") or not some.endswith("\n"):
        raise SiteError(_wrong(some, where, before))
    for sha256, size, kind, path in found:
        yield Listed(path, _KINDS[kind], int(size), sha256)


def _wrong(lines: str, where: str, before: int) -> str:
    """Return what is said of the first line that is none of ours."""
    if not lines.endswith("\n"):
        return f"{where}: is cut off"
    number = next(at for at, one in enumerate(lines.split("\n"), 1) if not _LINE.fullmatch(f"{one}\n"))
    return f"{where}:{before + number}: is no line of a site's list"
