"""A site becomes one tar file, for machines that no network reaches: the same bytes for the same site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.errors import SiteError
from builder.formats import tar
from builder.release import atomic
from builder.repositories import remote
from builder.repositories.stores import FolderStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.repositories.publication import StatusOpener
    from builder.repositories.remote import Remote


class Exported(msgspec.Struct, frozen=True):
    """What the archive holds: how many files, and which publication."""

    files: int
    counter: int


def export(folder: Path, target: Path, keys: StatusOpener | None) -> Exported:
    """Write every file of the site in `folder` into the tar file `target`, and none of others.

    Raises SiteError where one is missing or changed, and then `target` is as it was, unless it is a device.
    """
    store = FolderStore(folder)
    with store.turn():
        site = remote.read(store, keys)
        if site is None:
            raise SiteError(f"{folder}: holds no site", hint="make one with 'trustpack repo build'")
        atomic.write_pieces(target, _archive(store, site))
    return Exported(len(site.files) + 1, site.status.counter)


def _archive(store: FolderStore, site: Remote) -> Iterator[bytes]:
    for path, listed in sorted({**site.files, site.own.path: site.own}.items()):
        yield tar.member(path, listed.size, site.status.time)
        yield from remote.verified(store, listed)
        yield tar.padding(listed.size)
    yield tar.END
