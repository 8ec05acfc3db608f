"""A published site comes into a folder, so that releases can be added to it where none of the others are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.errors import SiteError
from builder.repositories import records, remote, status
from builder.repositories.difference import difference
from builder.repositories.staging import stage
from builder.repositories.stores import JOURNAL, Action, FolderStore, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from builder.repositories.publication import StatusOpener
    from builder.repositories.records import SeenSite
    from builder.repositories.remote import Remote
    from builder.repositories.sitefile import Listed
    from builder.repositories.staging import StagingArea
    from builder.repositories.status import SiteStatus
    from builder.repositories.stores import Content, SiteReader, Turn

_TRIES = 3  # to read a site between two publications
_OTHER = "fetch into another folder, and add there what only this one has"


class Fetched(msgspec.Struct, frozen=True):
    """What came: the site's status and the paths that were written, in this order.

    `stale` are indexes that are not what the list says, as a publication that has not ended leaves them: they
    are not taken, and the next publication makes them anew.
    """

    status: SiteStatus
    written: tuple[str, ...]
    removed: tuple[str, ...]
    stale: tuple[str, ...]


def fetch(
    reader: SiteReader,
    folder: Path,
    keys: StatusOpener | None,
    *,
    organisation: str = "",
    seen: SeenSite | None = None,
    tell: Callable[[Action], None] = lambda _: None,
) -> Fetched:
    """Take the site that `reader` finds into `folder`, which may have an earlier publication of it.

    `organisation` is whose it must be (empty: anybody's), `seen` what it must follow.
    Raises SiteError or SignatureError, with the folder's site as it was, for what is not that.
    """
    store = FolderStore(folder)
    with store.turn() as turn:
        for _ in range(_TRIES):
            there = _there(reader, keys, organisation=organisation, seen=seen)
            done = _take(reader, there, store, folder, keys, turn=turn, tell=tell)
            if not done.stale or reader.read(status.STATUS, status.LIMIT) == there.text:
                break
        if done.stale:
            # So that who publishes next writes them.
            store.put(JOURNAL, msgspec.json.encode(done.stale), there.own.kind)
    return done


def _there(
    reader: SiteReader, keys: StatusOpener | None, *, organisation: str, seen: SeenSite | None
) -> Remote:
    found = remote.read(reader, keys)
    if found is None:
        raise SiteError(f"{reader.name}: holds no site", hint="make the first one: trustpack repo build")
    said = found.status
    if organisation and said.organisation != organisation:
        raise SiteError(f"{reader.name}: is the site of {said.organisation}, not of {organisation}")
    if seen is not None:
        records.refuse_other(reader.name, said, seen, lambda: found.state.lineage)
    return found


def _take(
    reader: SiteReader,
    there: Remote,
    store: FolderStore,
    folder: Path,
    keys: StatusOpener | None,
    *,
    turn: Turn,
    tell: Callable[[Action], None],
) -> Fetched:
    here = _here(store, there, keys)
    before = _before(store, here, there)
    missing = [listed for path, listed in there.files.items() if before.get(path) != listed]
    with stage(folder) as staging:
        stale = _gather(reader, missing, staging)
        found: list[tuple[Listed, Content]] = [
            (one, _later(reader, one)) for one in missing if one.kind.immutable
        ]
        found += [(one.listed, one.content) for one in staging.files.values()]
        found.append((there.own, there.text))
        changes = difference(
            store, before=before, candidates=found, after={*there.files, status.STATUS} - {*stale}
        )
        publish(store, changes, turn, tell=tell)
    written = tuple(write.path for write in changes.ordered)
    return Fetched(there.status, written, changes.removals, stale)


def _here(store: FolderStore, there: Remote, keys: StatusOpener | None) -> Mapping[str, Listed]:
    """Return the files of the folder's own site; raise SiteError where it is not what `there` follows.

    Of a damaged one the status is enough: it is made whole.
    """
    try:
        text = store.read(status.STATUS, status.LIMIT)
    except FileNotFoundError:
        return {}
    said = status.parse(text.decode("utf-8", "replace"), f"{store.name}/{status.STATUS}", keys)
    if said.organisation != there.status.organisation:
        raise SiteError(
            f"{store.name}: is the site of {said.organisation}", hint="fetch into another folder: --out"
        )
    if said.counter > there.status.counter:
        raise SiteError(
            f"{store.name}: has publication {said.counter}, and the other site {there.status.counter}",
            hint=f"push this one; or, if it is not wanted, {_OTHER}",
        )
    if text != there.text and not there.follows(said.mark):
        raise SiteError(
            f"{store.name}: has a publication {said.counter} that what is to be fetched does not follow",
            hint=_OTHER,
        )
    files = {path: msgspec.structs.replace(one, size=-1) for path, one in there.files.items()}
    try:
        found = remote.read(store, keys)
    except SiteError:
        return {**files, status.STATUS: remote.own(text)}
    return {**files, **found.files, status.STATUS: found.own} if found else files


def _before(store: FolderStore, here: Mapping[str, Listed], there: Remote) -> dict[str, Listed]:
    """Return what is in the folder: of the files that are to be there, by their content and no list."""
    found = dict(here)
    for path, listed in there.files.items():
        try:
            for _ in remote.verified(store, listed):
                pass
        except SiteError:
            if path in found:
                found[path] = msgspec.structs.replace(listed, size=-1)
        else:
            found[path] = listed
    return found


def _gather(reader: SiteReader, missing: list[Listed], staging: StagingArea) -> tuple[str, ...]:
    """Take the indexes among what is missing; return those that are not what the list says."""
    stale = []
    for listed in missing:
        if listed.kind.immutable:
            continue
        try:
            staging.put(listed.path, listed.kind, remote.verified(reader, listed))
        except SiteError:
            stale.append(listed.path)
    return tuple(stale)


def _later(reader: SiteReader, listed: Listed) -> Content:
    return lambda: remote.verified(reader, listed)
