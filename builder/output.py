"""Output: dist/ appears whole or not at all, and its manifest alone says what a release is.

Files are staged under temporary names, noted in a journal, renamed, and only then described: a failed build
takes its files back, and after an interrupted one the previous release is described and whole and the next
build clears up.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import sys
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from builder import release as releases
from builder.errors import OutputError, ReleaseError
from builder.inventory import distrusted, trusted
from builder.model import FILE_NAME
from builder.quoting import visible
from builder.release import Release

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from builder.model import Artifact, Bundle

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
_JOURNAL = ".trustpack-journal.json"
_TEMPORARY = ".trustpack-tmp-"
_SCHEMA = 1
_NEEDED = frozenset({"sha256", "subject", "not_before", "not_after"})
_WHATEVER = ""  # in the journal: a file that was described is ours, even if it was changed

# A manifest may come from anywhere, and what it lists is replaced and removed: plain names only.
FileName = Annotated[str, msgspec.Meta(pattern=rf"^{FILE_NAME}$(?!\n)")]


@dataclass(frozen=True, slots=True)
class Entry:
    """One artifact as the manifest describes it; `size` is in bytes."""

    target: str
    name: str
    version: str
    file: FileName
    size: int
    sha256: str
    install: str
    verify: str
    remove: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a release is: the certificates that it trusts, those that it distrusts, and its artifacts."""

    organisation: str
    release: str
    epoch: int
    certificates: tuple[dict[str, str], ...]
    artifacts: tuple[Entry, ...]
    distrusted: tuple[dict[str, str], ...] = ()
    trustpack: str = ""
    schema: int = _SCHEMA

    def __post_init__(self) -> None:
        """Raise ValueError for what no build of ours describes."""
        for item in (*self.certificates, *self.distrusted):
            if missing := _NEEDED - item.keys():
                raise ValueError(f"a certificate has no {min(missing)}")
            for key in ("not_before", "not_after"):
                dt.datetime.fromisoformat(item[key])
        for entry in self.artifacts:
            # What a manifest lists is removed when another release comes.
            if entry.file in {MANIFEST, SUMS}:
                raise ValueError(f"no artifact can be called {entry.file}")

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
        certificates=tuple(trusted(bundle)),
        distrusted=tuple(distrusted(bundle)),
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
    hint = "choose another folder with --out, or remove it"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Manifest)
        releases.parse(found.release)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}", hint=hint) from error
    except (msgspec.DecodeError, ReleaseError, UnicodeDecodeError) as error:
        raise OutputError(f"{path}: is not a trustpack manifest: {error}", hint=hint) from error
    if found.schema != _SCHEMA:
        raise OutputError(
            f"{path}: was written by trustpack {visible(found.trustpack)}, whose schema is {found.schema}",
            hint=hint,
        )
    return found


def same_content(previous: Manifest, manifest: Manifest) -> bool:
    """Tell whether both can describe one release: the same certificates, the same bytes."""
    for one, other in (
        (previous.certificates, manifest.certificates),
        (previous.distrusted, manifest.distrusted),
    ):
        if [item["sha256"] for item in one] != [item["sha256"] for item in other]:
            return False
    shared = ((entry, previous.entry(entry.file)) for entry in manifest.artifacts)
    return all(old is None or old.sha256 == entry.sha256 for entry, old in shared)


def joined(previous: Manifest | None, manifest: Manifest) -> Manifest:
    """Return `manifest` with the artifacts of other targets that `previous`, of the same release, has."""
    kept: list[Entry] = []
    if previous is not None and Release(previous.release).numbers == Release(manifest.release).numbers:
        built = {entry.target for entry in manifest.artifacts}
        kept = [entry for entry in previous.artifacts if entry.target not in built]
    artifacts = sorted([*manifest.artifacts, *kept], key=lambda entry: entry.target)
    return replace(manifest, artifacts=tuple(artifacts))


def write(folder: Path, artifacts: Sequence[Artifact], manifest: Manifest, previous: Manifest | None) -> None:
    """Make `folder` hold what `manifest` says; remove what `previous` had and nobody else's files.

    Raises OutputError if a file of that name is there and not ours, if another build has written here since
    `previous` was read, or the folder cannot be written; then it holds what it held before.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            if read_manifest(folder) != previous:
                raise OutputError(f"{folder}: another build has written here meanwhile", hint="run it again")
            _clear_up(folder)
            _refuse_strangers(folder, artifacts, previous)
            try:
                _publish(folder, artifacts, manifest, previous)
            except BaseException:
                _clear_up(folder)
                raise
    except OSError as error:
        where = error.filename or folder
        raise OutputError(f"{where}: cannot be written: {error.strerror or error}") from error


def _publish(
    folder: Path, artifacts: Sequence[Artifact], manifest: Manifest, previous: Manifest | None
) -> None:
    changed = [a for a in artifacts if _digest(folder / a.filename) != a.sha256]
    kept = {entry.file for entry in manifest.artifacts}
    stale = [entry for entry in previous.artifacts if entry.file not in kept] if previous else []
    sums = _sums(manifest)
    staged = [_staged(folder, a.filename, a.data) for a in changed]
    journal = {a.filename: a.sha256 for a in changed} | {entry.file: _WHATEVER for entry in stale}
    if previous is None:
        journal[SUMS] = hashlib.sha256(sums).hexdigest()
    _put(folder, _JOURNAL, msgspec.json.encode(journal))
    for artifact, temporary in zip(changed, staged, strict=True):
        temporary.replace(folder / artifact.filename)
    _put(folder, SUMS, sums)
    _put(folder, MANIFEST, to_json(manifest))
    _clear_up(folder)


def _clear_up(folder: Path) -> None:
    """Remove temporary files, and what the journal lists and the manifest, as it now is, does not describe.

    A new file with other content than the journal says was made by somebody else, and stays.
    """
    for temporary in folder.glob(f"{_TEMPORARY}*"):
        temporary.unlink()
    try:
        journal = msgspec.json.decode((folder / _JOURNAL).read_bytes(), type=dict[FileName, str])
    except FileNotFoundError:
        return
    except msgspec.DecodeError:
        journal = {}
    described = read_manifest(folder)
    files = {entry.file for entry in described.artifacts} | {SUMS} if described else set()
    for name in journal.keys() - files:
        if journal[name] in {_WHATEVER, _digest(folder / name)}:
            (folder / name).unlink(missing_ok=True)
    if described and _digest(folder / SUMS) != hashlib.sha256(_sums(described)).hexdigest():
        _put(folder, SUMS, _sums(described))
    (folder / _JOURNAL).unlink()


def _refuse_strangers(folder: Path, artifacts: Sequence[Artifact], previous: Manifest | None) -> None:
    wanted = {artifact.filename: artifact.sha256 for artifact in artifacts}
    if previous is None:
        wanted[SUMS] = ""
    for name, digest in wanted.items():
        path = folder / name
        ours = previous is not None and previous.entry(name) is not None
        if not ours and os.path.lexists(path) and _digest(path) != digest:
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
    with temporary.open("xb") as stream:  # never through a link that somebody put there
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
