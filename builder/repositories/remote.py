"""A site as it lies in a store or behind an address: its status and its list, verified."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

import msgspec

from builder.errors import SiteError
from builder.repositories import ecosystems, listing, state, status
from builder.repositories.sitefile import Kind, Listed
from builder.repositories.stores import OversizedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.repositories.publication import StatusOpener
    from builder.repositories.shelf import Shelf
    from builder.repositories.state import SiteState
    from builder.repositories.status import SiteStatus
    from builder.repositories.stores import SiteReader

_AGAIN = "somebody may be publishing it just now: run it again"


class Remote(msgspec.Struct, frozen=True):
    """What was published last: its status and that file's text, its state, and all other files by path."""

    text: bytes
    status: SiteStatus
    state: SiteState
    files: Mapping[str, Listed]

    @property
    def own(self) -> Listed:
        """The status, as the list would have it."""
        return own(self.text)

    def follows(self, other: str) -> bool:
        """Tell whether it is the publication with this mark, or came after it."""
        return other in {self.status.mark, *self.state.lineage}


def own(text: bytes) -> Listed:
    """Return a status file as a list would have it."""
    return Listed(status.STATUS, Kind.STATUS, len(text), hashlib.sha256(text).hexdigest())


def read(reader: SiteReader, keys: StatusOpener | None) -> Remote | None:
    """Return the site that a reader finds, None where there is none.

    Raises SiteError or SignatureError for what `keys` do not vouch for, and where files do not fit together.
    """
    try:
        text = reader.read(status.STATUS, status.LIMIT)
    except FileNotFoundError:
        return None
    where = f"{reader.name}/{status.STATUS}"
    try:
        said = status.parse(text.decode("utf-8"), where, keys)
    except UnicodeDecodeError:
        raise SiteError(f"{where}: is no text") from None
    listed = listing.parse(b"".join(verified(reader, said.files.listed)), f"{reader.name}/{said.files.path}")
    found = state_of(reader, said)
    return Remote(text, said, found, {**listed, said.files.path: said.files.listed})


def state_of(reader: SiteReader, said: SiteStatus) -> SiteState:
    """Return the state of which a status tells; raise SiteError for another."""
    where = f"{reader.name}/{said.state.path}"
    found = state.from_lines(verified(reader, said.state.listed), where)
    if (found.organisation.slug, found.counter) != (said.organisation, said.counter):
        raise SiteError(f"{where}: is not the state of which the status tells")
    return found


def shelves(reader: SiteReader, found: SiteState) -> Mapping[str, Shelf]:
    """Return a site's packages by ecosystem, verified as they are read."""
    return ecosystems.shelves(found.shelves, functools.partial(verified, reader))


def verified(reader: SiteReader, listed: Listed) -> Iterator[bytes]:
    """Yield a file of the site; raise SiteError if it is missing or, at its end, not what the list says.

    A `size` below 0 is not known.
    """
    digest, size, fits = hashlib.sha256(), 0, True
    limit = {} if listed.size < 0 else {"limit": listed.size}
    try:
        for chunk in reader.chunks(listed.path, **limit):
            digest.update(chunk)
            size += len(chunk)
            yield chunk
    except FileNotFoundError:
        raise SiteError(
            f"{reader.name}/{listed.path}: is in the site's list and not there", hint=_AGAIN
        ) from None
    except OversizedError:
        fits = False
    if not fits or digest.hexdigest() != listed.sha256 or listed.size not in {size, -1}:
        raise SiteError(f"{reader.name}/{listed.path}: is not what the site's list says", hint=_AGAIN)
