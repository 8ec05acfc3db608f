"""A release is held to its statement of provenance, and that to the envelope in which it is signed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from builder.errors import OutputError, SignatureError, VerificationError
from builder.provenance import source
from builder.provenance import statement as statements
from builder.provenance.seal import document
from builder.provenance.verification import Discrepancy, Examination
from builder.release.manifest import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.provenance.statement import StatedFile, Statement
    from builder.release.manifest import DocumentSummary, Manifest
    from builder.signing.site_verifier import SiteVerifier

_NONE = "because the release has no statement: 'trustpack attest' makes one"


def verify(
    manifest: Manifest, data: Mapping[str, bytes], keys: SiteVerifier | None
) -> tuple[tuple[Discrepancy, ...], Examination]:
    """Return what differs from a release's statement; it counts as verified if one of the keys has signed it.

    `data` are the release's files by name. One that is not what the manifest says has been told already.
    """
    summary = document(manifest, "statement")
    if summary is None:
        return (), Examination("statement", False, f"no provenance verified, {_NONE}")
    if not _is_intact(summary, data):
        return (), Examination("statement", False, f"{summary.file} not verified, because it was changed")
    try:
        found = statements.decode(data[summary.file], summary.file)
    except OutputError:
        wrong = Discrepancy(summary.file, "is no statement that trustpack wrote")
        return (wrong,), Examination("statement", False, "no provenance verified, because it cannot be read")
    differing = (
        *_about(found, manifest, summary.file),
        *_files(found, manifest, data, summary.file),
        *_materials(found, manifest, data, summary.file),
    )
    signed, examined = _envelope(manifest, data, keys, summary)
    return (*differing, *signed), examined


def _is_intact(summary: DocumentSummary, data: Mapping[str, bytes]) -> bool:
    return hashlib.sha256(data.get(summary.file, b"")).hexdigest() == summary.sha256


def _about(found: Statement, manifest: Manifest, name: str) -> Iterator[Discrepancy]:
    """Compare which release it is, made when and by what."""
    definition, run = found.predicate.build_definition, found.predicate.run_details
    asked = definition.external_parameters
    for what, said, stated in (
        ("organisation", manifest.organisation, asked.organisation),
        ("release", manifest.release, asked.release),
        ("epoch", str(manifest.epoch), str(definition.internal_parameters.epoch)),
        ("trustpack", manifest.trustpack, run.builder.version.get("trustpack", "")),
    ):
        if said != stated:
            yield Discrepancy(MANIFEST, f"says {what} {said}, and {name} says {stated}")


def _files(
    found: Statement, manifest: Manifest, data: Mapping[str, bytes], name: str
) -> Iterator[Discrepancy]:
    """Compare every file that it is about, in both directions."""
    again = statements.about(found, manifest)
    for stated, described in (
        (found.subject, again.subject),
        (found.predicate.run_details.byproducts, again.predicate.run_details.byproducts),
    ):
        said, known = _by_name(stated), _by_name(described)
        for file in sorted(known.keys() - said.keys()):
            yield Discrepancy(file, f"is in the release, and {name} does not know it")
        for file in sorted(said.keys() - known.keys()):
            yield Discrepancy(MANIFEST, f"lacks {file}, which {name} is about")
        for file in sorted(said.keys() & known.keys()):
            digest = hashlib.sha256(data.get(file, b"")).hexdigest()
            if said[file] != digest and digest == known[file]:
                yield Discrepancy(file, f"is not the file that {name} is about")
        if stated != described and {*said.items()} == {*known.items()}:
            yield Discrepancy(MANIFEST, f"has its files in another order than {name}")


def _by_name(files: tuple[StatedFile, ...]) -> dict[str, str]:
    return {one.name: one.digest.sha256 for one in files}


def _materials(
    found: Statement, manifest: Manifest, data: Mapping[str, bytes], name: str
) -> Iterator[Discrepancy]:
    """Compare what it says that the release was made from with what is in source.tar."""
    summary = document(manifest, "source")
    if summary is None or not _is_intact(summary, data):
        return
    try:
        files = source.read(data[summary.file], summary.file)
    except VerificationError:
        return  # that is told where it is to be built
    for file, digest in _by_name(found.predicate.build_definition.resolved_dependencies).items():
        if file not in files:
            yield Discrepancy(summary.file, f"lacks {file}, from which the release was made, as {name} says")
        elif hashlib.sha256(files[file]).hexdigest() != digest:
            yield Discrepancy(summary.file, f"has another {file} than {name} says")


def _envelope(
    manifest: Manifest, data: Mapping[str, bytes], keys: SiteVerifier | None, statement: DocumentSummary
) -> tuple[tuple[Discrepancy, ...], Examination]:
    """Open the envelope: what is in it must be the statement, to the last byte."""
    summary = document(manifest, "envelope")
    if keys is None or not keys.statement_keys:
        said = f"{statement.file} held to the files alone, because no key for statements was given (--keys)"
        return (), Examination("statement", False, said)
    if summary is None:
        said = f"{statement.file} not verified, because it is not signed"
        wrong = Discrepancy(statement.file, "is in no envelope: nobody has signed it")
        return (wrong,), Examination("statement", False, said)
    if not _is_intact(summary, data):
        return (), Examination(
            "statement", False, f"{statement.file} not verified, because {summary.file} was changed"
        )
    try:
        inside = keys.statement(data[summary.file], summary.file)
    except SignatureError as error:
        wrong = Discrepancy(summary.file, str(error).removeprefix(f"{summary.file}: "))
        return (wrong,), Examination(
            "statement", False, f"{statement.file} not verified, because {summary.file} does not hold"
        )
    if inside != data[statement.file]:
        wrong = Discrepancy(summary.file, f"holds another statement than {statement.file}")
        return (wrong,), Examination(
            "statement", False, f"{statement.file} not verified, because another is signed"
        )
    said = f"{statement.file}, signed in {summary.file}, about {len(manifest.artifacts)} files"
    return (), Examination("statement", True, said)
