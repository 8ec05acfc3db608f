"""A release's folder is held to its manifest, to a lock, and to signatures, without a word of who made it."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import msgspec

from builder import __version__, inspect
from builder.errors import NotAPackageError, OutputError, PackageError, SignatureError, VerificationError
from builder.provenance import authorities, rebuild, sbom, verify_statement
from builder.provenance.rebuild import Rebuilt
from builder.provenance.seal import document
from builder.provenance.verification import Discrepancy, Examination, Verification
from builder.release import manifest as manifests
from builder.release.folder import sums
from builder.release.manifest import MANIFEST, PROOFS, SUMS
from builder.signing import finished
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from builder.inspect import Contents
    from builder.lifecycle.lock import Lock
    from builder.release.manifest import ArtifactSummary, DocumentSummary, Manifest
    from builder.signing.site_verifier import SiteVerifier


SOURCE = "source.tar"
_WHICH = "name the folder that 'trustpack build' made, or a site's address"
NO_KEYS = "no keys were given (--keys)"


class ReleaseFiles(msgspec.Struct, frozen=True):
    """A release as it was read: its manifest, that file's bytes, and the bytes of all files that are there.

    `broken` says of others why they cannot be read.
    """

    manifest: Manifest
    text: bytes
    data: Mapping[str, bytes]
    broken: Mapping[str, str]
    others: tuple[str, ...]


def read(folder: Path) -> ReleaseFiles:
    """Return what a release's folder holds; raise VerificationError where its manifest says nothing."""
    if folder.is_file():
        raise VerificationError(f"{folder}: is a file", hint=_WHICH)
    try:
        found = manifests.read_manifest(folder)
        text = files.read(folder / MANIFEST) if found else b""
    except OutputError as error:
        raise VerificationError(str(error), hint="it was changed, or another trustpack wrote it") from None
    except OSError as error:
        raise VerificationError(f"{folder / MANIFEST}: cannot be read: {error.strerror}") from None
    if found is None:
        raise VerificationError(f"{folder}: holds no release: there is no {MANIFEST}", hint=_WHICH)
    data: dict[str, bytes] = {}
    broken: dict[str, str] = {}
    for name in sorted({*found.files, SUMS}):
        try:
            data[name] = _content(folder / name)
        except FileNotFoundError:
            broken[name] = "is missing"
        except OSError as error:
            broken[name] = f"cannot be read: {error.strerror or error}"
    own = {*found.files, SUMS, MANIFEST}
    others = tuple(sorted(entry.name for entry in os.scandir(folder) if entry.name not in own))
    return ReleaseFiles(found, text, data, broken, others)


def _content(path: Path) -> bytes:
    if path.is_symlink():
        raise OSError(None, "it is a link")
    return files.read(path, files.PACKAGE_BYTES)


def verify(
    name: str,
    found: ReleaseFiles,
    *,
    keys: SiteVerifier | None = None,
    lock: Lock | None = None,
    lock_name: str = "",
    rebuilt: Rebuilt | None = None,
) -> Verification:
    """Return every difference between a release and what vouches for it: keys, a lock, what its source makes.

    Of what is not given, that is said.
    """
    manifest = found.manifest
    packages = dict(_packages(found))
    contents = {file: one for file, one in packages.items() if not isinstance(one, PackageError)}
    held = {file: one for file, one in contents.items() if one.certificates}
    discrepancies = [
        *(Discrepancy(file, why) for file, why in found.broken.items()),
        *_manifest(found),
        *_files(found),
        *(
            Discrepancy(file, str(one).removeprefix(f"{file}: "))
            for file, one in packages.items()
            if isinstance(one, PackageError)
        ),
        *(one for file, each in contents.items() for one in authorities.of_package(file, each, manifest)),
        *authorities.of_manifest(manifest, held),
        *(authorities.of_lock(manifest, held, lock, lock_name) if lock else ()),
        *(_signatures(found, contents, keys) if keys else ()),
    ]
    stated, statement = verify_statement.verify(manifest, found.data, keys)
    rebuilt = rebuilt or Rebuilt(because=f"its {SOURCE} was not asked for")
    other, built = _rebuilt(found, rebuilt)
    discrepancies += [*stated, *other]
    if lock:
        discrepancies += rebuild.of_lock(rebuilt, lock, where=source_name(manifest), name=lock_name)
    if keys and not statement.done:
        # Who has the lock from elsewhere needs no signature on what follows from it.
        follows = bool(lock and lock.packaging and rebuilt.lock and built.done)
        discrepancies += _unsigned_documents(manifest) if follows else _unvouched(manifest, contents)
        if not (discrepancies or follows):
            said = "is signed by nobody: no statement about the release is signed by a key that was given"
            discrepancies.append(Discrepancy(MANIFEST, said))
    discrepancies += () if discrepancies else _bill(found)
    return Verification(
        name=name,
        kind="release",
        organisation=manifest.organisation,
        release=manifest.release,
        trustpack=manifest.trustpack,
        files=len(found.data) + 1,
        discrepancies=_once(discrepancies),
        examined=(
            Examination("files", True, f"sums and sizes of {_count(len(found.data), 'file')}"),
            _examined_certificates(found, held),
            authorities.held_to(lock, lock_name),
            _examined_signatures(contents, keys),
            statement,
            built,
        ),
        others=tuple(one for one in found.others if one not in PROOFS),
    )


def _rebuilt(found: ReleaseFiles, rebuilt: Rebuilt) -> tuple[tuple[Discrepancy, ...], Examination]:
    """Compare with what the source builds; what another trustpack made may have other bytes."""
    if not source_name(found.manifest):
        return (), Examination("rebuild", False, f"not rebuilt, because the release has no {SOURCE}")
    if rebuilt.fault:
        wrong = Discrepancy(source_name(found.manifest), rebuilt.fault)
        return (wrong,), Examination("rebuild", False, "not rebuilt, because its source does not build")
    if rebuilt.because:
        return (), Examination("rebuild", False, f"not rebuilt, because {rebuilt.because}")
    manifest, where = found.manifest, source_name(found.manifest)
    other = tuple(rebuild.compare(rebuilt, manifest, found.data, where=where))
    if other and not rebuilt.pinned and manifest.trustpack != __version__:
        said = (
            f"not rebuilt to the same bytes, because trustpack {manifest.trustpack} made it, and no lock in "
            f"{where} says whether {__version__} makes the same"
        )
        return (), Examination("rebuild", False, said)
    said = f"built once more from {where}, {_count(len(rebuilt.data), 'file')} compared byte for byte"
    return other, Examination("rebuild", True, said)


def _bill(found: ReleaseFiles) -> Iterator[Discrepancy]:
    """Hold the manifest to the bill of materials, which says the same, and which the statement names."""
    bill = document(found.manifest, "sbom")
    data = found.data.get(bill.file, b"") if bill else b""
    if bill is None or found.manifest.trustpack != __version__ or bill.sha256 != _digest(data):
        return  # another trustpack may word it otherwise, and what was changed has been told already
    if data != sbom.make(found.manifest, sbom.version(data)):
        yield Discrepancy(MANIFEST, f"says something else than {bill.file}")


def _unsigned_documents(manifest: Manifest) -> Iterator[Discrepancy]:
    """Yield the notes, which follow from no lock: the bill of materials is held to the manifest."""
    for one in manifest.documents:
        if one.kind == "notes":
            yield Discrepancy(one.file, "is in no statement that is signed by a key that was given")


def _unvouched(manifest: Manifest, contents: Mapping[str, Contents]) -> Iterator[Discrepancy]:
    """Yield each file that no key and no lock speaks for."""
    for entry in manifest.artifacts:
        kind = contents[entry.file].format if entry.file in contents else ""
        if kind not in {*finished.INSIDE, *finished.BESIDE}:
            said = "has no signature of its own, and no statement about it is signed by a key that was given"
            yield Discrepancy(entry.file, said)


def source_name(manifest: Manifest) -> str:
    """Return the name of a release's source.tar, empty where it has none."""
    found = document(manifest, "source")
    return found.file if found else ""


def _once(found: Iterable[Discrepancy]) -> tuple[Discrepancy, ...]:
    """Return what is wrong in order, the first thing that was found of each file before its others."""
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.file))


def _manifest(found: ReleaseFiles) -> Iterator[Discrepancy]:
    """Hold the manifest to the form in which it is written, and SHA256SUMS to the manifest."""
    try:
        plain = (json.dumps(json.loads(found.text), indent=2) + "\n").encode()
    except (ValueError, RecursionError):  # in what this trustpack does not know
        plain = b""
    # Another trustpack's may have more keys than this one knows.
    foreign = found.manifest.trustpack != __version__
    if found.text != plain or not (foreign or found.text == manifests.to_json(found.manifest)):
        yield Discrepancy(MANIFEST, "is not written as trustpack does")
    if SUMS in found.data and found.data[SUMS] != sums(found.manifest):
        yield Discrepancy(SUMS, f"is not what follows from {MANIFEST}")


def _files(found: ReleaseFiles) -> Iterator[Discrepancy]:
    """Compare each file with the manifest; where SHA256SUMS knows the file, the manifest is wrong."""
    lines = found.data.get(SUMS, b"").decode("utf-8", "replace").splitlines()
    summed = {line[66:]: line[:64] for line in lines}
    described: list[ArtifactSummary | DocumentSummary]
    described = [*found.manifest.artifacts, *found.manifest.documents]
    for entry in described:
        if entry.file not in found.data:
            continue
        data = found.data[entry.file]
        digest = _digest(data)
        if digest != entry.sha256:
            if summed.get(entry.file) == digest:
                yield Discrepancy(MANIFEST, f"says another digest of {entry.file}")
            else:
                yield Discrepancy(entry.file, f"holds something else than {MANIFEST} says")
        elif len(data) != entry.size:
            yield Discrepancy(MANIFEST, f"says {entry.size} bytes of {entry.file}, which has {len(data)}")
    for entry in found.manifest.artifacts:
        data = found.data.get(entry.file, b"")
        intact = _digest(data) == entry.sha256
        if intact and entry.unsigned and finished.identity(data) != entry.unsigned:
            yield Discrepancy(entry.file, f"without its signature is not what {MANIFEST} says was built")


def _packages(found: ReleaseFiles) -> Iterator[tuple[str, Contents | PackageError]]:
    for entry in found.manifest.artifacts:
        if entry.file not in found.data:
            continue
        try:
            yield entry.file, inspect.read(entry.file, found.data[entry.file])
        except NotAPackageError:  # what no package manager installs
            continue
        except PackageError as error:
            yield entry.file, error


def _signatures(
    found: ReleaseFiles, contents: Mapping[str, Contents], keys: SiteVerifier
) -> Iterator[Discrepancy]:
    for entry in found.manifest.artifacts:
        kind = contents[entry.file].format if entry.file in contents else ""
        intact = _digest(found.data.get(entry.file, b"")) == entry.sha256
        if entry.signature and intact and kind not in finished.BESIDE:
            yield Discrepancy(entry.signature, f"is a signature beside {entry.file}, which has none")
        if kind in {*finished.INSIDE, *finished.BESIDE} and entry.signature not in found.broken:
            try:
                _signature(found, entry, kind, keys)
            except SignatureError as error:
                yield Discrepancy(entry.signature or entry.file, str(error))


def _signature(found: ReleaseFiles, entry: ArtifactSummary, kind: str, keys: SiteVerifier) -> None:
    """Raise SignatureError unless a package has a signature by one of the keys."""
    data = found.data[entry.file]
    if kind == "rpm":
        keys.rpm(data)
    elif kind == "apk":
        keys.apk(data)
    elif not entry.signature:
        raise SignatureError("the signature: there is none")
    else:
        keys.single(data, found.data[entry.signature])


def _examined_certificates(found: ReleaseFiles, held: Mapping[str, Contents]) -> Examination:
    without = [entry.file for entry in found.manifest.artifacts if entry.file not in held]
    more = f"; without any certificate: {', '.join(without)}" if without else ""
    return Examination("certificates", True, f"certificates of {_count(len(held), 'package')}{more}")


def _examined_signatures(contents: Mapping[str, Contents], keys: SiteVerifier | None) -> Examination:
    if keys is None:
        return Examination("signatures", False, f"no signature verified, because {NO_KEYS}")
    signed = [file for file, one in contents.items() if one.format in {*finished.INSIDE, *finished.BESIDE}]
    return Examination("signatures", True, f"signatures of {_count(len(signed), 'package')}")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"
