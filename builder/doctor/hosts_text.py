"""A report on hosts as people read it at a terminal: what a host has sent cannot move its cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.text import shares
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.doctor.hosts import AuthorityOutlook, HostsReport, JudgedHost

_SHOWN = 10  # hosts of one CA; the other forms have all
_LINES = 2  # of one host
_WORDS = {
    "incomplete": "whose doctor could not see all",
    "stale": "with no report since",
    "future": "whose clock is ahead",
    "silent": "that never reported",
}


def as_text(report: HostsReport) -> str:
    """Return the report, the CAs that are to be trusted first."""
    return "".join(f"{visible(line)}\n" for line in _lines(report))


def _lines(report: HostsReport) -> Iterator[str]:
    total = len(report.counted)
    yield f"{report.organisation or 'nobody'}, release {report.release or 'unknown'}: {_hosts(total)}"
    fresh = report.statuses()["fresh"]
    yield f"  {fresh:,} with a whole report of the last {report.max_age.days} days"
    for status, words in _WORDS.items():
        count = report.statuses()[status]
        yield from [f"  {count:,} {words}{_some(report, status)}"] if count else ()
    if not report.inventory:
        yield "  no inventory was given, so nobody misses a host that is silent"
    for one in report.authorities:
        yield from ("", f"{one.subject or 'no name'} ({one.sha256}), {one.state}")
        yield f"  {outlook(report, one)}"
        yield from _of_hosts(report, one)
    yield from _beside(report)


def outlook(report: HostsReport, one: AuthorityOutlook) -> str:
    """Return where hosts stand for a CA, in a sentence; of one that is to come, whether it may."""
    total = len(report.counted)
    unknown = one.hosts.get("unknown", 0)
    if not one.wanted:
        present = one.hosts.get("present", 0)
        said = (
            f"still trusted on {present:,} of {_hosts(total)}"
            if present
            else "trusted on no host that says so"
        )
        return f"{said}; {unknown:,} say nothing that counts" if unknown else said
    trusted = one.hosts.get("trusted", 0)
    said = f"trusted on {shares.told(trusted, total)} host{'s' * (total != 1)}; {total - trusted:,} lack it"
    said += f", {unknown:,} of them without a report that counts" if unknown else ""
    if one.state != "incoming":
        return said
    asked = shares.written(report.at_least)
    return f"{said}: {'it may be used' if report.enough(one) else f'not to be used below {asked}'}"


def _of_hosts(report: HostsReport, one: AuthorityOutlook) -> Iterator[str]:
    wrong = [host for host in report.counted if host.standings[one.sha256] in {"lacking", "present"}]
    for host in wrong[:_SHOWN]:
        yield f"    {called(host)}"
        found = host.findings(one.sha256)
        for each in found[:_LINES]:
            yield f"      {each.state}: {each.kind} {each.what} {each.where}"
            yield from [f"        {each.mend}"] if each.mend else ()
        yield from [f"      and {len(found) - _LINES} more"] if len(found) > _LINES else ()
    if len(wrong) > _SHOWN:
        yield f"    and {len(wrong) - _SHOWN:,} more hosts: --csv, --html and --json have them all"


def called(host: JudgedHost) -> str:
    """Return a host's name and what tells it from others of that name, as far as people need it."""
    return f"{host.name} ({host.machine[:8]})" if host.machine else host.name


def alike(name: str, count: int) -> str:
    """Return what is to be told of a name of the inventory that several machines have."""
    return f"{name}: {count:,} machines report under this name of the inventory, and count as one host"


def _some(report: HostsReport, status: str) -> str:
    names = [called(one) for one in report.counted if one.status == status]
    return f": {', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}"


def _beside(report: HostsReport) -> Iterator[str]:
    """Yield what is to be known of the reports themselves."""
    gathered = report.gathered
    unlisted = [called(one) for one in report.unlisted]
    lines = [
        f"machine id {key[:8]}: {', '.join(names[:_SHOWN])} report under it, and only the newest counts"
        for key, names in list(gathered.shared.items())[:_SHOWN]
    ]
    lines += [alike(name, count) for name, count in list(report.alike.items())[:_SHOWN]]
    if unlisted:
        some = f"{', '.join(unlisted[:_SHOWN])}{', …' if len(unlisted) > _SHOWN else ''}"
        lines.append(f"{_hosts(len(unlisted))} that the inventory lacks, and so not counted: {some}")
    if report.more_authorities:
        lines.append(
            f"{report.more_authorities:,} more CAs that few hosts tell of: --lock says which are yours"
        )
    if gathered.others:
        lines.append(f"{gathered.others:,} reports of other organisations are left out")
    yield from ("", *lines) if lines else ()


def _hosts(count: int) -> str:
    return f"{count:,} host{'s' * (count != 1)}"
