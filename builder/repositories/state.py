"""What a site is made of, and all else on it is derived from: its state, `trustpack/state-….json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from builder.errors import SiteError
from builder.model import CertificateSummary, Organisation  # noqa: TC001  msgspec reads annotations
from builder.repositories.entry import SiteEntry  # noqa: TC001  as above
from builder.repositories.sitefile import Count, Listed, Second  # noqa: TC001  as above

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OURS = "trustpack"  # the folder below the site's root that package managers do not read
_SCHEMA = 1


class PublishedRelease(msgspec.Struct, frozen=True, omit_defaults=True):
    """A release that is on the site; times are seconds since 1970.

    `certificates` and `distrusted` are fingerprints, `states` tells of those of the first that are not just
    active, and `bundle` is the path of its roots in PEM.
    """

    release: str
    epoch: Second
    added: Second
    certificates: tuple[str, ...]
    distrusted: tuple[str, ...] = ()
    states: dict[str, str] = {}
    bundle: str = ""
    withdrawn: str = ""
    withdrawn_at: Second = 0


class KeptShelf(msgspec.Struct, frozen=True):
    """An ecosystem's packages in the order in which they came, and the file of each of its texts."""

    entries: tuple[SiteEntry, ...] = ()
    texts: dict[str, Listed] = {}


class SiteState(msgspec.Struct, frozen=True, kw_only=True):
    """All that a site keeps; `time` is when it was last signed, and `expires` until when that counts.

    `authorities` are the certificates that any release names, by fingerprint. `superseded` are the files that
    stay for whoever has read an older index, with the publication that replaced each. `remembered` is what
    single parts keep for themselves (their name, and JSON of theirs). `architectures` are those for which it
    was derived, and `scripts` all that ever were install.sh, by the names that have their digests, the
    present one last. `lineage` are the publications that this one follows, the last one last: the first 16
    hex digits of the digests of their lists.
    `made_by` is what has made the indexes: see maker.py.
    """

    organisation: Organisation
    url: str
    counter: Count = 0
    time: Second = 0
    expires: Second = 0
    authorities: dict[str, CertificateSummary] = {}
    releases: tuple[PublishedRelease, ...] = ()
    shelves: dict[str, KeptShelf] = {}
    superseded: dict[str, int] = {}
    remembered: dict[str, Any] = {}
    architectures: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    lineage: tuple[str, ...] = ()
    made_by: str = ""
    schema: int = _SCHEMA

    @property
    def offered(self) -> tuple[PublishedRelease, ...]:
        """The releases that are not withdrawn, in the order of their numbers."""
        return tuple([one for one in self.releases if not one.withdrawn])

    def paths(self) -> set[str]:
        """Return the path of every file that belongs to a package or a release, and is not derived."""
        found = {one.bundle for one in self.releases if one.bundle} | {*self.scripts}
        for shelf in self.shelves.values():
            found.update([entry.path for entry in shelf.entries])
            found.update([path for entry in shelf.entries for path in entry.others])
        return found


def to_json(state: SiteState) -> Iterator[bytes]:
    """Yield a state as its file holds it: one document, the same bytes for the same state."""
    yield msgspec.json.encode(state, order="deterministic")
    yield b"\n"


def from_json(data: bytes, where: str) -> SiteState:
    """Return the state that a file holds; raise SiteError for what no trustpack wrote."""
    try:
        found = msgspec.json.decode(data, type=SiteState)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SiteError(f"{where}: cannot be understood: {error}", hint=_RESTORE) from None
    if found.schema != _SCHEMA:
        raise SiteError(
            f"{where}: has schema {found.schema}, and this trustpack knows {_SCHEMA}",
            hint="use the trustpack that wrote it, or a newer one",
        )
    return found


_RESTORE = "take the site from where it is published: trustpack repo fetch URL"


def by_path(listed: Mapping[str, Listed], path: str, where: str) -> Listed:
    """Return a listed file; raise SiteError where the site has none of that path."""
    if path not in listed:
        raise SiteError(f"{where}: names {path}, which is not in the site's list", hint=_RESTORE)
    return listed[path]
