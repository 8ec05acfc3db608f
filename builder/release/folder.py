"""Output: dist/ appears whole or not at all, and its manifest alone says what a release is.

Files are staged under temporary names, noted in a journal, renamed, and only then described: a failed build
takes its files back, and after an interrupted one the previous release is described and whole and the next
build clears up.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import msgspec

from builder.errors import OutputError
from builder.release.atomic import (
    absent,
    alone,
    clear_up,
    put,
    remove_empty,
    rename,
    staged,
    sync,
    unwritable,
)
from builder.release.manifest import MANIFEST, PROOFS, SUMS, FileName, read_manifest, to_json
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.model import Artifact
    from builder.release.manifest import Manifest

_JOURNAL = ".trustpack-journal.json"
_BUSY = "another build is writing here"
_WHATEVER = ""  # in the journal: a file that was described is ours, even if it was changed


class _ProvenArtifact(TypedDict):
    file: str
    sha256: str


class _Proof(msgspec.Struct):
    """What of a proof.json tells that `trustpack prove` wrote it, and which packages it is about."""

    kind: str
    organisation: str
    release: str
    trustpack: str
    artifacts: list[_ProvenArtifact]


class Claim(msgspec.Struct, frozen=True):
    """An output folder that no other build writes to, and the release that it holds; see `claimed`."""

    folder: Path
    previous: Manifest | None
    locked: bool


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[Claim]:
    """Keep other builds out of `folder`, and read the release that it holds, once.

    What an ended run has left there is removed first, so that nobody takes it for the release's. A folder
    that is not there is made, and kept, only when something is written to it. Raises OutputError.
    """
    with contextlib.ExitStack() as stack:
        try:
            is_folder = folder.is_dir()
            if is_folder:
                stack.enter_context(alone(folder, _BUSY))
        except OSError as error:
            raise OutputError(f"{folder}: cannot be read: {error.strerror}") from error
        previous = read_manifest(folder)
        if is_folder:
            try:
                _clear_up(folder, previous)
            except OSError as error:
                raise unwritable(Path(error.filename or folder), error) from error
        yield Claim(folder, previous, is_folder)


def expect_unchanged(folder: Path, manifest: Manifest) -> None:
    """Raise OutputError if another build is writing to a folder, or has written there since it was read."""
    with contextlib.suppress(OSError), alone(folder, _BUSY):
        if read_manifest(folder) != manifest:
            raise OutputError(f"{folder}: another build has written here meanwhile", hint="run it again")


def write(claim: Claim, artifacts: Sequence[Artifact], manifest: Manifest) -> None:
    """Make a claimed folder hold what `manifest` says; remove what it held and nobody else's files.

    Raises OutputError if a file of that name is there and not ours, if another build has made the folder
    meanwhile, or it cannot be written; then it holds what it held before. And, with another message, if it
    holds the new release, but what is left of the one before cannot be removed.
    """
    folder, previous, made = claim.folder, claim.previous, absent(claim.folder)
    try:
        with contextlib.ExitStack() as stack:
            stack.callback(remove_empty, made)
            _make(folder)
            for path in made:
                sync(path.parent)
            if not claim.locked:
                stack.enter_context(alone(folder, _BUSY))
                stack.callback(remove_empty, made)  # before somebody else can have it
                if os.path.lexists(folder / MANIFEST):
                    said = "another build has written here meanwhile"
                    raise OutputError(f"{folder}: {said}", hint="run it again")
            _clear_up(folder, previous)
            refuse_strangers(folder, {one.filename: one.sha256 for one in artifacts}, previous)
            try:
                _publish(folder, artifacts, manifest, previous)
            except BaseException:
                # It may have ended before or after the new release was described; the first error is told.
                with contextlib.suppress(OSError, OutputError):
                    _clear_up(folder, read_manifest(folder))
                raise
            _tidy(folder, manifest)
    except OSError as error:
        # Of a renaming, the name that was to be.
        raise unwritable(Path(error.filename2 or error.filename or folder), error) from error


def amend(claim: Claim, changed: Mapping[str, bytes], manifest: Manifest) -> None:
    """Replace files of the claimed release, or add some, by their names, and describe it anew.

    What `manifest` describes no more is removed. Raises OutputError, which tells where some files are
    replaced, and the release is described as before: so it is after an interruption, too.
    """
    folder, previous = claim.folder, claim.previous
    known = previous.files if previous else frozenset()
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in changed.items()}
    added = {name: digests[name] for name in changed.keys() - known}
    try:
        try:
            _replace(
                folder, changed, manifest, journal=added | dict.fromkeys(known - manifest.files, _WHATEVER)
            )
        except BaseException:
            with contextlib.suppress(OSError, OutputError):  # the first error is told
                _clear_up(folder, read_manifest(folder))
            raise
        _tidy(folder, manifest)
    except OSError as error:
        failed = unwritable(Path(error.filename2 or error.filename or folder), error)
        if half := sorted(name for name in digests.keys() & known if _digest(folder / name) == digests[name]):
            raise OutputError(
                f"{failed}; {', '.join(half)}: written already, and {MANIFEST} does not say so yet",
                hint="run it again, before anybody takes the release",
            ) from error
        raise failed from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        for path in (folder, *folder.parents):
            if path.is_symlink() and not path.exists():
                hint = "make the folder that it names, or remove the link"
                raise OutputError(f"{path}: is a link that leads nowhere", hint=hint) from None
        raise


def _publish(
    folder: Path, artifacts: Sequence[Artifact], manifest: Manifest, previous: Manifest | None
) -> None:
    """Write everything; the last step of all describes the new release."""
    changed = [a for a in artifacts if _digest(folder / a.filename) != a.sha256]
    stale = previous.files - manifest.files if previous else frozenset()
    journal = {a.filename: a.sha256 for a in changed} | dict.fromkeys(stale, _WHATEVER)
    if previous is None:
        journal[SUMS] = hashlib.sha256(sums(manifest)).hexdigest()
    _replace(folder, {a.filename: a.data for a in changed}, manifest, journal=journal)


def _replace(
    folder: Path, changed: Mapping[str, bytes], manifest: Manifest, *, journal: Mapping[str, str]
) -> None:
    """Write files and what describes them: nothing is renamed before the disk has taken all of it.

    And the manifest not before the disk has the other names: for them it is asked once, not file by file.
    """
    with contextlib.ExitStack() as stack:
        new = {**changed, SUMS: sums(manifest), MANIFEST: to_json(manifest)}
        ready = {name: stack.enter_context(staged(folder / name, data)) for name, data in new.items()}
        put(folder / _JOURNAL, msgspec.json.encode(journal))
        described = ready.pop(MANIFEST)
        for name, temporary in ready.items():
            temporary.replace(folder / name)
        sync(folder)
        rename(described, folder / MANIFEST)


def _tidy(folder: Path, manifest: Manifest) -> None:
    """Remove what is left of the release before; raise OutputError, which says that the new one stands."""
    try:
        _clear_up(folder, manifest)
        _drop_outdated_proof(folder, manifest)
    except OSError as error:
        raise OutputError(
            f"{folder}: holds release {manifest.release}, whole, but {error.filename or 'a file'} "
            f"of the one before cannot be removed: {error.strerror or error}",
            hint="the next build removes it, where it can",
        ) from error


def _clear_up(folder: Path, described: Manifest | None) -> None:
    """Remove temporary files, and what the journal lists and the folder's manifest does not describe.

    A new file with other content than the journal says was made by somebody else, and stays.
    """
    clear_up(folder)
    try:
        journal = msgspec.json.decode(files.read(folder / _JOURNAL), type=dict[FileName, str])
    except FileNotFoundError:
        return
    except (msgspec.DecodeError, files.NotAFileError, files.TooLargeError):
        journal = {}
    # First, as what the sums list must be there.
    if described and _digest(folder / SUMS) != hashlib.sha256(sums(described)).hexdigest():
        put(folder / SUMS, sums(described))
    kept = described.files | {SUMS} if described else frozenset()
    for name in journal.keys() - kept:
        if journal[name] in {_WHATEVER, _digest(folder / name)}:
            (folder / name).unlink(missing_ok=True)
    (folder / _JOURNAL).unlink()


def _drop_outdated_proof(folder: Path, manifest: Manifest) -> None:
    """Remove the proof of other packages than `manifest` describes: beside them it would vouch for these."""
    try:
        proof = msgspec.json.decode(files.read(folder / PROOFS[0]), type=_Proof)
    except (OSError, msgspec.DecodeError):
        return  # there is none, or it is somebody else's
    described = {(one.file, digest) for one in manifest.artifacts for digest in (one.sha256, one.identity)}
    proven = {(artifact["file"], artifact["sha256"]) for artifact in proof.artifacts}
    if proof.release != manifest.release or not proven <= described:
        # The one that is read goes last, so that an interruption is made good next time.
        for name in reversed(PROOFS):
            (folder / name).unlink(missing_ok=True)


def refuse_strangers(folder: Path, wanted: Mapping[str, str], previous: Manifest | None) -> None:
    """Raise OutputError where a file that is to be written is there, with another SHA-256 and not ours."""
    sums = {SUMS: ""} if previous is None else {}
    for name, digest in {**wanted, **sums}.items():
        path = folder / name
        ours = previous is not None and name in previous.files
        if not ours and os.path.lexists(path) and _digest(path) != digest:
            raise OutputError(
                f"{path}: is there already, and no build of this folder made it",
                hint="move it away, or choose another folder with --out",
            )


def _digest(path: Path) -> str | None:
    try:
        with files.opened(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def sums(manifest: Manifest) -> bytes:
    """Return what SHA256SUMS holds."""
    rows = [(entry.file, entry.sha256) for entry in manifest.artifacts]
    rows += [(entry.file, entry.sha256) for entry in manifest.documents]
    return "".join(f"{digest}  {file}\n" for file, digest in sorted(rows)).encode("ascii")
