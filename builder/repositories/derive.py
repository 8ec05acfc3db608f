"""A draft becomes a site: every index, page and list follows from its state, its kept lines and its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from builder.inspect import constrained
from builder.repositories import first_install, front, listing, maker, state, status
from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.page import FirstInstall
from builder.repositories.shelf import ENTRIES, kept
from builder.repositories.site import chunks
from builder.repositories.sitefile import Kind, Listed
from builder.repositories.state import OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from builder.repositories.draft import Draft
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf
    from builder.repositories.staging import StagingArea

# For how many further publications what they have replaced stays there: clients that have read the pointers
# before still come for it, as zypper does, and a mirror may be in the middle of a copy.
GRACE = 2
_REMEMBERED = 500  # publications: one a week for ten years


class Derived(msgspec.Struct, frozen=True):
    """The state that a site is to have, and those files of the one before that are made anew or go.

    All others stay as they are.
    """

    state: state.SiteState
    before: Mapping[str, Listed]


def derive(
    draft: Draft,
    publication: Publication,
    stage: StagingArea,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Derived:
    """Put every file of the site that is not there yet into `stage`, and return what the site is to hold."""
    for file in draft.files:
        stage.put(file.path, file.kind, file.data)
    shelves = {}
    opened = {}
    for name, ecosystem in ECOSYSTEMS.items():
        shelf = draft.shelf(name)
        if shelf.stock.count:
            shelves[name] = _keep(name, shelf, stage)
            opened[name] = kept(shelves[name], shelf.texts, stage.chunks, counted=shelf.stock)
            ecosystem.index(opened[name], publication, stage)
            progress(name)
    found = replace(
        draft.state,
        shelves=shelves,
        url=publication.url,
        counter=publication.counter,
        time=publication.time,
        expires=publication.expires,
        architectures=publication.architectures,
        made_by=maker.name(),
        keys=tuple(publication.keys.roles.items()) if publication.keys else (),
    )
    _keys(publication, stage)
    roots = _roots(draft, found)
    bundle = stage.put("bundle.pem", Kind.LEAF, roots) if roots is not None else None
    install = _first_install(opened, publication, stage)
    limits = constrained(roots or b"")
    front.put(found, opened, publication, stage, bundle=bundle, limits=limits, first_install=install)
    return _listed(draft, found, publication, stage)


def _keep(name: str, shelf: Shelf, stage: StagingArea) -> dict[str, Listed]:
    """Keep an ecosystem's packages and their lines, each text in a file of its own."""
    return {
        text: stage.put(f"{OURS}/kept/{name}.{text}-{{sha256}}", Kind.HASHED, shelf.open_text(text))
        for text in (ENTRIES, *shelf.texts)
    }


def _keys(publication: Publication, stage: StagingArea) -> None:
    """Put the public keys where people and clients look for them."""
    if publication.keys is None:
        return
    stage.put(f"{publication.organisation.slug}.asc", Kind.LEAF, publication.keys.certificate)
    for name, key in {**publication.keys.apk_keys, **publication.keys.statement_keys}.items():
        stage.put(name, Kind.LEAF, key)


def _first_install(
    shelves: Mapping[str, Shelf], publication: Publication, stage: StagingArea
) -> FirstInstall | None:
    """Put the script for a first install, where the site can have one; return what people are told of it."""
    script = first_install.script(publication, shelves)
    if not script:
        return None
    listed = stage.put(first_install.NAME, Kind.LEAF, script)
    command = first_install.command(publication.url, listed.sha256)
    return FirstInstall(listed.path, listed.sha256, command)


def _roots(draft: Draft, found: state.SiteState) -> bytes | None:
    """Return the newest release's roots, which lie where nobody needs to know which release that is."""
    path = next((one.bundle for one in reversed(found.offered)), "")
    if not path:
        return None
    new = {file.path: file.data for file in draft.files}
    if path in new:
        return new[path]
    if not draft.site:
        return b""
    digest = path.rpartition("/")[2].removesuffix(".pem")
    return b"".join(chunks(draft.site.folder, Listed(path, Kind.BLOB, -1, digest)))


def _listed(draft: Draft, found: state.SiteState, publication: Publication, stage: StagingArea) -> Derived:
    """Put state, list and status; a file that nobody needs any more stays for a while."""
    turned = _turnover(draft, stage.files, publication.counter)
    found = replace(
        found,
        superseded=turned.superseded,
        lineage=(*found.lineage, draft.site.status.mark)[-_REMEMBERED:] if draft.site else (),
    )
    own = stage.put(f"{OURS}/state-{{sha256}}.jsonl", Kind.HASHED, state.to_lines(found))
    edits = {**dict.fromkeys(turned.before), **{path: one.listed for path, one in stage.files.items()}}
    files = draft.site.edited(edits) if draft.site else listing.edited((), edits)
    listed = stage.put(f"{OURS}/files-{{sha256}}.txt", Kind.HASHED, files)
    said = status.SiteStatus(
        organisation=found.organisation.slug,
        url=found.url,
        release=found.offered[-1].release if found.offered else "",
        counter=found.counter,
        time=found.time,
        expires=found.expires,
        files=status.Reference(listed.path, listed.sha256, listed.size),
        state=status.Reference(own.path, own.sha256, own.size),
    )
    stage.put(status.STATUS, Kind.STATUS, status.to_text(said, publication.keys))
    return Derived(found, turned.before)


class _Turnover(msgspec.Struct, frozen=True):
    """What becomes of the site's files: those of `before` are made anew or go, and all others stay.

    `superseded` are those of the latter that nothing leads to, each with the publication that replaced it.
    """

    before: Mapping[str, Listed]
    superseded: dict[str, int]


def _turnover(draft: Draft, staged: Collection[str], counter: int) -> _Turnover:
    """Return what becomes of each file: packages stay, and what nothing leads to any more does for a while.

    After a withdrawal that goes at once: what it was about must not be offered for a while longer.
    """
    before: dict[str, Listed] = {}
    superseded: dict[str, int] = {}
    if draft.site is None:
        return _Turnover(before, superseded)
    gone, left = draft.gone(), draft.site.state.superseded
    for one in draft.site.touched({*staged, *gone, *left}):
        path = one.path
        if path in staged:
            before[path] = one
        elif one.kind is not Kind.BLOB or path in gone or path in left:
            since = left.get(path, counter)
            if one.kind.immutable and not draft.withdrawing and counter - since < GRACE:
                superseded[path] = since
            else:
                before[path] = one
    return _Turnover(before, superseded)
