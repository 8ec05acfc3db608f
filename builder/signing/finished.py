"""Sign a finished release in its folder: .rpm and .apk inside, Arch's packages beside; all else has none.

What is signed is dated as the release is, so that signing it again, wherever, gives the same bytes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec.structs import replace

from builder.errors import OutputError, SignatureError, SiteError
from builder.formats import READERS, cms, format_of, mobileconfig
from builder.formats.unpacked import Malformed
from builder.release import documents
from builder.release import folder as folders
from builder.release.manifest import read_manifest
from builder.signing import apk, opinion, rpm
from builder.signing import profiles as signing_profiles
from builder.text import files
from builder.x509 import keys as private_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from builder.release.documents import ReleaseDocument
    from builder.release.manifest import ArtifactSummary, DocumentKind, DocumentSummary, Manifest
    from builder.signing.keyring import Keyring
    from builder.signing.profiles import ProfileSigner

# Which formats have signatures of their own by our keys; why the others have none is told.
INSIDE: Mapping[str, Callable[[bytes], bytes]] = {"rpm": rpm.unsigned, "apk": apk.unsigned}
BESIDE = frozenset({"pacman"})
PROFILE = "mobileconfig"  # signed inside, too, but by a certificate that the devices trust
_WITHOUT: Mapping[str, Callable[[bytes], bytes]] = {**INSIDE, PROFILE: mobileconfig.unsigned}
_ELSEWHERE = {
    "deb": "apt and dpkg verify what the repository's InRelease says of it",
    PROFILE: "no certificate for it was given (--profile-cert, --profile-key)",
}
_NO_PROFILE = "build the target mobileconfig, or leave --profile-cert and --profile-key out"
_SIGN_AGAIN = "sign it with --profile-cert and --profile-key, or build it again"
_KEY_BYTES = 64 * 1024
_NOWHERE = "its package manager knows no signatures of files"


class SignedFile(msgspec.Struct, frozen=True):
    """A file that was signed; `signature` is the file that has its signature.

    `verified_by` is the other program that took it, empty where there is none.
    """

    entry: ArtifactSummary
    signature: str
    verified_by: str


class SignedRelease(msgspec.Struct, frozen=True):
    """What was signed, what has no signature of its own and why, and the files that were written.

    `documents` are all that the release has.
    """

    signed: tuple[SignedFile, ...]
    left: Mapping[str, str]
    written: tuple[str, ...]
    documents: tuple[DocumentSummary, ...]

    def document(self, kind: DocumentKind) -> str:
        """Return the file of the document of a kind, empty where there is none."""
        return next((one.file for one in self.documents if one.kind == kind), "")


class Documents(Protocol):
    """What a release's documents become when its packages are signed."""

    def __call__(self, before: Manifest, after: Manifest) -> Sequence[ReleaseDocument]:
        """Return those that say other things than before."""
        ...


def sign(
    folder: Path,
    keys: Keyring,
    *,
    told: Documents = lambda _before, _after: (),
    profiles: ProfileSigner | None = None,
) -> SignedRelease:
    """Sign the packages of the release in `folder`, and describe them anew; `told` makes its documents so.

    Configuration profiles are signed by `profiles`, and stay as they are without.

    Raises OutputError where it holds none, or a file is not what its manifest describes, PrivateKeyError
    where a key lies in it, and SignatureError where another program refuses what was signed. Then nothing is
    written.
    """
    with folders.claimed(folder) as claim:
        manifest = documents.required(claim)
        if manifest.organisation != keys.organisation:
            owner = keys.organisation
            raise SignatureError(
                f"{folder}: is a release of '{manifest.organisation}', and the keys are those of '{owner}'"
            )
        _refuse_private(folder, manifest)
        signed, changed, left = _each_signed(folder, manifest, keys, profiles)
        by_file = {one.entry.file: one.entry for one in signed}
        after = replace(
            manifest, artifacts=tuple(by_file.get(entry.file, entry) for entry in manifest.artifacts)
        )
        made = told(manifest, after)
        # An envelope of before has a copy of a statement that may be another one now.
        after = documents.described(after, made, dropped={"envelope"} if made else ())
        changed |= {one.file: one.data for one in made}
        folders.refuse_strangers(folder, {one.file: one.summary.sha256 for one in made}, manifest)
        new = {name: data for name, data in changed.items() if not documents.holds(folder / name, data)}
        if new or after != manifest:
            folders.amend(claim, new, after)
    return SignedRelease(tuple(signed), left, tuple(new), after.documents)


def _each_signed(
    folder: Path, manifest: Manifest, keys: Keyring, profiles: ProfileSigner | None
) -> tuple[list[SignedFile], dict[str, bytes], dict[str, str]]:
    """Return the artifacts that are signed, the files to be written, and why others are left."""
    signed: list[SignedFile] = []
    changed: dict[str, bytes] = {}
    left: dict[str, str] = {}
    kinds: set[str] = set()
    for entry in manifest.artifacts:
        data = _read(folder, entry)
        kind = format_of(data)
        kinds.add(kind)
        if kind == PROFILE and (profiles or cms.is_signed(data)):
            one, written = _profile(entry, data, profiles)
        elif kind in {*INSIDE, *BESIDE}:
            one, written = _signed(entry, kind, data, keys, manifest.epoch)
        else:
            left[entry.file] = _ELSEWHERE.get(kind, _NOWHERE)
            continue
        signed.append(one)
        changed |= written
    if profiles and PROFILE not in kinds:
        raise SignatureError(f"{folder}: holds no configuration profile", hint=_NO_PROFILE)
    return signed, changed, left


def _refuse_private(folder: Path, manifest: Manifest) -> None:
    """Raise PrivateKeyError where somebody has left a private key beside the release: both get published."""
    for path in sorted(folder.iterdir()):
        if path.name in manifest.files or path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_size <= _KEY_BYTES:
            private_keys.refuse(files.read(path), str(path), hint="move it away: the folder gets published")


def _read(folder: Path, entry: ArtifactSummary) -> bytes:
    """Return an artifact: as described, or as a run has signed it that was ended before it described it."""
    path = folder / entry.file
    try:
        data = files.read(path, files.PACKAGE_BYTES)
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}", hint="build it again") from None
    if hashlib.sha256(data).hexdigest() != entry.sha256 and identity(data) != entry.identity:
        raise OutputError(f"{path}: is not what the manifest describes", hint="build it again")
    return data


def described(folder: Path) -> Manifest:
    """Return what the release in a folder is; raise SiteError where it holds none."""
    found = read_manifest(folder)
    if found is None:
        raise SiteError(f"{folder}: holds no release", hint="build one first: trustpack build")
    return found


def artifacts(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """Return the bytes of a release's artifacts, by file.

    Raises SiteError where they are not what the manifest describes, OutputError where another build does it.
    """
    try:
        return {entry.file: _artifact(folder, entry) for entry in manifest.artifacts}
    except SiteError:
        folders.expect_unchanged(folder, manifest)
        raise


def _artifact(folder: Path, entry: ArtifactSummary) -> bytes:
    path = folder / entry.file
    try:
        data = files.read(path, files.PACKAGE_BYTES)
    except OSError as error:
        raise SiteError(f"{path}: cannot be read: {error.strerror or error}", hint="build it again") from None
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        if identity(data) == entry.identity:
            raise SiteError(
                f"{path}: was signed by a run that ended before {folder}'s manifest said so",
                hint=f"sign it once more: trustpack sign {folder}",
            )
        raise SiteError(f"{path}: is not what {folder}'s manifest describes", hint="build it again")
    # What a package is without its signature is what a later build is compared with.
    if entry.unsigned and identity(data) != entry.unsigned:
        raise SiteError(
            f"{path}: without its signature it is not what was built", hint="build and sign it again"
        )
    return data


def unsigned(data: bytes) -> bytes:
    """Return what a package is without our signature inside; empty where none can be."""
    for kind, without in _WITHOUT.items():
        if READERS[kind].recognises(data):
            try:
                return without(data)
            except Malformed:
                break
    return b""


def identity(data: bytes) -> str:
    """Return the SHA-256 (hex) of the same; empty where no signature can be inside."""
    plain = unsigned(data)
    return hashlib.sha256(plain).hexdigest() if plain else ""


def _signed(
    entry: ArtifactSummary, kind: str, data: bytes, keys: Keyring, epoch: int
) -> tuple[SignedFile, dict[str, bytes]]:
    """Return an artifact as it is described once it is signed, and the files that are to be written."""
    if kind in BESIDE:
        signature = keys.single(data, time=epoch)
        name = f"{entry.file}.sig"
        verified = opinion.detached(keys.openpgp[0].certificate, data, signature)
        return SignedFile(replace(entry, signature=name), name, verified), {name: signature}
    unsigned = hashlib.sha256(INSIDE[kind](data)).hexdigest()
    if unsigned != entry.identity:
        raise SignatureError(f"{entry.file}: without its signature it is not what was built")
    after = keys.rpm(data, time=epoch) if kind == "rpm" else keys.apk(data, time=epoch)
    verified = _rpm_verified(keys, after) if kind == "rpm" else _apk_verified(keys, after)
    digest = hashlib.sha256(after).hexdigest()
    one = replace(entry, size=len(after), sha256=digest, unsigned=unsigned)
    return SignedFile(one, entry.file, verified), {entry.file: after}


def _profile(
    entry: ArtifactSummary, data: bytes, signer: ProfileSigner | None
) -> tuple[SignedFile, dict[str, bytes]]:
    """Return the same of a configuration profile, which without a signer keeps the signature that it has."""
    plain = unsigned(data)
    if hashlib.sha256(plain).hexdigest() != entry.identity:
        raise SignatureError(f"{entry.file}: without its signature it is not what was built")
    known = hashlib.sha256(data).hexdigest() == entry.sha256
    if not signer and not known:
        raise SignatureError(f"{entry.file}: the manifest knows nothing of its signature", hint=_SIGN_AGAIN)
    # A signature that nothing tells of is made anew, whoever's certificates are in it.
    after = signing_profiles.sign(data if known else plain, signer) if signer else data
    verified = opinion.cms(after)
    digest = hashlib.sha256(after).hexdigest()
    one = replace(entry, size=len(after), sha256=digest, unsigned=entry.identity)
    return SignedFile(one, entry.file, verified), {entry.file: after}


def _rpm_verified(keys: Keyring, data: bytes) -> str:
    found = opinion.rpm(keys.certificates[keys.signer], data)
    signature, header = rpm.signature(data)
    return found or opinion.detached(keys.openpgp[0].certificate, header, signature)


def _apk_verified(keys: Keyring, data: bytes) -> str:
    found, digest = apk.signatures(data)
    by = {opinion.raw(keys.apk_keys[name], digest, signature) for name, signature in found.items()}
    return min(by)
