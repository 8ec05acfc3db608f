"""Output: dist/ appears whole or not at all, and its manifest alone says what a release is.

Files are staged under temporary names, noted in a journal, renamed, and only then described: an
interrupted build leaves the previous release described and whole, and the next build clears up.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from builder.errors import OutputError
from builder.inventory import describe
from builder.release import Release

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.model import Artifact, Bundle

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
_JOURNAL = ".trustpack-journal.json"
_TEMPORARY = ".trustpack-tmp-"
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One artifact as the manifest describes it; `size` is in bytes."""

    target: str
    name: str
    version: str
    file: str
    size: int
    sha256: str
    install: str
    verify: str
    remove: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a release is: its certificates and its artifacts."""

    organisation: str
    release: str
    epoch: int
    certificates: tuple[dict[str, str], ...]
    artifacts: tuple[Entry, ...]
    trustpack: str = ""
    schema: int = _SCHEMA

    def entry(self, file: str) -> Entry | None:
        """Return the artifact stored as `file`, if the release has it."""
        return next((entry for entry in self.artifacts if entry.file == file), None)


def describe_release(
    *,
    organisation: str,
    release: Release,
    epoch: int,
    bundle: Bundle,
    artifacts: Iterable[Artifact],
    version: str,
) -> Manifest:
    """Return the manifest of a finished build; `version` is trustpack's own."""
    return Manifest(
        organisation=organisation,
        release=release.text,
        epoch=epoch,
        certificates=tuple(describe(certificate) for certificate in bundle.certificates),
        artifacts=tuple(
            Entry(
                target=artifact.target,
                name=artifact.name,
                version=artifact.version,
                file=artifact.filename,
                size=len(artifact.data),
                sha256=artifact.sha256,
                install=artifact.install,
                verify=artifact.verify,
                remove=artifact.remove,
            )
            for artifact in artifacts
        ),
        trustpack=version,
    )


def read_manifest(folder: Path) -> Manifest | None:
    """Return the release that `folder` holds, or None; raise OutputError if it cannot be understood."""
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise OutputError(
            f"{path}: is not a trustpack manifest: {error}",
            hint="choose another folder with --out, or remove it",
        ) from error


def same_content(previous: Manifest, manifest: Manifest) -> bool:
    """Tell whether both can describe one release: the same certificates, the same bytes."""
    if [c["sha256"] for c in previous.certificates] != [c["sha256"] for c in manifest.certificates]:
        return False
    shared = ((entry, previous.entry(entry.file)) for entry in manifest.artifacts)
    return all(old is None or old.sha256 == entry.sha256 for entry, old in shared)


def joined(previous: Manifest | None, manifest: Manifest) -> Manifest:
    """Return `manifest` with the artifacts of other targets that `previous`, of the same release, has."""
    if previous is None or Release(previous.release).numbers != Release(manifest.release).numbers:
        return manifest
    built = {entry.target for entry in manifest.artifacts}
    kept = [entry for entry in previous.artifacts if entry.target not in built]
    artifacts = sorted([*manifest.artifacts, *kept], key=lambda entry: entry.target)
    return replace(manifest, artifacts=tuple(artifacts))


def write(folder: Path, artifacts: Sequence[Artifact], manifest: Manifest, previous: Manifest | None) -> None:
    """Make `folder` hold what `manifest` says; remove what `previous` had and nobody else's files.

    Raises OutputError if a file of that name is there and not ours, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            _clear_up(folder, previous)
            _refuse_strangers(folder, artifacts, previous)
            _publish(folder, artifacts, manifest, previous)
    except OSError as error:
        where = error.filename or folder
        raise OutputError(f"{where}: cannot be written: {error.strerror or error}") from error


def _publish(
    folder: Path, artifacts: Sequence[Artifact], manifest: Manifest, previous: Manifest | None
) -> None:
    changed = [a for a in artifacts if _digest(folder / a.filename) != a.sha256]
    staged = {a.filename: _staged(folder, a.filename, a.data) for a in changed}
    _put(folder, _JOURNAL, json.dumps(sorted(staged)).encode())
    for name, temporary in staged.items():
        temporary.replace(folder / name)
    _put(folder, SUMS, _sums(manifest))
    _put(folder, MANIFEST, to_json(manifest))
    kept = {entry.file for entry in manifest.artifacts}
    for entry in previous.artifacts if previous else ():
        if entry.file not in kept:
            (folder / entry.file).unlink(missing_ok=True)
    (folder / _JOURNAL).unlink()


def _clear_up(folder: Path, previous: Manifest | None) -> None:
    """Remove what an interrupted build left: temporary files, and artifacts that no manifest describes."""
    for temporary in folder.glob(f"{_TEMPORARY}*"):
        temporary.unlink()
    journal = folder / _JOURNAL
    if not journal.exists():
        return
    with contextlib.suppress(ValueError):
        for name in json.loads(journal.read_bytes()):
            if previous is None or previous.entry(name) is None:
                (folder / Path(name).name).unlink(missing_ok=True)
    journal.unlink()


def _refuse_strangers(folder: Path, artifacts: Sequence[Artifact], previous: Manifest | None) -> None:
    for artifact in artifacts:
        path = folder / artifact.filename
        ours = previous is not None and previous.entry(artifact.filename) is not None
        if not ours and path.exists() and _digest(path) != artifact.sha256:
            raise OutputError(
                f"{path}: is there already, and no build of this folder made it",
                hint="move it away, or choose another folder with --out",
            )


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one build at a time write to `folder`; the lock is the folder itself, so nothing is left behind."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(
                f"{folder}: another build is writing here", hint="wait for it to end"
            ) from error
        yield
    finally:
        os.close(descriptor)


def _put(folder: Path, name: str, data: bytes) -> None:
    _staged(folder, name, data).replace(folder / name)


def _staged(folder: Path, name: str, data: bytes) -> Path:
    temporary = folder / f"{_TEMPORARY}{name}"
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    return temporary


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _sums(manifest: Manifest) -> bytes:
    rows = sorted((entry.file, entry.sha256) for entry in manifest.artifacts)
    return "".join(f"{digest}  {file}\n" for file, digest in rows).encode("ascii")


def to_json(manifest: Manifest) -> bytes:
    """Return the manifest as the JSON text that is stored and printed."""
    value: dict[str, Any] = asdict(manifest)
    return (json.dumps(value, indent=2, ensure_ascii=True) + "\n").encode("ascii")
