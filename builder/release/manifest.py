"""The manifest: what a release is, as dist/manifest.json holds it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from builder.errors import OutputError, ReleaseError
from builder.model import FILE_NAME, CertificateSummary
from builder.model import release as releases
from builder.model.certificate import Fingerprint  # noqa: TC001  msgspec reads annotations at run time
from builder.model.recipe import Keeping  # noqa: TC001  msgspec reads annotations at run time
from builder.model.release import Release
from builder.render.inventory import distrusted, trusted
from builder.text import files
from builder.text.quoting import visible
from builder.text.times import Second  # noqa: TC001  msgspec reads annotations at run time
from builder.x509 import keys

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from builder.model import Artifact, Bundle

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
PROOFS = ("proof.json", "proof.md")
_SCHEMA = 1
_OTHER = "choose another folder with --out, or remove it"

# A manifest may come from anywhere, and what it lists is replaced and removed: plain names only.
FileName = Annotated[str, msgspec.Meta(pattern=rf"^{FILE_NAME}$(?!\n)")]


class ArtifactSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """One artifact as the manifest describes it; `size` is in bytes.

    `recipe` is a SHA-256 of the recipe, templates and settings that made it. Where the file has been signed,
    `unsigned` is the SHA-256 that it had before, and `signature` the file of a signature that lies beside it.
    `domains` says what becomes of CAs' domains where it is installed, empty where no CA has any.
    """

    target: str
    name: str
    version: str
    file: FileName
    size: int
    sha256: Fingerprint
    install: str
    verify: str
    remove: str
    recipe: str = ""
    unsigned: Fingerprint | Literal[""] = ""
    signature: FileName | Literal[""] = ""
    domains: Keeping | Literal[""] = ""

    @property
    def identity(self) -> str:
        """The SHA-256 of its content without signatures."""
        return self.unsigned or self.sha256


DocumentKind = Literal["sbom", "statement", "envelope", "notes", "source"]


class DocumentSummary(msgspec.Struct, frozen=True):
    """One document about the release, beside its artifacts; `size` is in bytes."""

    file: FileName
    kind: DocumentKind
    size: int
    sha256: Fingerprint


class Manifest(msgspec.Struct, frozen=True):
    """What a release is: the certificates that it trusts, those that it distrusts, its artifacts.

    `documents` say of these what they are made of, and by whom.
    """

    organisation: str
    release: str
    epoch: Second
    certificates: tuple[CertificateSummary, ...]
    artifacts: tuple[ArtifactSummary, ...]
    documents: tuple[DocumentSummary, ...] = ()
    distrusted: tuple[CertificateSummary, ...] = ()
    trustpack: str = ""
    schema: int = _SCHEMA

    def __post_init__(self) -> None:
        """Raise ValueError for what no build of ours describes."""
        for item in (*self.certificates, *self.distrusted):
            for key in ("not_before", "not_after"):
                if getattr(item, key) is None:
                    raise ValueError(f"a certificate has no {key}")
        taken = {MANIFEST, SUMS, *PROOFS}
        for entry in self.artifacts:
            # What a manifest lists is removed when another release comes.
            if {entry.file, entry.signature} & taken:
                raise ValueError(f"no artifact can be called {entry.file}")
            if entry.signature not in {"", f"{entry.file}.sig"}:
                raise ValueError(f"no signature of {entry.file} can be called {entry.signature}")
        taken |= {name for entry in self.artifacts for name in (entry.file, entry.signature)}
        for document in self.documents:
            if document.file in taken:
                raise ValueError(f"no document can be called {document.file}")
            taken.add(document.file)
        if len({one.kind for one in self.documents}) != len(self.documents):
            raise ValueError("a release has no two documents of one kind")

    @property
    def files(self) -> frozenset[str]:
        """The names of all that the release's folder has of it, but for what describes it."""
        names = [name for entry in self.artifacts for name in (entry.file, entry.signature) if name]
        return frozenset([*names, *(document.file for document in self.documents)])

    def entry(self, file: str) -> ArtifactSummary | None:
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
        certificates=trusted(bundle),
        distrusted=distrusted(bundle),
        artifacts=tuple(
            ArtifactSummary(
                target=artifact.target,
                name=artifact.name,
                version=artifact.version,
                file=artifact.filename,
                size=len(artifact.data),
                sha256=artifact.sha256,
                install=artifact.install,
                verify=artifact.verify,
                remove=artifact.remove,
                recipe=artifact.recipe,
                domains=artifact.domains,
            )
            for artifact in artifacts
        ),
        trustpack=version,
    )


def read_manifest(folder: Path) -> Manifest | None:
    """Return the release that `folder` holds, or None; raise OutputError if it cannot be understood."""
    path = folder / MANIFEST
    try:
        data = files.read(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}", hint=_OTHER) from error
    return decoded(data, str(path))


def decoded(data: bytes, where: str) -> Manifest:
    """Return the release that a manifest's text describes; raise OutputError if it cannot be understood."""
    try:
        keys.refuse(data, where, hint=_OTHER)
        found = msgspec.json.decode(data, type=Manifest)
        releases.stored(found.release)
    except ReleaseError as error:
        raise OutputError(f"{where}: is not a trustpack manifest: {error}", hint=_OTHER) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise OutputError(f"{where}: is not a trustpack manifest", hint=_OTHER) from None
    if found.schema != _SCHEMA:
        raise OutputError(
            f"{where}: was written by trustpack {visible(found.trustpack)}, whose schema is {found.schema}",
            hint=_OTHER,
        )
    return found


def same_content(previous: Manifest, manifest: Manifest) -> bool:
    """Tell whether both can describe one release: the same certificates, the same bytes."""
    for one, other in (
        (previous.certificates, manifest.certificates),
        (previous.distrusted, manifest.distrusted),
    ):
        if [item.sha256 for item in one] != [item.sha256 for item in other]:
            return False
    shared = ((entry, previous.entry(entry.file)) for entry in manifest.artifacts)
    return all(old is None or old.identity == entry.identity for entry, old in shared)


def joined(previous: Manifest | None, manifest: Manifest) -> Manifest:
    """Return `manifest` with the artifacts of other targets that `previous`, of the same release, has.

    Its documents stay where all that they are about is as it was.
    """
    kept: list[ArtifactSummary] = []
    if previous is not None and Release(previous.release).numbers == Release(manifest.release).numbers:
        built = {entry.target for entry in manifest.artifacts}
        kept = [entry for entry in previous.artifacts if entry.target not in built]
    artifacts = sorted([*manifest.artifacts, *kept], key=lambda entry: entry.target)
    found = msgspec.structs.replace(manifest, artifacts=tuple(artifacts))
    documents = previous.documents if previous is not None else ()
    described = msgspec.structs.replace(found, documents=documents)
    return described if described == previous else found


def to_json(manifest: Manifest) -> bytes:
    """Return the manifest as the JSON text that is stored and printed."""
    value = msgspec.to_builtins(manifest)
    return (json.dumps(value, indent=2, ensure_ascii=True) + "\n").encode("ascii")
