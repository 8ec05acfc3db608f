"""A finished release, as its folder holds it, comes into a draft."""

from __future__ import annotations

import bisect
import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from builder import inspect
from builder.errors import NotAPackageError, SiteError
from builder.model import Release
from builder.release.manifest import PROOFS
from builder.repositories import displacing
from builder.repositories import draft as drafts
from builder.repositories.accompany import accompanied
from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.ecosystems import files as downloads
from builder.repositories.entry import Released
from builder.repositories.front import PROOF
from builder.repositories.page.proof import table
from builder.repositories.page.view import ProofTable
from builder.repositories.sitefile import Kind, SiteFile
from builder.repositories.state import OURS, PublishedRelease
from builder.signing import finished
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from builder.release.manifest import Manifest
    from builder.repositories.draft import Draft
    from builder.repositories.publication import Publication

_USUAL = ("", "active")
_BUNDLE = "roots.pem"  # what every package calls the file of all its roots


def release(draft: Draft, folder: Path, publication: Publication) -> Draft:
    """Return the draft with the release in `folder`, or as it was if it has all of that release.

    Raises OutputError or SiteError where the folder holds no whole release, or another organisation's.
    """
    manifest = finished.described(folder)
    owner = draft.state.organisation.slug
    if manifest.organisation != owner:
        raise SiteError(
            f"{folder}: is a release of {manifest.organisation}, and the site is {owner}'s",
            hint="one site, one organisation: choose another folder with --out",
        )
    data = finished.artifacts(folder, manifest)
    takers = _takers(manifest, data)
    for entry in manifest.artifacts:
        beside = tuple(
            (other.file, data[other.file])
            for other in manifest.artifacts
            if other.target == entry.target and other is not entry
        )
        released = Released(
            manifest.release, entry.file, data[entry.file], entry.identity, manifest.epoch, beside
        )
        for name in takers[entry.file]:
            draft = drafts.admit(draft, name, released, publication)
    described = _described(draft, manifest, data, publication)
    return _with_proof(accompanied(described, folder, manifest), folder)


def _takers(manifest: Manifest, data: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Return which ecosystems take each file.

    What no package manager takes is a plain download; but not what lies beside a package of its target.
    """
    found = {
        entry.file: _ecosystems(entry.file, data[entry.file], manifest.organisation)
        for entry in manifest.artifacts
    }
    taken = {entry.target for entry in manifest.artifacts if found[entry.file]}
    left = (entry.file for entry in manifest.artifacts if entry.target not in taken)
    return found | {file: [downloads.NAME] for file in left}


def _ecosystems(name: str, data: bytes, slug: str) -> list[str]:
    """Return the ecosystems that take a file, by its format."""
    try:
        package = inspect.unpack(name, data)
    except NotAPackageError:
        return []
    displacing.refuse(name, package, slug)
    kind = package.format
    return [one.NAME for one in ECOSYSTEMS.values() if kind == one.FORMAT]


def _with_proof(draft: Draft, folder: Path) -> Draft:
    """Return the draft with the proof that lies beside the release; a build removes another release's."""
    path = folder / PROOFS[0]
    try:
        found = table(files.read(path), str(path))
    except FileNotFoundError:
        return draft
    except OSError as error:
        raise SiteError(f"{path}: cannot be read: {error.strerror or error}") from None
    kept = draft.state.remembered.get(PROOF)
    before = msgspec.convert(kept, ProofTable) if kept else None
    if before and before == replace(found, when=before.when):
        return draft  # a job that proves the same each hour has nothing new to publish
    remembered = {**draft.state.remembered, PROOF: msgspec.to_builtins(found)}
    return replace(draft, state=replace(draft.state, remembered=remembered))


def _described(draft: Draft, manifest: Manifest, data: dict[str, bytes], publication: Publication) -> Draft:
    state = draft.state
    if any(one.release == manifest.release for one in state.releases):
        return draft
    bundle = _bundle(data)
    path = f"{OURS}/bundles/{hashlib.sha256(bundle).hexdigest()}.pem"
    told = PublishedRelease(
        release=manifest.release,
        epoch=manifest.epoch,
        added=publication.time,
        certificates=tuple(one.sha256 for one in manifest.certificates),
        distrusted=tuple(one.sha256 for one in manifest.distrusted),
        states={one.sha256: one.state for one in manifest.certificates if one.state not in _USUAL},
        bundle=path if bundle else "",
        domains={entry.target: entry.domains for entry in manifest.artifacts if entry.domains},
    )
    blocked = tuple(replace(one, state="distrusted") for one in manifest.distrusted)
    named = {one.sha256: one for one in (*manifest.certificates, *blocked)}
    releases = list(state.releases)  # in the order of their numbers
    bisect.insort(releases, told, key=lambda one: Release(one.release).numbers)
    newest = releases[-1] is told
    # What is said of a CA, its newest release says.
    authorities = {**state.authorities, **named} if newest else {**named, **state.authorities}
    return replace(
        draft,
        state=replace(state, releases=tuple(releases), authorities=authorities),
        files=(*draft.files, SiteFile(path, Kind.BLOB, bundle)) if bundle else draft.files,
    )


def _bundle(data: dict[str, bytes]) -> bytes:
    """Return the release's roots in PEM, out of the first package that has them; empty where none has."""
    for name, content in data.items():
        try:
            package = inspect.unpack(name, content)
        except NotAPackageError:
            continue
        for entry in package.entries:
            if entry.path.rsplit("/", 1)[-1] == _BUNDLE or package.format == "pem":
                return entry.data
    return b""
