"""`batch plan`: what the next `batch build` would add and remove, organisation by organisation."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from builder.batch import engine, faults
from builder.batch.build import BatchBuild
from builder.batch.planning import PlannedRelease
from builder.batch.report import BatchRow, BatchStatus
from builder.text.printed import printed
from builder.text.quoting import visible
from builder.text.times import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from builder.batch.build import BatchOrder
    from builder.batch.engine import Pool
    from builder.batch.organisations import Organisations
    from builder.batch.outputs import Outputs
    from builder.batch.report import BatchReport
    from builder.model import CertificateSummary


class PlanReport(msgspec.Struct, frozen=True):
    """What would come of a batch, and of what it would build the plan."""

    report: BatchReport
    planned: dict[str, PlannedRelease]

    @property
    def wants_attention(self) -> bool:
        """Whether somebody has to do something before the batch."""
        return bool(self.report.faults) or any(one.warnings for one in self.planned.values())

    def as_text(self) -> str:
        """Return each plan, what would fail, and a line that sums it up."""
        lines = [line for slug, one in sorted(self.planned.items()) for line in _lines(slug, one)]
        lines += faults.lines(self.report.faults)
        lines += self.report.vanished_lines()
        lines.append(self.report.summed_up(dry_run=True))
        return "".join(f"{visible(line)}\n" for line in lines)

    def as_json(self) -> str:
        """Return everything as JSON in ASCII."""
        counts = self.report.counts
        return printed({
            "now": stamp(self.report.now),
            "organisations": self.report.orgs,
            "out": self.report.out,
            "unchanged": counts[BatchStatus.SKIPPED],
            "vanished": self.report.vanished,
            "plans": [_value(slug, one) for slug, one in sorted(self.planned.items())],
            "failed": faults.values(self.report.faults),
        })  # fmt: skip


def plan(
    place: Organisations,
    out: Outputs,
    order: BatchOrder,
    pool: Callable[[], AbstractContextManager[Pool]],
    *,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> PlanReport:
    """Return what a batch of this order would make; raises UsageError, ToolError without workers."""

    def tell(report: BatchReport) -> None:
        progress(len(report.rows), report.total, "planned")

    batch = BatchBuild(place, out, order, tell, verb="planning")
    planned: dict[str, PlannedRelease] = {}
    jobs = batch.jobs()
    if first := next(jobs, None):
        with pool() as workers:
            for outcome in engine.run(workers, chain([first], jobs), batch.settings):
                batch.waiting.pop(outcome.slug)
                if outcome.fault:
                    batch.fail(outcome.slug, outcome.fault, outcome.seconds)
                    continue
                found = msgspec.msgpack.decode(outcome.value, type=PlannedRelease)
                planned[outcome.slug] = found
                batch.tell(BatchRow(outcome.slug, BatchStatus.BUILT, found.release, outcome.seconds))
    batch.end()
    return PlanReport(batch.report, planned)


def _lines(slug: str, one: PlannedRelease) -> Iterator[str]:
    before = f", after {one.before}" if one.before else ""
    same = "" if one.change else " (the same CAs)"
    yield f"{slug}: release {one.release}{before}{same}"
    yield from (f"  {line}" for line in one.change.lines)
    yield from (f"  warning: {text}" for text in one.warnings)
    if one.stops:
        yield "  and lifecycle.fail_on lets it stop the build"


def _value(slug: str, one: PlannedRelease) -> dict[str, Any]:
    return {
        "slug": slug,
        "before": one.before,
        "release": one.release,
        "added": [_certificate(item) for item in one.change.added],
        "removed": [_certificate(item) for item in one.change.removed],
        "moved": [_certificate(item) | {"state_before": old.state} for old, item in one.change.moved],
        "warnings": one.warnings,
        "stops": one.stops,
    }


def _certificate(item: CertificateSummary) -> dict[str, Any]:
    return {
        "sha256": item.sha256,
        "subject": item.subject,
        "not_after": stamp(item.ends),
        "state": item.state,
    }
