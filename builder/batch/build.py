"""`batch build`: read what each organisation gave, skip what is built, and write what workers make."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  msgspec reads annotations at run time
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from builder.batch import engine, given, organisations
from builder.batch import record as records
from builder.batch.building import BuiltRelease
from builder.batch.job import Job, JobSettings
from builder.batch.product import product
from builder.batch.report import BatchReport, BatchRow, BatchStatus
from builder.errors import OutputError, TrustpackError
from builder.render import recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from builder.batch.engine import Pool
    from builder.batch.given import Given
    from builder.batch.job import JobFault, JobOutcome
    from builder.batch.organisations import Organisations
    from builder.batch.outputs import Outputs


class BatchOrder(msgspec.Struct, frozen=True):
    """What a command's options say of a batch."""

    now: dt.datetime
    source_date_epoch: int | None = None
    targets: list[str] | None = None
    only: list[str] | None = None
    allow_urls: bool = False
    allow_recipes: bool = False
    dry_run: bool = False


class BatchBuild:
    """One batch: what is known of each organisation so far."""

    def __init__(
        self,
        place: Organisations,
        out: Outputs,
        order: BatchOrder,
        progress: Callable[[BatchReport], None],
        verb: str = "building",
    ) -> None:
        self.place, self.out, self.order, self.progress = place, out, order, progress
        if order.targets and not order.allow_recipes:  # else some organisation may bring it
            recipe.select(recipe.sources(), order.targets)
        found = organisations.find(place, order.only)
        self.slugs = found.slugs
        self.waiting: dict[str, tuple[bytes, str]] = {}  # the previous manifest, and the key
        self.settings = JobSettings(
            verb=verb,
            orgs=place.name,
            now=order.now,
            product=product(),
            source_date_epoch=order.source_date_epoch,
            targets=order.targets,
            allow_urls=order.allow_urls,
            allow_recipes=order.allow_recipes,
        )
        self.common = records.common((
            product(), order.source_date_epoch, order.targets, order.allow_urls, order.allow_recipes
        ))  # fmt: skip
        self.found = found
        self.report = BatchReport(place.name, out.name, order.now, len(self.slugs) + len(found.refused), [])

    def jobs(self) -> Iterator[Job]:
        """Yield what is to be built; of what is not, say so."""
        for one in given.read(self.place, self.found):
            self.report.total += bool(one.realm)
            if one.fault:
                self.fail(one.slug, one.fault)
                continue
            try:
                job, key, release = self._looked_at(one)
            except TrustpackError as error:
                self.fail(one.slug, given.fault(error))
                continue
            if job is None:
                self.tell(BatchRow(one.slug, BatchStatus.SKIPPED, release))
            elif self.order.dry_run:
                self.tell(BatchRow(one.slug, BatchStatus.BUILT))
            else:
                self.waiting[one.slug] = job.previous, key
                yield job

    def _looked_at(self, one: Given) -> tuple[Job | None, str, str]:
        """Return the job of what an organisation gave and its key; or none, and the release that is there."""
        held, key = self.out.held(one.slug), records.key(one.slug, one.files, self.common)
        found = records.release(held.manifest) if held.record else None
        fits = found and records.fits(held.record, key, found, self.order.now)
        if found and fits and self.out.is_whole(one.slug, found.sizes):
            return None, key, found.release
        return one.job(self.place.name, held.manifest), key, ""

    def fail(self, slug: str, fault: JobFault, seconds: float = 0.0) -> None:
        """Note why nothing came of an organisation."""
        self.tell(BatchRow(slug, BatchStatus.FAILED, "", seconds, fault.message, fault.hint))

    def hear(self, outcome: JobOutcome) -> None:
        """Write what came of a job."""
        slug, fault = outcome.slug, outcome.fault
        previous, key = self.waiting.pop(slug)
        if fault:
            self.fail(slug, fault, outcome.seconds)
            return
        made = msgspec.msgpack.decode(outcome.value, type=BuiltRelease)
        record = records.BatchRecord(key, records.content(made.manifest), self.order.now, made.until)
        try:
            self.out.write(slug, previous, made.artifacts, made.manifest, records.encoded(record))
        except TrustpackError as error:
            self.fail(slug, given.fault(error), outcome.seconds)
            return
        release = made.manifest.release
        self.tell(BatchRow(slug, BatchStatus.BUILT, release, outcome.seconds, warnings=made.warnings))

    def _vanished(self) -> Iterator[str]:
        """Yield what the output has and nobody asks for; of one that failed, no realm is known."""
        rows = self.report.rows
        unknown = tuple(f"{slug}-" for slug, row in rows.items() if row.status is BatchStatus.FAILED)
        for name in set(self.out.names()) - set(rows) - set(self.slugs):
            if not name.startswith(unknown):
                yield name

    def tell(self, row: BatchRow) -> None:
        """Note what came of an organisation."""
        self.report.add(row)
        self.progress(self.report)

    def end(self) -> None:
        """Note what was not reached, and what is there no more."""
        self.report.vanished = [] if self.order.only else sorted(self._vanished())
        for slug in self.slugs:
            if slug not in self.report.rows:
                self.report.add(BatchRow(slug, BatchStatus.LEFT))

    def keep(self) -> None:
        """Write the report; where that cannot be done, the report says so: it is to be told all the same."""
        try:
            self.out.report(self.report.as_json())
        except OutputError as error:
            said = f"{error}; each release that was built is there, whole, but the report"
            self.report.unkept = OutputError(said, hint=error.hint)


def build(
    place: Organisations,
    out: Outputs,
    order: BatchOrder,
    pool: Callable[[], AbstractContextManager[Pool]],
    *,
    progress: Callable[[BatchReport], None] = lambda _: None,
) -> BatchReport:
    """Build the organisations of a place into `out`, and return what came of each.

    `pool` starts the workers, where there is something to do. An interruption leaves a report of what is
    done; `unkept` says why one that is returned could not be written. Raises OutputError where another batch
    writes to `out`, ToolError where there are no workers.
    """
    if order.dry_run:
        batch = BatchBuild(place, out, order, progress)
        for _ in batch.jobs():
            pass
        batch.end()
        return batch.report
    with out.alone():
        batch = BatchBuild(place, out, order, progress)
        try:
            jobs = batch.jobs()
            if first := next(jobs, None):
                with pool() as workers:
                    for outcome in engine.run(workers, chain([first], jobs), batch.settings):
                        batch.hear(outcome)
        finally:
            batch.end()
            batch.keep()
    return batch.report
