"""A report on hosts as OpenMetrics 1.0, for the node exporter's textfile collector or a scrape of a file.

No host has a series of its own: how many hosts there are is for the report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.doctor.hosts import UNWANTED, WANTED
from builder.text.metrics import gauge, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.doctor.hosts import HostsReport


def as_openmetrics(report: HostsReport) -> str:
    """Return the metrics; what a host has sent is in labels alone, and escaped there."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: HostsReport) -> Iterator[str]:
    whose = f'organisation="{label(report.organisation)}"'
    yield from gauge("trustpack_hosts", "Hosts that count, by what is known of them.")
    for status, count in report.statuses().items():
        yield f'trustpack_hosts{{{whose},status="{status}"}} {count}'
    yield from gauge("trustpack_hosts_authority", "Hosts that count, by where they stand for a CA.")
    for one in report.authorities:
        named = f'{whose},sha256="{one.sha256}",subject="{label(one.subject)}",state="{label(one.state)}"'
        for standing in WANTED if one.wanted else UNWANTED:
            count = one.hosts.get(standing, 0)
            yield f'trustpack_hosts_authority{{{named},standing="{standing}"}} {count}'
    yield from gauge("trustpack_hosts_unreadable", "Documents that are no host's report.")
    gathered = report.gathered
    yield f"trustpack_hosts_unreadable{{{whose}}} {len(gathered.unreadable) + gathered.more_unreadable}"
    yield from gauge("trustpack_hosts_report_timestamp_seconds", "When the report was made.")
    yield f"trustpack_hosts_report_timestamp_seconds{{{whose}}} {int(report.now.timestamp())}"
    yield "# EOF"
