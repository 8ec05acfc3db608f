"""Packages whose own signature nobody could verify any more, or that have none yet, are signed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder.errors import SiteError
from builder.repositories.draft import entry_of, put
from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.entry import Released
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.repositories.draft import Draft
    from builder.repositories.entry import SiteEntry
    from builder.repositories.publication import Publication


def resigned(
    draft: Draft, publication: Publication, *, progress: Callable[[str], None] = lambda _: None
) -> Draft:
    """Return the draft with every package signed by a key that clients get from the site.

    What a package holds stays the same, and so does its name: a signature comes, or takes another's place.
    """
    if publication.keys is None or draft.site is None:
        return draft
    folder = draft.site.folder
    known = {*publication.keys.certificates, *publication.keys.apk_keys}
    new = {file.path for file in draft.files}
    for name, ecosystem in ECOSYSTEMS.items():
        shelf = draft.shelf(name)
        if not ecosystem.SIGNS or shelf.stock.signers <= known:
            continue
        for entry in shelf.entries:
            if entry.signer not in known and entry.path not in new:
                progress(entry.path)
                draft = _resigned(draft, folder, name, entry, publication)
    return draft


def _resigned(draft: Draft, folder: Path, name: str, entry: SiteEntry, publication: Publication) -> Draft:
    data = _published(folder, entry)
    released = Released(entry.release, entry.path.rsplit("/", 1)[-1], data, entry.identity, entry.added)
    admitted = ECOSYSTEMS[name].admit(released, publication)
    found = entry_of(name, released, admitted, publication)
    again = replace(found, added=entry.added, withdrawn=entry.withdrawn, withdrawn_at=entry.withdrawn_at)
    return put(draft, name, again, admitted, instead=entry)


def _published(folder: Path, entry: SiteEntry) -> bytes:
    path = folder / entry.path
    try:
        data = files.read(path, files.PACKAGE_BYTES)
    except OSError as error:
        raise SiteError(f"{path}: cannot be read: {error.strerror or error}") from None
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise SiteError(
            f"{path}: is not the package that the site's state names",
            hint="'trustpack repo check' lists what differs",
        )
    return data
