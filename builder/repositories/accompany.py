"""A release's documents come to the site with it, and their envelopes are signed by keys that it has."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from builder.errors import SiteError
from builder.release import documents
from builder.release.manifest import DocumentKind  # noqa: TC001  msgspec reads annotations
from builder.repositories.sitefile import Kind, SiteFile
from builder.repositories.state import OURS, PublishedDocument
from builder.signing import dsse
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from builder.release.manifest import Manifest
    from builder.repositories.draft import Draft
    from builder.repositories.publication import Publication


def accompanied(draft: Draft, folder: Path, manifest: Manifest) -> Draft:
    """Return the draft with the documents of the release in `folder`, instead of those that it has of it.

    A release that comes without any keeps those that it has. Raises OutputError where one is not what the
    manifest describes, and SignatureError for what is no envelope.
    """
    if not manifest.documents:
        return draft
    came = [_Document(one.kind, one.file, documents.read(folder, one)) for one in manifest.documents]
    return _with(draft, {manifest.release: tuple(one.told for one in came)}, came)


def resealed(draft: Draft, publication: Publication, *, progress: Callable[[str], None]) -> Draft:
    """Return the draft with every envelope signed by a key that the site has: what it says stays the same.

    Raises SiteError where one cannot be read, and what a key raises.
    """
    keys = publication.keys
    if keys is None or not keys.statement_keys:
        return draft
    known = dsse.known(keys.statement_keys.values())
    told: dict[str, tuple[PublishedDocument, ...]] = {}
    came: list[_Document] = []
    for release in draft.state.releases:
        envelopes = (one for one in release.documents if one.kind == "envelope")
        strange = [one for one in envelopes if not {*one.signers} <= {*known}]
        for one in strange:
            progress(one.path)
            payload = dsse.read(_content(draft, one), one.path).payload
            came.append(_Document("envelope", one.file, keys.seal(payload)))
            kept = tuple(other for other in release.documents if other is not one)
            told[release.release] = (*kept, came[-1].told)
    return _with(draft, told, came) if told else draft


class _Document(msgspec.Struct, frozen=True):
    kind: DocumentKind
    file: str
    data: bytes

    @property
    def told(self) -> PublishedDocument:
        path = f"{OURS}/documents/{hashlib.sha256(self.data).hexdigest()}/{self.file}"
        signers = dsse.signers(self.data, self.file) if self.kind == "envelope" else ()
        return PublishedDocument(self.kind, path, tuple(signers))


def _with(
    draft: Draft, told: Mapping[str, tuple[PublishedDocument, ...]], came: Iterable[_Document]
) -> Draft:
    """Return the draft whose releases have these documents; `came` are those whose content is at hand."""
    releases = tuple(
        replace(one, documents=told[one.release]) if one.release in told else one
        for one in draft.state.releases
    )
    if releases == draft.state.releases:
        return draft
    before = {path for one in draft.state.releases for path in one.paths}
    stay = {path for one in releases for path in one.paths}
    files = [SiteFile(one.told.path, Kind.BLOB, one.data) for one in came if one.told.path not in before]
    # What came in this very publication, and was sealed anew, never gets there.
    kept = tuple(file for file in draft.files if file.path in stay or file.path not in before)
    return replace(draft, state=replace(draft.state, releases=releases), files=(*kept, *files))


def _content(draft: Draft, document: PublishedDocument) -> bytes:
    """Return a document's bytes: it came just now, or lies on the site."""
    for file in draft.files:
        if file.path == document.path:
            return file.data
    path = draft.site.folder / document.path if draft.site else Path(document.path)
    try:
        data = files.read(path, files.PACKAGE_BYTES)
    except OSError as error:
        raise SiteError(f"{path}: cannot be read: {error.strerror or error}") from None
    if hashlib.sha256(data).hexdigest() != document.sha256:
        hint = "'trustpack repo check' lists what differs"
        raise SiteError(f"{path}: is not the document that the site's state names", hint=hint)
    return data
