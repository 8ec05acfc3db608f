"""What `batch plan` asks a worker of one organisation: what a build would make of it, without making it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.batch.building import refuse_other_scheme
from builder.lifecycle import lock as locks
from builder.lifecycle.lock import Change  # noqa: TC001  msgspec reads annotations at run time
from builder.model.release import automatic
from builder.pipeline.accept import accept
from builder.pipeline.build import successive
from builder.pipeline.plan import released, warnings
from builder.pipeline.request import request
from builder.release.manifest import decoded

if TYPE_CHECKING:
    from builder.batch.job import Job, JobSettings
    from builder.pipeline.project import Project


class PlannedRelease(msgspec.Struct, frozen=True):
    """What would come after the release `before` (empty: none), and what is to be heeded first.

    With `stops`, the configuration lets that stop a build.
    """

    before: str
    release: str
    change: Change
    warnings: list[str] = []
    stops: bool = False


def run(project: Project, job: Job, settings: JobSettings) -> PlannedRelease:
    """Return what the next build would make; raises what it would raise before it makes anything."""
    previous = decoded(job.previous, f"the output of {job.slug}") if job.previous else None
    bundle = accept(project).bundle
    wanted = request(project, bundle, targets=settings.targets)
    since = None if project.lock else previous
    warned = warnings(project, bundle, since)
    refuse_other_scheme(project, wanted, since)
    following = successive(wanted, previous)
    first = wanted.release or automatic(wanted.today, None)
    return PlannedRelease(
        before=previous.release if previous else "",
        release=following[1].text if following else previous.release if previous else first.text,
        change=locks.compare(released(previous), locks.describe(bundle, project.lifecycle)),
        warnings=[one.text for one in warned],
        stops=bool(warned) and project.config.lifecycle.fail_on == "warning",
    )
