"""`batch check`: which CAs of which organisations end soon."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec

from builder.batch import asking, faults
from builder.batch.checking import CAS
from builder.lifecycle import expiry
from builder.text import metrics
from builder.text.printed import printed
from builder.text.quoting import visible
from builder.text.times import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from builder.batch.engine import Pool
    from builder.batch.job import JobFault, JobSettings
    from builder.batch.organisations import Organisations
    from builder.lifecycle.expiry import Expiry
    from builder.model import CertificateSummary


class _Watched(msgspec.Struct, frozen=True):
    """An organisation's CAs by fingerprint."""

    name: str
    certificates: Mapping[str, CertificateSummary]

    @property
    def organisation(self) -> str:
        """Whose they are."""
        return self.name


class ExpiryReport:
    """What has been found so far: each organisation's CAs and their ends, and which of them are `due`."""

    def __init__(self, orgs: str, now: dt.datetime, within: dt.timedelta) -> None:
        self.orgs, self.now, self.within = orgs, now, within
        self.checked = 0
        self.expiries: list[Expiry] = []
        self.due: list[Expiry] = []
        self.faults: dict[str, JobFault] = {}

    @property
    def done(self) -> int:
        """How many organisations and realms there have been."""
        return self.checked + len(self.faults)

    def add(self, slug: str, items: CAS) -> None:
        """Add what an organisation has."""
        watched = _Watched(slug, {item.sha256: item for item in items})
        found = expiry.judge([watched], now=self.now, within=self.within)
        self.expiries += found
        self.due += (one for one in found if one.due)
        self.checked += 1

    def sort(self) -> None:
        """Bring the CAs into the order of their ends."""
        for found in (self.expiries, self.due):
            found.sort(key=lambda one: (one.item.ends, one.organisation, one.item.sha256))

    def as_text(self) -> str:
        """Return what is due, the first end first, then what failed, and a line that sums it up."""
        due, days = self.due, self.within.days
        width = max((len(one.organisation) for one in due), default=0)
        lines = [
            f"{one.item.ends:%Y-%m-%d}  {one.organisation:<{width}}  {one.item.subject or 'no name'} "
            f"({one.item.sha256}): {expiry.when(one)}"
            for one in due
        ]
        lines += faults.lines(self.faults)
        lines.append(
            f"{self.done} organisation{'s' * (self.done != 1)}: {len(due)} of {len(self.expiries)} "
            f"certificates due within {days} days, {len(self.faults)} failed"
        )
        return "".join(f"{visible(line)}\n" for line in lines)

    def as_json(self) -> str:
        """Return everything as JSON in ASCII."""
        return printed({
            "now": stamp(self.now),
            "within_days": self.within.days,
            "organisations": self.orgs,
            "checked": self.checked,
            "due": len(self.due),
            "removals": sum(one.leaves for one in self.expiries),
            "certificates": [expiry.value(one) for one in self.expiries],
            "failed": faults.values(self.faults),
        })  # fmt: skip

    def as_openmetrics(self) -> str:
        """Return gauges: when each CA ends, and which organisations could not be looked at."""
        text = expiry.as_prometheus(self.expiries, now=self.now, within=self.within)
        name = "trustpack_batch_check_failed"
        lines = metrics.gauge(name, "An organisation that could not be checked.")
        lines += [f'{name}{{organisation="{metrics.label(slug)}"}} 1' for slug in sorted(self.faults)]
        return text + "\n".join(lines) + "\n# EOF\n"


def check(
    place: Organisations,
    settings: JobSettings,
    pool: Callable[[], AbstractContextManager[Pool]],
    *,
    within: dt.timedelta,
    only: list[str] | None = None,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> ExpiryReport:
    """Return which CAs of a place's organisations end soon; raises UsageError, ToolError without workers."""
    report, total = ExpiryReport(place.name, settings.now, within), len(place.names())
    for outcome in asking.ask(place, settings, pool, only=only):
        if outcome.fault:
            report.faults[outcome.slug] = outcome.fault
        else:
            report.add(outcome.slug, msgspec.msgpack.decode(outcome.value, type=CAS))
        progress(report.done, max(total, report.done), f"{len(report.due)} due")
    report.sort()
    return report
