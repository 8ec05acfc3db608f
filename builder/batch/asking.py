"""Ask something about each organisation of a place: workers answer, and nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.batch import engine, given, organisations
from builder.batch.job import Job, JobOutcome
from builder.errors import TrustpackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from builder.batch.engine import Pool
    from builder.batch.given import Given
    from builder.batch.job import JobSettings
    from builder.batch.organisations import Organisations


def ask(
    place: Organisations,
    settings: JobSettings,
    pool: Callable[[], AbstractContextManager[Pool]],
    *,
    only: Iterable[str] | None = None,
    job: Callable[[Given], Job | None] | None = None,
) -> Iterator[JobOutcome]:
    """Yield what comes of each organisation and realm, in whatever order: also of those with a fault.

    `job` makes one of what an organisation gave, or none where there is nothing to ask. Raises UsageError for
    one of `only` that is not there, ToolError where there are no workers.
    """
    found = organisations.find(place, only)
    faults: list[JobOutcome] = []
    prepare = job or (lambda one: one.job(place.name))

    def jobs() -> Iterator[Job]:
        for one in given.read(place, found):
            if one.fault:
                faults.append(JobOutcome(one.slug, one.fault))
                continue
            try:
                prepared = prepare(one)
            except TrustpackError as error:
                faults.append(JobOutcome(one.slug, given.fault(error)))
                continue
            if prepared:
                yield prepared

    yield from _run(jobs(), settings, pool)
    yield from faults


def _run(
    jobs: Iterator[Job], settings: JobSettings, pool: Callable[[], AbstractContextManager[Pool]]
) -> Iterator[JobOutcome]:
    """Yield what comes of jobs; workers are started where there is one."""
    from itertools import chain

    if first := next(jobs, None):
        with pool() as workers:
            yield from engine.run(workers, chain([first], jobs), settings)
