"""A published site, as its clients find it: signed, whole, valid for long enough, and newer than it was."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import msgspec

from builder.errors import OutputError, SiteError
from builder.repositories import listing, records, remote, status
from builder.repositories.check import SiteProblem
from builder.repositories.sitefile import Kind
from builder.repositories.status import SiteStatus  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.repositories.publication import StatusOpener
    from builder.repositories.records import SeenSite
    from builder.repositories.sitefile import Listed
    from builder.repositories.stores.store import SiteReader

_DAY = 86_400
_AHEAD = 300  # seconds that clocks may differ by; apt waits no longer than ten


class SiteHealth(msgspec.Struct, frozen=True):
    """How a site is found; `days` are whole days until its signatures end (negative: since then).

    It is `due` where they end soon. `problems` are what clients would be served that is not of this
    publication.
    """

    name: str
    status: SiteStatus
    signed: bool
    days: int
    due: bool
    problems: tuple[SiteProblem, ...]


def look(
    reader: SiteReader,
    keys: StatusOpener | None,
    *,
    now: dt.datetime,
    within: dt.timedelta,
    seen: SeenSite | None = None,
) -> SiteHealth:
    """Read a site's status and all that clients ask for first; `keys` None is for one without signatures.

    Raises SiteError where there is none, or an older one than was `seen`; SignatureError for another's.
    """
    where = f"{reader.name}/{status.STATUS}"
    try:
        text = reader.read(status.STATUS, status.LIMIT).decode("utf-8")
    except FileNotFoundError:
        raise SiteError(f"{where}: is not there", hint="is this the site's address?") from None
    except UnicodeDecodeError:
        raise SiteError(f"{where}: is no status of a site") from None
    said = status.parse(text, where, keys)
    if seen is not None:
        records.refuse_other(where, said, seen, lambda: remote.state_of(reader, said).lineage)
    left = dt.timedelta(seconds=said.expires) - dt.timedelta(seconds=int(now.timestamp()))
    return SiteHealth(
        name=reader.name,
        status=said,
        signed=keys is not None,
        days=left // dt.timedelta(days=1),
        due=left <= within,
        problems=tuple(sorted((*_clock(said, now), *_pointers(reader, said)))),
    )


def _clock(said: SiteStatus, now: dt.datetime) -> Iterator[SiteProblem]:
    ahead = said.time - int(now.timestamp())
    if ahead > _AHEAD:
        yield SiteProblem(status.STATUS, f"is signed {ahead} seconds from now: one of two clocks is wrong")


def _pointers(reader: SiteReader, said: SiteStatus) -> Iterator[SiteProblem]:
    """Yield each file that clients ask for first and that is not of this publication."""
    try:
        data = reader.read(said.files.path, said.files.size)
    except FileNotFoundError:
        yield SiteProblem(said.files.path, "is missing, or a cache has an older answer")
        return
    except OutputError:  # as below
        data = b""
    if hashlib.sha256(data).hexdigest() != said.files.sha256:
        yield SiteProblem(said.files.path, "is not the list that the status names")
        return
    for listed in listing.parse(data, f"{reader.name}/{said.files.path}").values():
        if listed.kind is Kind.POINTER and (problem := _pointer(reader, listed, said)):
            yield SiteProblem(listed.path, problem)


def _pointer(reader: SiteReader, listed: Listed, said: SiteStatus) -> str:
    try:
        data = reader.read(listed.path, listed.size)
    except FileNotFoundError:
        return "is missing"
    except OutputError:  # it is longer, which is enough to know
        data = b""
    if hashlib.sha256(data).hexdigest() == listed.sha256:
        return ""
    return f"is not of publication {said.counter}: a cache or a copy has another one"
