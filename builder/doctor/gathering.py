"""Hosts' reports gathered: the newest of each host, what is none, and what is another organisation's."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from builder.doctor import host_report
from builder.errors import HostsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.doctor.documents import SourceDocument
    from builder.doctor.host_report import HostReport

MOST_HOSTS = 200_000
AHEAD = dt.timedelta(minutes=5)  # by which clocks differ
_MOST_UNREADABLE = 1_000


class UnreadableReport(msgspec.Struct, frozen=True):
    """A document that is no host's report."""

    message: str
    hint: str


class GatheredReports(msgspec.Struct, frozen=True):
    """The newest report of each host, what could not be read, and what was left out.

    `shared` has the machine ids under which several names reported: copies of one image, mostly.
    """

    organisation: str
    reports: tuple[HostReport, ...]
    unreadable: tuple[UnreadableReport, ...] = ()
    more_unreadable: int = 0
    others: int = 0
    shared: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


def gather(
    documents: Iterable[SourceDocument], *, organisation: str, now: dt.datetime, max_age: dt.timedelta
) -> GatheredReports:
    """Return each host's newest report, of `organisation` alone, or where it is empty of the only one.

    Raises UsageError where there are several, as nobody can tell which of them is meant.
    """
    newest: dict[str, HostReport] = {}
    names: dict[str, set[str]] = {}
    unreadable: list[UnreadableReport] = []
    slugs: Counter[str] = Counter()
    failed = 0
    for document in documents:
        try:
            report = host_report.read(document)
        except HostsError as error:
            failed += 1
            if failed <= _MOST_UNREADABLE:
                unreadable.append(UnreadableReport(str(error), error.hint))
            continue
        slugs[report.organisation] += 1
        if report.organisation != (organisation or report.organisation):
            continue
        _take(newest, report, now)
        if now - report.time <= max_age:  # who was renamed before that is not two
            names.setdefault(report.machine, set()).add(report.name)
    if not organisation and len(slugs) > 1:
        few = ", ".join(sorted(slugs)[:5])
        raise UsageError(
            f"the reports: are of {len(slugs)} organisations: {few}", hint="say which: --org NAME"
        )
    found = organisation or next(iter(slugs), "")
    return GatheredReports(
        organisation=found,
        reports=tuple(newest.values()),
        unreadable=tuple(unreadable),
        more_unreadable=failed - len(unreadable),
        others=sum(slugs.values()) - slugs[found],
        shared={key: tuple(sorted(all_)) for key, all_ in sorted(names.items()) if key and len(all_) > 1},
    )


def _take(newest: dict[str, HostReport], report: HostReport, now: dt.datetime) -> None:
    """Keep a report where it is its host's newest; one of a clock that is ahead only without another."""
    before = newest.get(report.key)
    if before is None and len(newest) >= MOST_HOSTS:
        raise UsageError(
            f"the reports: are of more than {MOST_HOSTS} hosts", hint="report on a part at a time"
        )
    if before is None or _rank(report, now) > _rank(before, now):
        newest[report.key] = report


def _rank(report: HostReport, now: dt.datetime) -> tuple[bool, dt.datetime, str]:
    return report.time - now <= AHEAD, report.time, report.where
