"""What somebody remembers of a site beside it: the last publication that was seen, which others follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.errors import SiteError
from builder.release import atomic
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from builder.repositories.status import SiteStatus


class SeenSite(msgspec.Struct, frozen=True):
    """The last publication that was seen; `time` is when it was signed, in seconds since 1970.

    `mark` names it in the lineage of those that follow it.
    """

    organisation: str
    counter: int
    time: int
    mark: str = ""


def refuse_other(where: str, said: SiteStatus, seen: SeenSite, lineage: Callable[[], Sequence[str]]) -> None:
    """Raise SiteError where a site is not what was `seen` or what followed it, as `lineage` tells.

    The keys alone do not say so: an organisation may sign several sites with them.
    """
    if said.organisation != seen.organisation:
        raise SiteError(f"{where}: is the site of {said.organisation}, and was {seen.organisation}'s")
    if said.counter < seen.counter:
        raise SiteError(
            f"{where}: is publication {said.counter}, and {seen.counter} was seen before: it is an old site",
            hint="find out who serves it: most package managers take an old site without a word",
        )
    if said.counter == seen.counter:
        follows = (said.time, said.mark) == (seen.time, seen.mark or said.mark)
    else:
        # A lineage that is cut has forgotten what is older than it.
        follows = not seen.mark or said.counter - seen.counter > len(found := lineage()) or seen.mark in found
    if not follows:
        raise SiteError(
            f"{where}: publication {said.counter} does not follow the publication {seen.counter} that was "
            "seen before",
            hint="two machines publish, one began from an old copy, or another site of yours is served here",
        )


def read(file: Path) -> SeenSite | None:
    """Return what a file remembers, None where there is none yet; raise SiteError for another file."""
    try:
        return msgspec.json.decode(files.read(file), type=SeenSite)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError):
        raise SiteError(f"{file}: is no record of a site", hint="name another file, or remove it") from None


def write(file: Path, status: SiteStatus) -> None:
    """Remember a site's status; raise OutputError."""
    seen = SeenSite(status.organisation, status.counter, status.time, status.mark)
    atomic.write(file, msgspec.json.encode(seen).decode() + "\n")
