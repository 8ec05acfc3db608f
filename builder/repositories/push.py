"""The site in a folder comes to where it is served: what differs is written, as `publish` writes it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from builder.errors import SiteError
from builder.repositories import listing, remote, status
from builder.repositories.difference import difference
from builder.repositories.sitefile import Kind
from builder.repositories.stores import FolderStore, Write, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from builder.repositories.publication import StatusOpener
    from builder.repositories.remote import Remote
    from builder.repositories.sitefile import Listed
    from builder.repositories.stores import Action, Changes, Content, SiteReader, SiteStore, Turn

# What the store's pointers led to until the last push: it goes with the next one.
LEFT = "trustpack/left.json"
_LEFT_BYTES = 64 * 1024 * 1024
_FETCH = "take what is there first, into an empty folder, and add to it: trustpack repo fetch"


class Pushed(msgspec.Struct, frozen=True):
    """What was done, in its order; the site's counter, and where it is served."""

    actions: tuple[Action, ...]
    counter: int
    url: str


def push(
    folder: Path,
    store: SiteStore,
    keys: StatusOpener | None,
    *,
    whole: bool = False,
    dry_run: bool = False,
    tell: Callable[[Action], None] = lambda _: None,
) -> Pushed:
    """Write into `store` what it lacks of the site in `folder`; with `whole`, every file.

    Raises SiteError where the store has another organisation's site, or a publication that the folder's does
    not follow, and where one of the folder's files is missing or changed; nothing is written then.
    """
    if isinstance(store, FolderStore) and store.is_at(folder):
        raise SiteError(f"{store.name}: is the site's own folder", hint="push it to where it is served")
    with _turn(FolderStore(folder), dry_run=dry_run), _turn(store, dry_run=dry_run) as turn:
        here = _read(folder, keys)
        there = _there(store, keys)
        if there:
            _refuse_others(here, there, store.name)
            # What is not signed is not believed: it may name files that are not what it says, or not there.
            whole = whole or _is_signed(here) > _is_signed(there)
        changes = _changes(here, there, store, folder, whole=whole)
        _verify(here, folder, changes)
        if turn is not None:
            publish(store, changes, turn, tell=tell)
    return Pushed(changes.actions, here.status.counter, here.status.url)


@contextlib.contextmanager
def _turn(store: SiteStore, *, dry_run: bool) -> Iterator[Turn | None]:
    if dry_run:
        yield None
    else:
        with store.turn() as turn:
            yield turn


def _read(folder: Path, keys: StatusOpener | None) -> Remote:
    """Return the folder's site; it has been verified as one that is elsewhere is."""
    found = remote.read(FolderStore(folder), keys)
    if found is None:
        raise SiteError(f"{folder}: holds no site", hint="make one with 'trustpack repo build'")
    return found


def _there(store: SiteStore, keys: StatusOpener | None) -> Remote | None:
    """Return the store's site; one that is not signed may be followed by one that is."""
    try:
        text = store.read(status.STATUS, status.LIMIT).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    return remote.read(store, keys if status.is_signed(text) else None)


def _is_signed(found: Remote) -> bool:
    return status.is_signed(found.text.decode())


def _refuse_others(here: Remote, there: Remote, name: str) -> None:
    if there.status.organisation != here.status.organisation:
        raise SiteError(
            f"{name}: is the site of {there.status.organisation}, and this is {here.status.organisation}'s",
            hint="one site, one organisation: push it elsewhere",
        )
    if there.text != here.text and not here.follows(there.status.mark):
        raise SiteError(
            f"{name}: has publication {there.status.counter}, which this site does not follow", hint=_FETCH
        )


def _changes(here: Remote, there: Remote | None, store: SiteStore, folder: Path, *, whole: bool) -> Changes:
    files = {**here.files, status.STATUS: here.own}
    reader = FolderStore(folder)

    def content(listed: Listed) -> Content:
        # Verified as it is read: who can write into the folder could change it after we have looked at it.
        return here.text if listed.path == status.STATUS else lambda: remote.verified(reader, listed)

    found = difference(
        store,
        before={**there.files, status.STATUS: there.own} if there else {},
        candidates=((listed, content(listed)) for listed in files.values()),
        after=files.keys(),
        whole=whole,
    )
    return _leaving(found, here, there, store) if there and found else found


def _leaving(changes: Changes, here: Remote, there: Remote, store: SiteStore) -> Changes:
    """Leave what the pointers that are there lead to until the next push: who has read one comes for it.

    After a withdrawal nothing is left: what it was about must not be offered for a while longer.
    """
    removals = {*changes.removals} - {LEFT}
    if there.text == here.text:  # the push before was ended after its status; it has left what is left
        return replace(changes, removals=tuple(sorted(removals)))
    withdrawn = any(one.withdrawn_at > there.status.time for one in here.state.releases)
    needed = {path for path, one in there.files.items() if one.kind.immutable and not withdrawn}
    left, before = sorted(removals & needed), left_there(store)
    gone = (removals | before) - {*left, *here.files}
    if not left and not before:
        return replace(changes, removals=tuple(sorted(gone)))
    record = Write(LEFT, Kind.LEAF, msgspec.json.encode(left))
    return replace(changes, writes=(*changes.writes, record), removals=tuple(sorted(gone)))


def left_there(store: SiteReader) -> frozenset[str]:
    """Return the files that the last push has left in a store, for who has read the publication before.

    What remembers them is not signed.
    """
    try:
        found = msgspec.json.decode(store.read(LEFT, _LEFT_BYTES), type=frozenset[str])
    except (FileNotFoundError, msgspec.DecodeError):
        return frozenset()
    return frozenset(filter(listing.holds, found))


def _verify(here: Remote, folder: Path, changes: Changes) -> None:
    """Raise SiteError where a file that is to be written is missing or changed."""
    reader = FolderStore(folder)
    for write in changes.writes:
        if write.path in here.files:
            for _ in remote.verified(reader, here.files[write.path]):
                pass
