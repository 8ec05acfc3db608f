"""What `batch build` makes of one organisation in a worker: what `trustpack build` makes of it, in memory."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec

from builder.batch.verdict import changes
from builder.errors import ConfigError, ReleaseError
from builder.model import Artifact, Severity
from builder.model.release import counted_on, one_way
from builder.pipeline import build as pipeline
from builder.pipeline.accept import accept
from builder.pipeline.plan import refuse_warned, warnings
from builder.pipeline.request import request
from builder.release.manifest import Manifest, decoded
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.batch.job import Job, JobSettings
    from builder.pipeline.project import Project
    from builder.pipeline.request import BuildRequest

_MOST_WARNINGS = 20
_MOST_BYTES = 64 * 1024 * 1024  # of all packages; those of a hundred CAs have three
_LONGEST = 500  # characters of one


class BuiltRelease(msgspec.Struct, frozen=True):
    """A release that has been made: its manifest, its files, and what `build` would warn of.

    `until` is when the same input may be judged otherwise.
    """

    manifest: Manifest
    artifacts: list[Artifact]
    until: dt.datetime
    warnings: list[str] = []


def run(project: Project, job: Job, settings: JobSettings) -> BuiltRelease:
    """Build an organisation's packages as `trustpack build` does, but for writing them."""
    out = f"the output of {job.slug}"
    previous = decoded(job.previous, out) if job.previous else None
    accepted = accept(project)
    wanted = request(project, accepted.bundle, targets=settings.targets)
    since = None if project.lock else previous
    warned = warnings(project, accepted.bundle, since)
    refuse_warned(project, warned)
    refuse_other_scheme(project, wanted, since)
    artifacts, manifest = pipeline.make(wanted, previous, out)
    _refuse_large(project, artifacts)
    said = [
        *(f"{one.origin}: {one.message}" for one in accepted.findings if one.severity is Severity.WARNING),
        *wanted.warnings,
        *(one.text for one in warned),
    ]
    return BuiltRelease(
        manifest=manifest,
        artifacts=artifacts,
        until=changes(project, accepted.bundle),
        warnings=[_told(text, project, settings) for text in said[:_MOST_WARNINGS]],
    )


def refuse_other_scheme(project: Project, wanted: BuildRequest, previous: Manifest | None) -> None:
    """Raise ReleaseError where releases would be numbered in another way, as `build` asks about."""
    two = pipeline.successive(wanted, previous)
    if two and (said := one_way(*two)):
        raise ReleaseError(
            f"{project.file}: {said}",
            hint=f"build it by itself with --change-scheme; to go on as before, set release: "
            f"{counted_on(two[0]).text}",
        )


def _refuse_large(project: Project, artifacts: Sequence[Artifact]) -> None:
    """Raise ConfigError for packages that nobody's CAs need: who collects them has others' in memory, too."""
    size = sum(len(one.data) for one in artifacts)
    if size > _MOST_BYTES:
        raise ConfigError(
            f"{project.file}: its packages have {size} bytes, and at most {_MOST_BYTES} are collected",
            hint="which recipe makes so much?",
        )


def _told(text: str, project: Project, settings: JobSettings) -> str:
    text = text.replace(str(project.folder.parent), settings.orgs)
    return visible(text[:_LONGEST])
