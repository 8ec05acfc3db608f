"""A report on hosts as CSV (RFC 4180), for spreadsheets: where no cell is ever a formula."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from builder.text.quoting import visible
from builder.text.times import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.doctor.hosts import AuthorityOutlook, HostsReport, JudgedHost

COLUMNS = (
    "host", "machine", "system", "release", "time", "status", "counted", "sha256", "subject", "authority",
    "standing", "state", "kind", "what", "where", "user", "mend",
)  # fmt: skip
# What spreadsheets begin a formula with, also in the wide forms of East Asian keyboards; see CSV_Injection at
# https://owasp.org/www-community/attacks/.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def as_csv(report: HostsReport) -> str:
    """Return a line for each host and CA, and for each store of the host that has something wrong with it."""
    out = io.StringIO()
    rows = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    rows.writerow(COLUMNS)
    for host in report.hosts:
        for one in report.authorities:
            rows.writerows([_cell(value) for value in row] for row in _rows(host, one))
    return out.getvalue()


def _rows(host: JudgedHost, one: AuthorityOutlook) -> Iterator[tuple[str, ...]]:
    report = host.report
    known = (report.system, report.release, stamp(report.time)) if report else ("", "", "")
    begin: tuple[str, ...] = (host.name, host.machine, *known, host.status, "yes" if host.counted else "no")
    begin += (one.sha256, one.subject, one.state, host.standings[one.sha256])
    found = host.findings(one.sha256)
    for each in found:
        yield (*begin, each.state, each.kind, each.what, each.where, each.user, each.mend)
    if not found:
        yield (*begin, *[""] * (len(COLUMNS) - len(begin)))


def _cell(text: str) -> str:
    """Return a cell's text; an apostrophe in front lets spreadsheets take it for text."""
    shown = visible(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown
