"""A site as it lies in a folder: its status, its list and its state, each verified by the one before it."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec

from builder.errors import SiteError
from builder.repositories import ecosystems, listing, state, status
from builder.repositories.shelf import EMPTY, Shelf
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from builder.repositories.publication import StatusOpener
    from builder.repositories.sitefile import Listed
    from builder.repositories.state import SiteState
    from builder.repositories.status import SiteStatus

_CHUNK = 64 * 1024
_RESTORE = "take it from where it is published: trustpack repo fetch URL; or from its backup"


class Site(msgspec.Struct, frozen=True):
    """What was published last into `folder`; `shelves` are its packages by ecosystem."""

    folder: Path
    status: SiteStatus
    state: SiteState
    shelves: Mapping[str, Shelf]

    @property
    def own(self) -> Listed:
        """The list, which cannot name itself."""
        return self.status.files.listed

    def shelf(self, name: str) -> Shelf:
        """Return an ecosystem's packages, none where there are none, with their lines."""
        return self.shelves.get(name, EMPTY)

    def listed(self) -> Iterator[Listed]:
        """Yield all files but the status, sorted by path: a site may have any number of them."""
        own: Listed | None = self.own
        for one in listing.rows(self._list(), str(self.folder / self.own.path)):
            if own and own.path < one.path:
                yield own
                own = None
            yield one
        if own:
            yield own

    def touched(self, paths: Iterable[str]) -> Iterator[Listed]:
        """Yield those of its files that are no packages, and those among `paths`, in any order."""
        yield self.own
        yield from listing.touched(self._list(), str(self.folder / self.own.path), paths)

    def edited(self, edits: Mapping[str, Listed | None]) -> Iterator[bytes]:
        """Yield a list of its files with these in the place of those of their paths, None for none."""
        return listing.edited(self._list(), {self.own.path: self.own, **edits})

    def _list(self) -> Iterator[bytes]:
        return chunks(self.folder, self.own)

    @property
    def files(self) -> Mapping[str, Listed]:
        """The same by their paths, all at once."""
        return {one.path: one for one in self.listed()}


def read(folder: Path, keys: StatusOpener | None) -> Site | None:
    """Return the site in `folder`, None where there is none.

    Raises SiteError where its state is missing or changed, SignatureError where another key has signed it.
    Its list and its packages are verified as they are read.
    """
    try:
        text = files.text(folder / status.STATUS, status.LIMIT)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(f"{folder / status.STATUS}: cannot be read: {error}", hint=_RESTORE) from None
    said = status.parse(text, str(folder / status.STATUS), keys)
    found = state.from_lines(chunks(folder, said.state.listed), str(folder / said.state.path))
    told = (found.organisation.slug, found.url, found.counter, found.time, found.expires)
    if told != (said.organisation, said.url, said.counter, said.time, said.expires):
        raise SiteError(
            f"{folder / said.state.path}: is not the state of which the status tells", hint=_RESTORE
        )
    return Site(folder, said, found, shelves(folder, found))


def shelves(folder: Path, found: SiteState) -> Mapping[str, Shelf]:
    """Return the packages of the site in `folder`, verified as they are read."""
    return ecosystems.shelves(found.shelves, functools.partial(chunks, folder))


def chunks(folder: Path, listed: Listed) -> Iterator[bytes]:
    """Yield a file of the site; raise SiteError, at its end, if it is not what the list says.

    A `size` below 0 is not known.
    """
    path, digest, size = folder / listed.path, hashlib.sha256(), 0
    try:
        with files.opened(path) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                yield chunk
    except OSError as error:
        raise _unreadable(path, error) from None
    if digest.hexdigest() != listed.sha256 or listed.size not in {size, -1}:
        raise SiteError(f"{path}: is not what the site's list says", hint=_RESTORE)


def _unreadable(path: Path, error: OSError) -> SiteError:
    return SiteError(f"{path}: cannot be read: {error.strerror or error}", hint=_RESTORE)


def missing(site: Site) -> Iterator[str]:
    """Yield the listed files that are not there, sorted."""
    root = str(site.folder)
    for one in site.listed():
        try:
            # Neither a Path for each nor the names of a folder, which may be as many as there are packages.
            os.lstat(f"{root}/{one.path}")
        except OSError:
            yield one.path
