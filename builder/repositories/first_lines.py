"""What to type first at a site that somebody tries on loopback: what needs no right to administer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.errors import SiteError
from builder.repositories import state, status
from builder.repositories.ecosystem import Instructions  # noqa: TC001  msgspec reads annotations at run time
from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.entry import strange
from builder.repositories.publication import Publication
from builder.repositories.site import shelves
from builder.text import files
from builder.text.quoting import visible

if TYPE_CHECKING:
    from pathlib import Path

# Their package managers install into a folder of their user's; of several, the ids of the plain ones.
_FORMATS = frozenset({"wheel", "npm", "gem"})
_SHOWN = frozenset({"pip", "npm", "gem"})


class Tried(msgspec.Struct, frozen=True):
    """A site that is there: whose it is, where it says that it is served, and what to type."""

    organisation: str
    release: str
    url: str
    instructions: tuple[Instructions, ...]


def tried(folder: Path, url: str) -> Tried:
    """Return what to type at the site in `folder`, served at `url`; raise SiteError where there is no site.

    No signature is verified: who has the folder may look at it, whoever made it.
    """
    where = folder / status.STATUS
    try:
        said = status.claimed(files.text(where, status.LIMIT), str(where))
        found = state.from_lines([files.read(folder / said.state.path)], str(folder / said.state.path))
    except FileNotFoundError:
        raise SiteError(f"{folder}: holds no site", hint="make one first: trustpack repo build") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(f"{where}: cannot be read: {error}") from None
    if found.organisation.slug != said.organisation:
        raise SiteError(f"{where}: is not the status of the state that it names")
    there = shelves(folder, found)
    if other := strange(one for shelf in there.values() for one in shelf.entries):
        raise SiteError(f"{where}: tells of {visible(other.name)}, which is no package of a site's")
    publication = Publication(found.organisation, url, found.time, found.expires, found.counter, keys=None)
    lines = [
        one
        for name, shelf in there.items()
        if ECOSYSTEMS[name].FORMAT in _FORMATS
        for one in ECOSYSTEMS[name].instructions(shelf, publication)
        if one.id in _SHOWN
    ]
    return Tried(said.organisation, said.release, said.url, tuple(lines))
