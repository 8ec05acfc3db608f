"""A site as it is to become: its state, the packages that came, and the lines that they bring."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from builder.errors import PackageError, SiteError
from builder.formats.unpacked import Malformed
from builder.repositories import clients, listing
from builder.repositories.ecosystems import ECOSYSTEMS, brew
from builder.repositories.entry import SiteEntry, is_plain
from builder.repositories.entry import line as entry_line
from builder.repositories.shelf import EMPTY, ENTRIES, Again, Shelf, Stock, stock
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from builder.repositories.ecosystem import Admitted
    from builder.repositories.entry import Released
    from builder.repositories.publication import Publication, SiteKeys
    from builder.repositories.site import Site
    from builder.repositories.sitefile import SiteFile
    from builder.repositories.state import PublishedRelease, SiteState


class Came(msgspec.Struct, frozen=True):
    """A package that came: what the site keeps of it, and its lines in each of the ecosystem's texts."""

    entry: SiteEntry
    lines: tuple[bytes, ...]


class Draft(msgspec.Struct, frozen=True):
    """The `state` to be, over the site that is there (None: there is none).

    `files` are the files that came, and `came` the packages by ecosystem and path, in their order; `replaced`
    are the paths of those in whose place one came, and `dropped` the releases that the site has and is not to
    have. All else stays. With `withdrawing`, something is no longer to be offered. The state's own shelves
    are those that were: `shelf` returns what is to be.
    """

    site: Site | None
    state: SiteState
    files: tuple[SiteFile, ...] = ()
    came: dict[str, dict[str, Came]] = {}
    replaced: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    withdrawing: bool = False

    def shelf(self, name: str) -> Shelf:
        """Return an ecosystem's packages to be: those that stay with their old lines, and those that came."""
        before = self.site.shelf(name) if self.site else EMPTY
        came, texts = self.came.get(name, {}), ECOSYSTEMS[name].TEXTS
        stays, told = (self._stays(name), self._told()) if before.stock.count else (None, None)

        def entries() -> Iterator[SiteEntry]:
            old = filter(stays, before.entries) if stays else before.entries
            yield from map(told, old) if told else old
            for one in came.values():
                yield one.entry

        def open_text(text: str) -> Iterator[bytes]:
            if text == ENTRIES and (stays or told):
                yield from map(entry_line, entries())
                return
            # As a rule all stay: then their texts are read as they are.
            yield from before.lines(text, stays) if stays else before.open_text(text)
            for one in came.values():
                yield entry_line(one.entry) if text == ENTRIES else one.lines[texts.index(text)]

        def counted() -> Stock:
            if stays or told:
                return stock(entries())
            return stock((one.entry for one in came.values()), before.stock)

        return Shelf(Again(entries), texts, open_text, counted)

    def gone(self) -> set[str]:
        """Return the paths of what came with packages and releases, and that is not to stay."""
        if self.site is None:
            return set()
        found: set[str] = set()
        if self.site.state.releases is not self.state.releases:
            stay = {path for one in self.state.releases for path in one.paths}
            found |= {path for one in self.site.state.releases for path in one.paths} - stay
        if not (self.dropped or self.replaced):
            return found
        for name, shelf in self.site.shelves.items():
            if stays := self._stays(name):
                found.update(path for one in shelf.entries if not stays(one) for path in one.paths)
        return found

    def _stays(self, name: str) -> Callable[[SiteEntry], bool] | None:
        """Return what tells which of the site's packages stay, None where all do.

        Homebrew's tap keeps all: whoever has pulled a commit can only be given what follows it.
        """
        dropped = frozenset() if name == brew.NAME else self.dropped
        replaced = self.replaced
        if not dropped and not replaced:
            return None
        return lambda entry: entry.release not in dropped and entry.path not in replaced

    def _told(self) -> Callable[[SiteEntry], SiteEntry] | None:
        """Return what says of the site's packages that they are withdrawn, None where nothing new is said."""
        return functools.partial(as_released, self.state.withdrawn) if self.withdrawing else None


def as_released(withdrawn: Mapping[str, PublishedRelease], entry: SiteEntry) -> SiteEntry:
    """Return a package, withdrawn if its release is."""
    if (found := withdrawn.get(entry.release)) is None:
        return entry
    return replace(entry, withdrawn=found.withdrawn, withdrawn_at=found.withdrawn_at)


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
    if found := draft.shelf(name).find(admitted.name, admitted.version):
        if found.identity == released.identity:
            return draft
        raise SiteError(
            f"{released.filename}: the site has another {found.name} {found.version}, with other content",
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


def put(
    draft: Draft, name: str, entry: SiteEntry, admitted: Admitted, *, instead: SiteEntry | None = None
) -> Draft:
    """Return the draft with a package at the end of the ecosystem `name`, in the place of one that was there.

    A package of a release that is withdrawn is so, too, whenever it comes.
    """
    told = entry if instead else as_released(draft.state.withdrawn, entry)
    came = Came(told, admitted.lines)
    return replace(
        draft,
        files=(*draft.files, *admitted.files),
        came={**draft.came, name: {**draft.came.get(name, {}), entry.path: came}},
        replaced=draft.replaced | {instead.path} if instead else draft.replaced,
    )
