"""What `batch check` asks a worker of one organisation: its CAs, as far as they can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.lifecycle import lock
from builder.model import CertificateSummary
from builder.pipeline.accept import survey

if TYPE_CHECKING:
    from builder.batch.job import Job, JobSettings
    from builder.pipeline.project import Project

CAS = tuple[CertificateSummary, ...]


def run(project: Project, job: Job, settings: JobSettings) -> CAS:  # noqa: ARG001  every verb is given them
    """Return the CAs that a bundle holds and where each is in its life, whatever lint says of them."""
    stages = project.lifecycle
    return tuple(stages.stage(item.sha256).of(item) for item in lock.describe(survey(project), stages))
