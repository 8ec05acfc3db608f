"""Give a release its documents: bill of materials, statement and notes, all made from what is in the project.

Everything is built once more and compared, so that the statement tells what was seen and not what is hoped.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from builder import PACKAGING_REVISION, __version__
from builder.errors import OutputError
from builder.pipeline import build
from builder.provenance import materials, notes, sbom, source
from builder.provenance import statement as statements
from builder.provenance.statement import StatedApproval  # noqa: TC001  msgspec reads annotations
from builder.release import documents
from builder.release import folder as folders
from builder.release.documents import ReleaseDocument
from builder.signing import finished

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.model import CertificateSummary
    from builder.pipeline.project import Project
    from builder.pipeline.request import BuildRequest
    from builder.provenance.statement import Statement
    from builder.release.manifest import DocumentKind, Manifest

_AGAIN = "build it from this project, with the options that are configured: trustpack build"


class Attestation(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement is to say beyond what is found; `builder` and `run` are URIs of the owner's choice.

    `changes` are those since the release before, where the lock does not tell them.
    """

    version: sbom.Version = "1.6"
    builder: str = statements.UNNAMED
    run: str = ""
    changes: notes.TrustChanges | None = None
    approvals: tuple[StatedApproval, ...] = ()


def attest(
    project: Project,
    request: BuildRequest,
    folder: Path,
    order: Attestation,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Give the release in `folder` its documents, and return its manifest.

    Raises SiteError where it holds none, or a package is not what the manifest describes, OutputError where
    that is not what `request` builds; then nothing is written.
    """
    finished.artifacts(folder, finished.described(folder))
    with folders.claimed(folder) as claim:
        manifest = documents.required(claim)
        _expect_same(folder, manifest, request, progress)
        stem = f"{manifest.organisation}-{manifest.release}"
        changes = notes.of_history(project.lock.history, manifest.release) if project.lock else None
        made = [
            ReleaseDocument(f"{stem}.cdx.json", "sbom", sbom.make(manifest, order.version)),
            ReleaseDocument(
                f"{stem}.notes.md", "notes", notes.make(manifest, changes or order.changes, order.approvals)
            ),
        ]
        offered = project.config.provenance.source == "offer"
        if offered:
            made.append(ReleaseDocument(f"{stem}.source.tar", "source", source.make(project, request.bundle)))
        withheld: tuple[DocumentKind, ...] = () if offered else ("source",)
        after = documents.described(manifest, made, dropped=withheld)
        stated = statements.encode(_statement(project, request, after, order))
        made.append(ReleaseDocument(f"{stem}.intoto.json", "statement", stated))
        # An envelope has a copy of the statement: another one makes it untrue.
        outdated: tuple[DocumentKind, ...] = () if made[-1].summary in manifest.documents else ("envelope",)
        return documents.attach(claim, made, dropped=(*withheld, *outdated))


def _expect_same(
    folder: Path, manifest: Manifest, request: BuildRequest, progress: Callable[[str], None]
) -> None:
    """Raise OutputError unless the project builds these very packages, of these CAs."""
    _expect_cas(folder, manifest, request)
    built = {
        one.filename: hashlib.sha256(one.data).hexdigest()
        for one in build.again(request, manifest, progress=progress)
    }
    for entry in manifest.artifacts:
        if built.get(entry.file) != entry.identity:
            raise OutputError(f"{folder / entry.file}: is not what this project builds", hint=_AGAIN)


def _expect_cas(folder: Path, manifest: Manifest, request: BuildRequest) -> None:
    if manifest.organisation != request.organisation.slug:
        owner = request.organisation.slug
        raise OutputError(
            f"{folder}: is a release of {manifest.organisation}, and the project is {owner}'s",
            hint="name the folder of its own release",
        )
    if request.release and request.release.text != manifest.release:
        raise OutputError(
            f"{folder}: holds release {manifest.release}, and the project is at {request.release.text}",
            hint=_AGAIN,
        )
    for held, bundled in (
        (manifest.certificates, request.bundle.certificates),
        (manifest.distrusted, request.bundle.distrusted),
    ):
        if _fingerprints(held) != [one.sha256 for one in bundled]:
            raise OutputError(f"{folder}: is a release of other CAs than the project's", hint=_AGAIN)


def _fingerprints(items: tuple[CertificateSummary, ...]) -> list[str]:
    return [one.sha256 for one in items]


def _statement(project: Project, request: BuildRequest, manifest: Manifest, order: Attestation) -> Statement:
    targets = tuple(dict.fromkeys(entry.target for entry in manifest.artifacts))
    sources = [each for each in request.sources if each.target in targets]
    found = materials.gather(project, request.bundle, sources)
    plain = statements.Statement(
        subject=(),
        predicate=statements.Provenance(
            build_definition=statements.BuildDefinition(
                build_type=statements.BUILD_TYPE,
                external_parameters=statements.BuildParameters(
                    organisation=manifest.organisation, release=manifest.release, targets=targets
                ),
                internal_parameters=statements.BuildSettings(
                    epoch=manifest.epoch, packaging_revision=PACKAGING_REVISION
                ),
                resolved_dependencies=tuple(statements.stated(one.name, one.sha256) for one in found),
                approvals=order.approvals,
            ),
            run_details=statements.RunDetails(
                builder=statements.BuilderIdentity(id=order.builder, version={"trustpack": __version__}),
                metadata=statements.RunMetadata(invocation_id=order.run) if order.run else None,
            ),
        ),
    )
    return statements.about(plain, manifest)
