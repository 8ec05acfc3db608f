"""The statement: from what and by what a release was built, as in-toto and SLSA have it.

See https://github.com/in-toto/attestation/tree/main/spec/v1 and https://slsa.dev/spec/v1.0/provenance. There
is one way to write each statement down, and only that is read.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec.structs import replace

from builder.errors import OutputError
from builder.text.times import Second  # noqa: TC001  msgspec reads annotations at run time

if TYPE_CHECKING:
    from builder.release.manifest import Manifest

TYPE: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
PREDICATE: Literal["https://slsa.dev/provenance/v1"] = "https://slsa.dev/provenance/v1"
BUILD_TYPE: Literal["urn:trustpack:build:1"] = "urn:trustpack:build:1"
UNNAMED = "urn:trustpack:builder:unnamed"
# What is about the release, and is not what vouches for it.
_BYPRODUCTS = ("sbom", "notes", "source")


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An object of a statement."""


Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


class Digest(_Part, frozen=True, kw_only=True):
    """The digests of a file."""

    sha256: Sha256


class FileAnnotations(_Part, frozen=True, kw_only=True):
    """What a signed package was before it was signed, by which it is known when another key signs it."""

    unsigned_sha256: Sha256


class StatedFile(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A file by its name and digest."""

    name: str
    digest: Digest
    annotations: FileAnnotations | None = None


class BuildParameters(_Part, frozen=True, kw_only=True):
    """What was asked for."""

    organisation: str
    release: str
    targets: tuple[str, ...]


class BuildSettings(_Part, frozen=True, kw_only=True):
    """What trustpack chose by itself: the time stamp of everything built, and how packages are made."""

    epoch: Second
    packaging_revision: int


class StatedApproval(_Part, frozen=True, kw_only=True):
    """Who approved the lock, and the fingerprint of the key that says so."""

    name: str
    key: str


class BuildDefinition(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """What was built, and from what."""

    build_type: Literal["urn:trustpack:build:1"]
    external_parameters: BuildParameters
    internal_parameters: BuildSettings
    resolved_dependencies: tuple[StatedFile, ...]
    # An extension is called after who has it, so that no later version of SLSA means another thing by it.
    approvals: tuple[StatedApproval, ...] = msgspec.field(default=(), name="trustpack_approvals")


class BuilderIdentity(_Part, frozen=True, kw_only=True):
    """What built: an address of the owner's choice, and the versions of what ran there."""

    id: str
    version: dict[str, str]


class RunMetadata(_Part, frozen=True, kw_only=True):
    """Which run it was: the address of a job, say."""

    invocation_id: str


class RunDetails(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """What built, in which run, and what else came of it."""

    builder: BuilderIdentity
    metadata: RunMetadata | None = None
    byproducts: tuple[StatedFile, ...] = ()


class Provenance(_Part, frozen=True, kw_only=True):
    """SLSA's predicate."""

    build_definition: BuildDefinition
    run_details: RunDetails


class Statement(_Part, frozen=True, kw_only=True):
    """A statement about files; `subject` are these."""

    type: Literal["https://in-toto.io/Statement/v1"] = msgspec.field(default=TYPE, name="_type")
    subject: tuple[StatedFile, ...]
    predicate_type: Literal["https://slsa.dev/provenance/v1"] = PREDICATE
    predicate: Provenance


def stated(name: str, sha256: str, unsigned: str = "") -> StatedFile:
    """Return what a statement says of a file; `unsigned` is the digest that it had before it was signed."""
    annotations = FileAnnotations(unsigned_sha256=unsigned) if unsigned else None
    return StatedFile(name=name, digest=Digest(sha256=sha256), annotations=annotations)


def about(statement: Statement, manifest: Manifest) -> Statement:
    """Return the statement with the files of a release as they are now, such as signed ones."""
    subject = tuple(stated(entry.file, entry.sha256, entry.unsigned) for entry in manifest.artifacts)
    byproducts = tuple(stated(one.file, one.sha256) for one in manifest.documents if one.kind in _BYPRODUCTS)
    run = replace(statement.predicate.run_details, byproducts=byproducts)
    return replace(statement, subject=subject, predicate=replace(statement.predicate, run_details=run))


def encode(statement: Statement) -> bytes:
    """Return the one way to write a statement down: JSON in ASCII."""
    return (json.dumps(msgspec.to_builtins(statement), indent=2, ensure_ascii=True) + "\n").encode("ascii")


def decode(data: bytes, where: str) -> Statement:
    """Return the statement that a file holds; raise OutputError for what trustpack never wrote so."""
    try:
        found = msgspec.json.decode(data, type=Statement)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if found is None or encode(found) != data:
        raise OutputError(
            f"{where}: is no statement that trustpack wrote", hint="see 'trustpack docs provenance'"
        )
    return found
