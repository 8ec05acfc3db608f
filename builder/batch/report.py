"""What came of a batch, for people, programs and Prometheus."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

from builder import __version__
from builder.batch import faults
from builder.batch.job import JobFault
from builder.text import metrics
from builder.text.located import located
from builder.text.printed import printed
from builder.text.quoting import visible
from builder.text.times import stamp

if TYPE_CHECKING:
    import datetime as dt

    from builder.errors import OutputError


class BatchStatus(StrEnum):
    """What came of an organisation; one is left where the batch ended before it."""

    BUILT = "built"
    SKIPPED = "skipped"
    FAILED = "failed"
    LEFT = "left"


class BatchRow(msgspec.Struct, frozen=True):
    """One organisation: its release, the seconds of processor time it took, and why it failed, if it did."""

    slug: str
    status: BatchStatus
    release: str = ""
    seconds: float = 0.0
    message: str = ""
    hint: str = ""
    warnings: list[str] = []


class BatchReport:
    """A batch of `total` organisations, and what came of those that are done; it grows while others are."""

    def __init__(self, orgs: str, out: str, now: dt.datetime, total: int, vanished: list[str]) -> None:
        self.orgs, self.out, self.now, self.total, self.vanished = orgs, out, now, total, vanished
        self.rows: dict[str, BatchRow] = {}
        self.unkept: OutputError | None = None  # why the output has no such report
        self._counted = Counter[BatchStatus]()

    def add(self, row: BatchRow) -> None:
        """Note what came of an organisation, once."""
        self.rows[row.slug] = row
        self._counted[row.status] += 1

    @property
    def counts(self) -> dict[BatchStatus, int]:
        """How many organisations there are of each status, counted on the way: it is asked after each."""
        return {status: self._counted[status] for status in BatchStatus}

    @property
    def failed(self) -> bool:
        """Whether something is to be done."""
        return any(row.status in {BatchStatus.FAILED, BatchStatus.LEFT} for row in self.rows.values())

    @property
    def faults(self) -> dict[str, JobFault]:
        """Why nothing came of some."""
        rows = self.rows.values()
        return {row.slug: JobFault(row.message, row.hint) for row in rows if row.status is BatchStatus.FAILED}

    def vanished_lines(self) -> list[str]:
        """Return what people are told of organisations that are there no more."""
        return [
            f"vanished: {slug} is in {self.out} and not in {self.orgs}; nothing of it is removed"
            for slug in self.vanished
        ]

    def as_json(self) -> str:
        """Return everything as JSON in ASCII."""
        return printed({
            "now": stamp(self.now),
            "trustpack": __version__,
            "organisations": self.orgs,
            "out": self.out,
            "totals": {status.value: count for status, count in self.counts.items()},
            "seconds": round(sum(row.seconds for row in self.rows.values()), 3),
            "vanished": self.vanished,
            "results": [_value(self.rows[slug]) for slug in sorted(self.rows)],
        })  # fmt: skip

    def as_text(self, *, dry_run: bool = False) -> str:
        """Return what failed and why, and how many there are of each status."""
        lines = [*faults.lines(self.faults), *self.vanished_lines()]
        if dry_run:
            rows = [self.rows[slug] for slug in sorted(self.rows)]
            lines += [f"would build {row.slug}" for row in rows if row.status is BatchStatus.BUILT]
        lines.append(self.summed_up(dry_run=dry_run))
        return "".join(f"{visible(line)}\n" for line in lines)

    def summed_up(self, *, dry_run: bool) -> str:
        """Return how many there are of each status."""
        words = {BatchStatus.BUILT: "to build" if dry_run else "built", BatchStatus.LEFT: "not reached"}
        said = [
            f"{count} {words.get(status, status.value)}"
            for status, count in self.counts.items()
            if count or status is not BatchStatus.LEFT
        ]
        return f"{self.total} organisation{'s' * (self.total != 1)}: {', '.join(said)}"

    def as_openmetrics(self) -> str:
        """Return gauges in OpenMetrics, as the node exporter reads them, too: how many, and which failed."""
        lines = metrics.gauge("trustpack_batch_organisations", "How many organisations came out so.")
        lines += [
            f'trustpack_batch_organisations{{status="{status}"}} {n}' for status, n in self.counts.items()
        ]
        lines += metrics.gauge("trustpack_batch_failed", "An organisation that was not built.")
        lines += [
            f'trustpack_batch_failed{{organisation="{metrics.label(slug)}"}} 1'
            for slug, row in sorted(self.rows.items())
            if row.status is BatchStatus.FAILED
        ]
        lines += metrics.gauge(
            "trustpack_batch_timestamp_seconds", "When the batch ran, in seconds since 1970."
        )
        lines += [f"trustpack_batch_timestamp_seconds {int(self.now.timestamp())}", "# EOF"]
        return "\n".join(lines) + "\n"


def _value(row: BatchRow) -> dict[str, Any]:
    where, line, message = located(row.message) if row.message else ("", 0, "")
    return {
        "slug": row.slug,
        "status": row.status.value,
        "release": row.release,
        "seconds": round(row.seconds, 3),
        "where": where,
        "line": line,
        "message": message,
        "hint": row.hint,
        "warnings": row.warnings,
    }
