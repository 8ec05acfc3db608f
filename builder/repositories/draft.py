"""A site as it is to become: its state, the packages that came, and the lines that they bring."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from builder.errors import PackageError, SiteError
from builder.formats.unpacked import Malformed
from builder.repositories import clients, listing
from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.entry import Shelf, SiteEntry, is_plain
from builder.repositories.state import KeptShelf, SiteState
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.repositories.ecosystem import Admitted
    from builder.repositories.entry import Released
    from builder.repositories.publication import Publication, SiteKeys
    from builder.repositories.site import Site
    from builder.repositories.sitefile import SiteFile


class Draft(msgspec.Struct, frozen=True):
    """The `state` to be, over the site that is there (None: there is none).

    `files` are the packages that came, and `brought` their lines, by ecosystem and path.
    With `withdrawing`, something is no longer to be offered.
    """

    site: Site | None
    state: SiteState
    files: tuple[SiteFile, ...] = ()
    brought: dict[str, dict[str, tuple[bytes, ...]]] = {}
    withdrawing: bool = False

    def shelf(self, name: str) -> Shelf:
        """Return an ecosystem's packages to be: those that stay with their old lines, and those that came."""
        ecosystem = ECOSYSTEMS[name]
        kept = self.state.shelves.get(name, KeptShelf())
        before = self.site.shelf(name) if self.site else None
        brought = self.brought.get(name, {})
        stay = {entry.path for entry in kept.entries}
        old = stay - brought.keys()
        # As a rule all stay: then their texts are read as they are.
        wanted = None if before and len(old) == len(before.entries) else lambda entry: entry.path in old

        def open_text(text: str) -> Iterator[bytes]:
            if before is not None and before.entries:
                yield from before.lines(text, wanted) if wanted else before.open_text(text)
            at = ecosystem.TEXTS.index(text)
            for path, lines in brought.items():
                if path in stay:
                    yield lines[at]

        return Shelf(kept.entries, ecosystem.TEXTS, open_text)


def admit(draft: Draft, name: str, released: Released, publication: Publication) -> Draft:
    """Return the draft with one package more in the ecosystem `name`, or as it was if it has that package.

    Raises SiteError where it has another package of that name and version: clients keep what they have; and
    PackageError for what cannot be offered.
    """
    try:
        admitted = ECOSYSTEMS[name].admit(released, publication)
    except Malformed as fault:
        raise PackageError(f"{released.filename}: {fault}") from None
    except (LookupError, ValueError) as fault:  # a package of others' making may contradict itself anywhere
        what = visible(str(fault))
        raise PackageError(f"{released.filename}: says what no index can: {what}") from fault
    if strange := next((file.path for file in admitted.files if not listing.holds(file.path)), ""):
        raise PackageError(
            f"{released.filename}: would be {visible(strange)} on the site, which not every server serves",
            hint="letters, digits and . _ @ + ~ : - are what a file on a site can be called",
        )
    _refuse_named(released, admitted, publication)
    kept = draft.state.shelves.get(name, KeptShelf())
    for entry in kept.entries:
        if (entry.name, entry.version) == (admitted.name, admitted.version):
            if entry.identity == released.identity:
                return draft
            raise SiteError(
                f"{released.filename}: the site has another {entry.name} {entry.version}, with other content",
                hint="what clients have they never fetch again: build it under a higher release",
            )
    return put(draft, name, entry_of(name, released, admitted, publication), admitted)


def _refuse_named(released: Released, admitted: Admitted, publication: Publication) -> None:
    """Raise PackageError for a name that is more than one, or that no release may bring."""
    if not is_plain(admitted.name, admitted.version):
        what = visible(f"{admitted.name} {admitted.version}")
        raise PackageError(f"{released.filename}: {what} is no package's name and version")
    if released.release and admitted.name == clients.repository(publication.organisation):
        raise PackageError(
            f"{released.filename}: {admitted.name} is the site's own, and no release may bring it",
            hint="call the package otherwise: machines get their keys by that one",
        )


def entry_of(name: str, released: Released, admitted: Admitted, publication: Publication) -> SiteEntry:
    """Return what the site keeps of a package that comes to it now."""
    published, *others = admitted.files
    return SiteEntry(
        release=released.release,
        name=admitted.name,
        version=admitted.version,
        path=published.path,
        size=len(published.data),
        sha256=hashlib.sha256(published.data).hexdigest(),
        identity=released.identity,
        added=publication.time,
        lengths=tuple(map(len, admitted.lines)),
        others=tuple(file.path for file in others),
        signer=_signer(name, publication.keys),
    )


def _signer(name: str, keys: SiteKeys | None) -> str:
    match ECOSYSTEMS[name].SIGNS if keys else "":
        case "openpgp" if keys:
            return keys.signer
        case "apk" if keys:
            return next(iter(keys.apk_keys))
    return ""


def put(draft: Draft, name: str, entry: SiteEntry, admitted: Admitted) -> Draft:
    """Return the draft with a package at the end of the ecosystem `name`, in the place of its like there."""
    kept = draft.state.shelves.get(name, KeptShelf())
    same = entry.name, entry.version
    others = tuple(one for one in kept.entries if (one.name, one.version) != same)
    shelves = {**draft.state.shelves, name: replace(kept, entries=(*others, entry))}
    return replace(
        draft,
        state=replace(draft.state, shelves=shelves),
        files=(*draft.files, *admitted.files),
        brought={**draft.brought, name: {**draft.brought.get(name, {}), entry.path: admitted.lines}},
    )
