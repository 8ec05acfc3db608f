"""Documents about a release, in its folder and in its manifest: what it is made of, and by whom."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from builder.errors import OutputError
from builder.release import folder as folders
from builder.release.manifest import DocumentKind, DocumentSummary
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from builder.release.folder import Claim
    from builder.release.manifest import Manifest


class ReleaseDocument(msgspec.Struct, frozen=True):
    """A document that has been made."""

    file: str
    kind: DocumentKind
    data: bytes

    @property
    def summary(self) -> DocumentSummary:
        """What the manifest says of it."""
        return DocumentSummary(self.file, self.kind, len(self.data), hashlib.sha256(self.data).hexdigest())


def described(
    manifest: Manifest, made: Sequence[ReleaseDocument], *, dropped: Collection[DocumentKind] = ()
) -> Manifest:
    """Return the manifest with the documents `made`: of their kinds these alone, and none that is dropped.

    Raises OutputError where one has the name of another file of the release.
    """
    replaced = {one.kind for one in made} | {*dropped}
    kept = [one for one in manifest.documents if one.kind not in replaced]
    after = sorted([*kept, *(one.summary for one in made)], key=lambda one: one.file)
    try:
        return replace(manifest, documents=tuple(after))
    except ValueError as error:
        raise OutputError(f"{error}: a recipe makes a file of that name", hint="rename that one") from None


def attach(
    claim: Claim, made: Sequence[ReleaseDocument], *, dropped: Collection[DocumentKind] = ()
) -> Manifest:
    """Make the release in a claimed folder have the documents `made`, and return its manifest.

    It is the one that `described` gives. Raises OutputError: where the folder holds no release, a file of
    such a name is there that is not ours, or it cannot be written.
    """
    previous = required(claim)
    after = described(previous, made, dropped=dropped)
    folders.refuse_strangers(claim.folder, {one.file: one.summary.sha256 for one in made}, previous)
    changed = {one.file: one.data for one in made if not holds(claim.folder / one.file, one.data)}
    if changed or after != previous:
        folders.amend(claim, changed, after)
    return after


def required(claim: Claim) -> Manifest:
    """Return the release that a claimed folder holds; raise OutputError where it holds none."""
    if claim.previous is None:
        raise OutputError(f"{claim.folder}: holds no release", hint="build one first: trustpack build")
    return claim.previous


def read(folder: Path, document: DocumentSummary) -> bytes:
    """Return a document's bytes; raise OutputError where they are not those that the manifest describes."""
    path = folder / document.file
    hint = "make it again: trustpack attest"
    try:
        data = files.read(path, files.PACKAGE_BYTES)
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror or error}", hint=hint) from None
    if hashlib.sha256(data).hexdigest() != document.sha256:
        raise OutputError(f"{path}: is not what the manifest describes", hint=hint)
    return data


def holds(path: Path, data: bytes) -> bool:
    """Tell whether that is a file's content."""
    try:
        return files.read(path, files.PACKAGE_BYTES) == data
    except OSError:
        return False
