"""A draft becomes a site: every index, page and list follows from its state, its kept lines and its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from builder.repositories import first_install, front, listing, maker, state, status
from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.entry import Shelf
from builder.repositories.page import FirstInstall
from builder.repositories.site import chunks
from builder.repositories.sitefile import Kind
from builder.repositories.state import OURS, KeptShelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from builder.repositories.draft import Draft
    from builder.repositories.publication import Publication
    from builder.repositories.sitefile import Listed
    from builder.repositories.staging import StagingArea

# For how many further publications what they have replaced stays there: clients that have read the pointers
# before still come for it, as zypper does, and a mirror may be in the middle of a copy.
GRACE = 2
_REMEMBERED = 500  # publications: one a week for ten years


class Derived(msgspec.Struct, frozen=True):
    """What the site is to hold: all its files but the status by path, and the state that they follow from."""

    files: Mapping[str, Listed]
    state: state.SiteState


def derive(
    draft: Draft,
    publication: Publication,
    stage: StagingArea,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Derived:
    """Put every file of the site that is not there yet into `stage`, and return what the site is to hold."""
    shelves = {}
    wanted = draft.state.paths()
    for file in draft.files:
        if file.path in wanted:
            stage.put(file.path, file.kind, file.data)
    for name, ecosystem in ECOSYSTEMS.items():
        kept = shelves[name] = _keep(name, draft.shelf(name), stage)
        if kept.entries:
            ecosystem.index(_opened(kept, stage), publication, stage)
            progress(name)
    found = replace(
        draft.state,
        shelves={name: shelf for name, shelf in shelves.items() if shelf.entries},
        url=publication.url,
        counter=publication.counter,
        time=publication.time,
        expires=publication.expires,
        architectures=publication.architectures,
        made_by=maker.name(),
    )
    _keys(publication, stage)
    bundle = _bundle(draft, found, stage)
    opened = {name: _opened(kept, stage) for name, kept in found.shelves.items()}
    install = _first_install(found, publication, stage)
    front.put(found, opened, publication, stage, bundle=bundle, first_install=install)
    return _listed(draft, found, publication, stage)


def _keep(name: str, shelf: Shelf, stage: StagingArea) -> KeptShelf:
    """Keep the lines of an ecosystem's packages, each text in a file of its own."""
    if not shelf.entries:
        return KeptShelf()
    texts = {
        text: stage.put(f"{OURS}/kept/{name}.{text}-{{sha256}}", Kind.HASHED, shelf.open_text(text))
        for text in shelf.texts
    }
    return KeptShelf(shelf.entries, texts)


def _opened(kept: KeptShelf, stage: StagingArea) -> Shelf:
    return Shelf(kept.entries, tuple(kept.texts), lambda text: stage.chunks(kept.texts[text]))


def _keys(publication: Publication, stage: StagingArea) -> None:
    """Put the public keys where people and clients look for them."""
    if publication.keys is None:
        return
    stage.put(f"{publication.organisation.slug}.asc", Kind.LEAF, publication.keys.certificate)
    for name, key in publication.keys.apk_keys.items():
        stage.put(name, Kind.LEAF, key)


def _first_install(
    found: state.SiteState, publication: Publication, stage: StagingArea
) -> FirstInstall | None:
    """Put the script for a first install, where the site can have one; return what people are told of it."""
    shelves = {name: shelf.entries for name, shelf in found.shelves.items()}
    script = first_install.script(publication, shelves)
    if not script:
        return None
    listed = stage.put(first_install.NAME, Kind.LEAF, script)
    command = first_install.command(publication.url, listed.sha256)
    return FirstInstall(listed.path, listed.sha256, command)


def _bundle(draft: Draft, found: state.SiteState, stage: StagingArea) -> Listed | None:
    """Put the newest release's roots where nobody needs to know which release that is."""
    path = next((one.bundle for one in reversed(found.offered)), "")
    if not path:
        return None
    new = {file.path: file.data for file in draft.files}
    data: bytes | Iterable[bytes] = b""
    if path in new:
        data = new[path]
    elif draft.site:
        data = chunks(draft.site.folder, state.by_path(draft.site.files, path, str(draft.site.folder)))
    return stage.put("bundle.pem", Kind.LEAF, data)


def _listed(draft: Draft, found: state.SiteState, publication: Publication, stage: StagingArea) -> Derived:
    """Put state, list and status; a file that nobody needs any more stays for a while."""
    carried = _carried(draft, found)
    current = {path: staged.listed for path, staged in stage.files.items()}
    superseded = _superseded(draft, {**carried, **current}, publication.counter)
    found = replace(
        found,
        superseded={path: since for path, (_, since) in superseded.items()},
        lineage=(*found.lineage, draft.site.status.mark)[-_REMEMBERED:] if draft.site else (),
    )
    old = {path: listed for path, (listed, _) in superseded.items()}
    own = stage.put(f"{OURS}/state-{{sha256}}.json", Kind.HASHED, state.to_json(found))
    every = {**old, **carried, **current, own.path: own}
    listed = stage.put(f"{OURS}/files-{{sha256}}.txt", Kind.HASHED, listing.chunks(every.values()))
    said = status.SiteStatus(
        organisation=found.organisation.slug,
        url=found.url,
        release=found.offered[-1].release if found.offered else "",
        counter=found.counter,
        time=found.time,
        expires=found.expires,
        files=status.Reference(listed.path, listed.sha256),
        state=status.Reference(own.path, own.sha256),
    )
    stage.put(status.STATUS, Kind.STATUS, status.to_text(said, publication.keys))
    return Derived({**every, listed.path: listed}, found)


def _carried(draft: Draft, found: state.SiteState) -> dict[str, Listed]:
    """Return the packages' files that the site has already and keeps."""
    if draft.site is None:
        return {}
    files = draft.site.files
    return {path: files[path] for path in found.paths() if path in files}


def _superseded(draft: Draft, current: Mapping[str, Listed], counter: int) -> dict[str, tuple[Listed, int]]:
    """Return the packages and hashed files that nothing leads to, each with the publication that replaced it.

    After a withdrawal none stays: what it was about must not be offered for a while longer.
    """
    if draft.site is None or draft.withdrawing:
        return {}
    since = {
        path: draft.site.state.superseded.get(path, counter)
        for path in draft.site.files.keys() - current.keys()
        if draft.site.files[path].kind.immutable
    }
    return {path: (draft.site.files[path], when) for path, when in since.items() if counter - when < GRACE}
