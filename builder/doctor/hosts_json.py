"""A report on hosts as JSON: what `plan --hosts` and `lock --hosts` read, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from builder.text import shares
from builder.text.printed import printed
from builder.text.times import stamp

if TYPE_CHECKING:
    from builder.doctor.hosts import AuthorityOutlook, HostsReport, JudgedHost


def as_json(report: HostsReport) -> str:
    """Return the report as JSON in ASCII."""
    gathered = report.gathered
    return printed(
        {
            "organisation": report.organisation,
            "release": report.release,
            "time": stamp(report.now),
            "max_age_days": report.max_age.days,
            "at_least": shares.written(report.at_least),
            "inventory": report.inventory,
            "good": report.good,
            "counts": {"hosts": len(report.counted), **report.statuses()},
            "authorities": [_authority(report, one) for one in report.authorities],
            "more_authorities": report.more_authorities,
            "hosts": [_host(one) for one in report.hosts],
            "shared": [{"machine": key, "names": list(names)} for key, names in gathered.shared.items()],
            "alike": [{"name": name, "machines": count} for name, count in report.alike.items()],
            "others": gathered.others,
            "unreadable": [msgspec.to_builtins(one) for one in gathered.unreadable],
            "more_unreadable": gathered.more_unreadable,
        }
    )


def _authority(report: HostsReport, one: AuthorityOutlook) -> dict[str, Any]:
    return {
        "sha256": one.sha256,
        "subject": one.subject,
        "state": one.state,
        "not_after": one.not_after,
        "trusted": one.hosts.get("trusted", 0),
        "lacking": one.hosts.get("lacking", 0),
        "present": one.hosts.get("present", 0),
        "absent": one.hosts.get("absent", 0),
        "unknown": one.hosts.get("unknown", 0),
        "enough": report.enough(one) if one.wanted else None,
    }


def _host(one: JudgedHost) -> dict[str, Any]:
    report = one.report
    standings = one.standings.items()
    return {
        "name": one.name,
        "machine": one.machine,
        "system": report.system if report else "",
        "description": report.description if report else "",
        "release": report.release if report else "",
        "time": stamp(report.time) if report else "",
        "status": one.status,
        "counted": one.counted,
        "trusted": sorted(key for key, standing in standings if standing == "trusted"),
        "lacking": sorted(key for key, standing in standings if standing == "lacking"),
        "present": sorted(key for key, standing in standings if standing == "present"),
        "findings": [msgspec.to_builtins(each) for each in report.findings] if report else [],
        "more": report.more if report else 0,
    }
