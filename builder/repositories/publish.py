"""A change to the site in a folder: read it, change it, derive all of it, write what differs."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from builder.errors import ConfigError, SiteError
from builder.repositories import change, take
from builder.repositories import site as sites
from builder.repositories.accompany import resealed
from builder.repositories.derive import derive
from builder.repositories.difference import difference
from builder.repositories.draft import Draft
from builder.repositories.publication import Publication
from builder.repositories.resign import resigned
from builder.repositories.staging import stage
from builder.repositories.state import SiteState
from builder.repositories.stores import FolderStore, publish, unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence
    from pathlib import Path

    from builder.model import Organisation
    from builder.repositories.publication import SiteKeys
    from builder.repositories.site import Site
    from builder.repositories.stores import Turn

_DRIFT = 5  # seconds by which two publications in one second may bring a site's clock ahead of ours


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a command is about: the site in `folder`, and what its next publication says.

    `url` is where it is served, without a slash at the end (empty: where the site says), `now` in seconds
    since 1970, `valid` the days for which what is signed counts, `keep` how many releases stay (None: all).
    """

    folder: Path
    organisation: Organisation
    url: str
    now: int
    valid: int
    keep: int | None
    architectures: tuple[str, ...]
    keys: SiteKeys | None

    @property
    def unsigned(self) -> bool:
        """Whether nothing is to be signed."""
        return self.keys is None


class Published(msgspec.Struct, frozen=True):
    """What became of it: the site's state, how many files were written and removed, and what they were."""

    state: SiteState
    written: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether anything was."""
        return bool(self.written or self.removed)


def build(
    order: Order,
    releases: Sequence[Path],
    *,
    only: bool = False,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Published:
    """Put the releases in these folders on the site, and make it where there is none.

    With `only` there must be one. Nothing is written where the site has all of them already.
    """

    def taking(draft: Draft, publication: Publication) -> Draft:
        for folder in releases:
            progress(str(folder))
            draft = take.release(draft, folder, publication)
        return change.keep(draft, order.keep)

    return _publish(order, taking, new=not only, dry_run=dry_run, progress=progress)


def retire(
    order: Order,
    release: str,
    reason: str,
    *,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Published:
    """Withdraw a release of the site; raises ReleaseError for the newest, and for one that it has not."""

    def withdrawing(draft: Draft, publication: Publication) -> Draft:
        return change.withdraw(draft, release, reason=reason, time=publication.time)

    return _publish(order, withdrawing, dry_run=dry_run, progress=progress)


def refresh(
    order: Order, *, dry_run: bool = False, progress: Callable[[str], None] = lambda _: None
) -> Published:
    """Sign the site once more, as of now; with another `url`, for where it is served from now on."""
    return _publish(order, lambda draft, _: draft, always=True, dry_run=dry_run, progress=progress)


def sign(
    order: Order, *, dry_run: bool = False, progress: Callable[[str], None] = lambda _: None
) -> Published:
    """Sign a site that was built without keys, its packages too; raises SiteError for one that is signed."""
    return _publish(
        order, lambda draft, _: draft, signed=False, always=True, dry_run=dry_run, progress=progress
    )


def _publish(
    order: Order,
    apply: Callable[[Draft, Publication], Draft],
    *,
    new: bool = False,
    signed: bool = True,
    always: bool = False,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Published:
    with _turn(order.folder, new=new, dry_run=dry_run) as turn:
        site = _read(order, order.keys if signed else None, new=new)
        publication = _publication(order, site)
        known = site.state if site else SiteState(organisation=order.organisation, url=publication.url)
        before = Draft(site, replace(known, organisation=order.organisation))
        draft = change.with_repository_package(apply(before, publication), publication)
        draft = change.with_first_install(draft, publication)
        draft = resealed(resigned(draft, publication, progress=progress), publication, progress=progress)
        store = FolderStore(order.folder)
        if site and not always and not unfinished(store) and not _differs(draft, site, publication):
            return Published(site.state, (), ())
        with stage(_existing(order.folder)) as staging:
            derived = derive(draft, publication, staging, progress=progress)
            stay = _untouched(site, derived.before, unfinished(store))
            changes = difference(
                store,
                before=derived.before,
                candidates=((one.listed, one.content) for one in staging.files.values()),
                after={*staging.files, *stay},
            )
            if turn is not None:
                publish(store, changes, turn)
    return Published(derived.state, tuple(one.path for one in changes.ordered), changes.removals)


def _untouched(site: Site | None, turned: Container[str], doubtful: Container[str]) -> Iterator[str]:
    """Yield those of the doubtful files that stay on the site as they are."""
    if site and doubtful:
        yield from (one.path for one in site.listed() if one.path in doubtful and one.path not in turned)


@contextlib.contextmanager
def _turn(folder: Path, *, new: bool, dry_run: bool) -> Iterator[Turn | None]:
    """Keep other processes from changing the site; None where nothing is to be written."""
    if not folder.is_dir() and not new:
        raise _none(folder)
    if dry_run:
        yield None
        return
    with FolderStore(folder).turn() as turn:
        yield turn


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there: on the same disk, where it may be."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())


def _none(folder: Path) -> SiteError:
    return SiteError(
        f"{folder}: holds no site",
        hint="make one with 'trustpack repo build', or take the published one: trustpack repo fetch URL",
    )


def _read(order: Order, keys: SiteKeys | None, *, new: bool) -> Site | None:
    site = sites.read(order.folder, keys)
    if site is None:
        if not new:
            raise _none(order.folder)
        return None
    if site.state.organisation.slug != order.organisation.slug:
        raise SiteError(
            f"{order.folder}: is the site of {site.state.organisation.slug}",
            hint="one site, one organisation: choose another folder",
        )
    half = unfinished(FolderStore(order.folder))  # which is made whole now
    if gone := [path for path in sites.missing(site) if path not in half]:
        more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        raise SiteError(
            f"{order.folder}: {gone[0]}{more} of the site's files are missing",
            hint="take the site from where it is published: trustpack repo fetch URL",
        )
    return site


def _publication(order: Order, site: Site | None) -> Publication:
    before = site.state.time if site else 0
    if order.now < before - _DRIFT:
        raise SiteError(
            f"{order.folder}: was signed at {_moment(before)}, and the clock says {_moment(order.now)}",
            hint="clients take no older date: set this machine's clock",
        )
    url = order.url or (site.state.url if site else "")
    if not url:
        raise ConfigError(
            "the site: where it is served is not known",
            hint="set site: in trustpack.yaml, or give --url",
        )
    if "?" in url or "#" in url or {".", "..", ""} & {*url.rstrip("/").split("/")[3:]}:
        raise ConfigError(
            f"site: {url}: no files can be below that address",
            hint="give it without ? and #, and without . or .. or two slashes in its path",
        )
    # Two publications in one second have two dates all the same.
    time = max(order.now, before + 1)
    return Publication(
        organisation=order.organisation,
        url=url.rstrip("/"),
        time=time,
        expires=time + order.valid * 86_400,
        counter=site.state.counter + 1 if site else 1,
        keys=order.keys,
        architectures=order.architectures,
    )


def _differs(draft: Draft, site: Site, publication: Publication) -> bool:
    return draft.state != site.state or bool(draft.files) or publication.url != site.state.url


def _moment(time: int) -> str:
    return f"{dt.datetime.fromtimestamp(time, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
