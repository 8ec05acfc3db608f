"""What somebody remembers of a site beside it: the number of the last publication that was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.errors import SiteError
from builder.release import atomic
from builder.text import files

if TYPE_CHECKING:
    from pathlib import Path

    from builder.repositories.status import SiteStatus


class SeenSite(msgspec.Struct, frozen=True):
    """The last publication that was seen; `time` is when it was signed, in seconds since 1970."""

    organisation: str
    counter: int
    time: int


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
    seen = SeenSite(status.organisation, status.counter, status.time)
    atomic.write(file, msgspec.json.encode(seen).decode() + "\n")
