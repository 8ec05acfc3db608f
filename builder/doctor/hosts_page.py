"""A report on hosts as one page that looks as the site's front page: no script, nothing from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.doctor.hosts_text import alike, called, outlook
from builder.render import template
from builder.render.shipped import ROOT
from builder.text import shares
from builder.text.times import stamp

if TYPE_CHECKING:
    from builder.doctor.host_report import StoreFinding
    from builder.doctor.hosts import AuthorityOutlook, HostsReport, JudgedHost

_TEMPLATES = ROOT / "templates" / "site"
_MOST_HOSTS = 2_000  # of one CA: a page of more is read by nobody
_MOST_STORES = 10  # of one host
_WORDS = {
    "fresh": "Reported",
    "incomplete": "Incomplete",
    "stale": "Too old",
    "future": "Clock ahead",
    "silent": "Silent",
}


class HostLine(msgspec.Struct, frozen=True):
    """One host that does not stand as it should, and the stores that are the reason."""

    name: str
    details: str
    stores: tuple[StoreFinding, ...]
    more: int


class AuthorityPart(msgspec.Struct, frozen=True):
    """What the page says of one CA; `width` is how much of the bar is full, of a hundred."""

    name: str
    sha256: str
    state: str
    said: str
    good: bool
    fill: str
    width: str
    hosts: tuple[HostLine, ...]
    more: int


def as_page(report: HostsReport) -> str:
    """Return the page; every text of a host is escaped, whatever it holds."""
    total = len(report.counted)
    statuses = report.statuses()
    scope = {
        "organisation": report.organisation or "nobody",
        "release": report.release or "unknown",
        "time": stamp(report.now),
        "days": report.max_age.days,
        "style": template.inline(_TEMPLATES / "page.css"),
        "style_hash": template.source_hash(_TEMPLATES / "page.css"),
        "total": f"{total:,}",
        "facts": [(_WORDS[word], f"{count:,}") for word, count in statuses.items()],
        "good": report.good and not report.gathered.unreadable,
        "parts": [_part(report, one) for one in report.authorities],
        "missed": [
            _missed(report, word) for word in ("silent", "stale", "future", "incomplete") if statuses[word]
        ],
        "unlisted": [called(one) for one in report.unlisted][:_MOST_HOSTS],
        "alike": [alike(name, count) for name, count in report.alike.items()][:100],
        "shared": [(key[:8], ", ".join(names[:20])) for key, names in report.gathered.shared.items()][:100],
        "unreadable": report.gathered.unreadable[:100],
        "failed": len(report.gathered.unreadable) + report.gathered.more_unreadable,
        "others": report.gathered.others,
        "invented": report.more_authorities,
        "inventory": report.inventory,
    }
    return template.page(_TEMPLATES, "hosts.html.j2", scope).decode("utf-8")


def _part(report: HostsReport, one: AuthorityOutlook) -> AuthorityPart:
    wrong = [host for host in report.counted if host.standings[one.sha256] in {"lacking", "present"}]
    total, said = len(report.counted), outlook(report, one)
    count = one.hosts.get("trusted" if one.wanted else "absent", 0)
    return AuthorityPart(
        name=one.subject or "no name",
        sha256=one.sha256,
        state=one.state,
        said=said[:1].upper() + said[1:],
        good=count == total,
        fill=one.state if one.wanted else "active",
        width=shares.told(count, total).split(" ")[0],
        hosts=tuple(_line(host, one) for host in wrong[:_MOST_HOSTS]),
        more=max(0, len(wrong) - _MOST_HOSTS),
    )


def _line(host: JudgedHost, one: AuthorityOutlook) -> HostLine:
    found = host.findings(one.sha256)
    said = host.report.description or host.report.system if host.report else ""
    release = f"its doctor is of release {host.report.release}" if host.report and not found else ""
    details = ", ".join(filter(None, (said, release)))
    return HostLine(called(host), details, tuple(found[:_MOST_STORES]), max(0, len(found) - _MOST_STORES))


def _missed(report: HostsReport, status: str) -> tuple[str, str, list[tuple[str, str]], int]:
    """Return the hosts that say nothing that counts, each with the time of its newest report."""
    hosts = [one for one in report.counted if one.status == status]
    rows = [(called(one), stamp(one.report.time) if one.report else "never") for one in hosts[:_MOST_HOSTS]]
    return _WORDS[status], f"{len(hosts):,}", rows, max(0, len(hosts) - _MOST_HOSTS)
