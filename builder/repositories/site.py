"""A site as it lies in a folder: its status, its list and its state, each verified by the one before it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec

from builder.errors import SiteError
from builder.repositories import listing, state, status
from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.entry import Shelf
from builder.repositories.sitefile import Kind, Listed
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from builder.repositories.publication import StatusOpener
    from builder.repositories.state import SiteState
    from builder.repositories.status import SiteStatus

_STATE_BYTES = 1024 * 1024 * 1024
_CHUNK = 256 * 1024
_RESTORE = "take it from where it is published: trustpack repo fetch URL; or from its backup"


class Site(msgspec.Struct, frozen=True):
    """What was published last into `folder`: `files` are all but the status, by path."""

    folder: Path
    status: SiteStatus
    state: SiteState
    files: Mapping[str, Listed]

    def shelf(self, name: str) -> Shelf:
        """Return an ecosystem's packages, none where there are none, with their lines."""
        kept = self.state.shelves.get(name)
        if kept is None:
            return Shelf((), (), lambda _: ())
        # In the ecosystem's order, which lengths have too: a state's own is the alphabet's.
        texts = ECOSYSTEMS[name].TEXTS
        return Shelf(kept.entries, texts, lambda text: chunks(self.folder, kept.texts[text]))


def read(folder: Path, keys: StatusOpener | None) -> Site | None:
    """Return the site in `folder`, None where there is none.

    Raises SiteError where one of its own files is missing or changed, SignatureError where another key has
    signed it.
    """
    try:
        text = files.text(folder / status.STATUS, status.LIMIT)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(f"{folder / status.STATUS}: cannot be read: {error}", hint=_RESTORE) from None
    said = status.parse(text, str(folder / status.STATUS), keys)
    listed = listing.parse(_verified(folder, said.files), str(folder / said.files.path))
    found = state.from_json(_verified(folder, said.state), str(folder / said.state.path))
    told = (found.organisation.slug, found.url, found.counter, found.time, found.expires)
    if told != (said.organisation, said.url, said.counter, said.time, said.expires):
        raise SiteError(
            f"{folder / said.state.path}: is not the state of which the status tells", hint=_RESTORE
        )
    for kept in found.shelves.values():
        for text_file in kept.texts.values():
            if listed.get(text_file.path) != text_file:
                raise SiteError(f"{folder / text_file.path}: is not in the site's list", hint=_RESTORE)
    # The list cannot name itself.
    own = Listed(said.files.path, Kind.HASHED, (folder / said.files.path).stat().st_size, said.files.sha256)
    return Site(folder, said, found, {**listed, own.path: own})


def _verified(folder: Path, wanted: status.Reference) -> bytes:
    path = folder / wanted.path
    try:
        data = files.read(path, _STATE_BYTES)
    except OSError as error:
        raise SiteError(f"{path}: cannot be read: {error.strerror or error}", hint=_RESTORE) from None
    if hashlib.sha256(data).hexdigest() != wanted.sha256:
        raise SiteError(f"{path}: is not the file that the status names", hint=_RESTORE)
    return data


def chunks(folder: Path, listed: Listed) -> Iterator[bytes]:
    """Yield a file of the site; raise SiteError, at its end, if it is not what the list says."""
    path, digest, size = folder / listed.path, hashlib.sha256(), 0
    try:
        with files.opened(path) as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                yield chunk
    except OSError as error:
        raise SiteError(f"{path}: cannot be read: {error.strerror or error}", hint=_RESTORE) from None
    if (size, digest.hexdigest()) != (listed.size, listed.sha256):
        raise SiteError(f"{path}: is not what the site's list says", hint=_RESTORE)


def missing(site: Site) -> Iterable[str]:
    """Return the listed files that are not there, sorted; each folder is looked into once."""
    there: set[str] = set()
    for parent in {path.rpartition("/")[0] for path in site.files}:
        prefix = f"{parent}/" if parent else ""
        with contextlib.suppress(OSError):
            names = os.listdir(site.folder / parent)  # noqa: PTH208  a Path for each would cost more
            there.update([prefix + name for name in names])
    return sorted(site.files.keys() - there)
