"""Many hosts' reports become one answer: which hosts trust each CA, which lack it, and which say nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal

import msgspec

from builder.doctor import inventory
from builder.doctor.gathering import AHEAD
from builder.model import Release

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from builder.doctor.gathering import GatheredReports
    from builder.doctor.host_report import HostReport, StoreFinding
    from builder.doctor.inventory import HostInventory
    from builder.model import CertificateSummary

_MOST_TOLD = 100  # CAs that neither lock nor newest release has: a host that invents some fills no report

# What is known of a host: only the first counts for anything that must be there.
HostStatus = Literal["fresh", "incomplete", "stale", "future", "silent"]
Standing = Literal["trusted", "lacking", "unknown", "present", "absent"]
WANTED: tuple[Standing, ...] = ("trusted", "lacking", "unknown")
UNWANTED: tuple[Standing, ...] = ("present", "absent", "unknown")


class JudgedHost(msgspec.Struct, frozen=True):
    """One host: what is known of it, and where it stands for each CA, by SHA-256.

    Several machines that have one name of the inventory are `alike`: only one counts, for all of them.
    """

    name: str
    machine: str
    status: HostStatus
    counted: bool
    report: HostReport | None
    standings: Mapping[str, Standing]
    alike: bool = False

    def findings(self, sha256: str) -> list[StoreFinding]:
        """Return what is wrong with its stores for a CA."""
        return [one for one in self.report.findings if one.sha256 == sha256] if self.report else []


class AuthorityOutlook(msgspec.Struct, frozen=True):
    """One CA: its state, and how many of the hosts that count stand how."""

    sha256: str
    subject: str
    state: str
    not_after: str
    hosts: Mapping[Standing, int]

    @property
    def wanted(self) -> bool:
        """Whether hosts are to trust it."""
        return self.state not in {"distrusted", "withdrawn"}


class HostsReport(msgspec.Struct, frozen=True):
    """All of it; `at_least` is the part of the hosts that must trust a CA before it is used."""

    organisation: str
    release: str
    now: dt.datetime
    max_age: dt.timedelta
    at_least: Fraction
    inventory: bool
    hosts: tuple[JudgedHost, ...]
    authorities: tuple[AuthorityOutlook, ...]
    gathered: GatheredReports
    more_authorities: int = 0

    @property
    def counted(self) -> tuple[JudgedHost, ...]:
        """The hosts that count: those of the inventory, or without one all."""
        return tuple(one for one in self.hosts if one.counted)

    @property
    def unlisted(self) -> tuple[JudgedHost, ...]:
        """The hosts that the inventory lacks."""
        return tuple(one for one in self.hosts if not (one.counted or one.alike))

    @property
    def alike(self) -> dict[str, int]:
        """How many machines report under one name of the inventory, by that name, where it is not one."""
        return dict(Counter(one.name.casefold() for one in self.hosts if one.alike))

    def statuses(self) -> dict[str, int]:
        """Return how many of the hosts that count have each status."""
        found = Counter(one.status for one in self.counted)
        return {word: found[word] for word in ("fresh", "incomplete", "stale", "future", "silent")}

    def enough(self, one: AuthorityOutlook) -> bool:
        """Tell whether as many hosts as are asked for trust a CA."""
        total = len(self.counted)
        return total > 0 and one.hosts.get("trusted", 0) >= self.at_least * total

    @property
    def good(self) -> bool:
        """Whether nothing is to be done: every host that counts is fresh, and has what it should."""
        wrong = {"lacking", "unknown", "present"}
        return (
            all(one.status == "fresh" and not wrong & {*one.standings.values()} for one in self.counted)
            and all(one.counted and not one.alike for one in self.hosts)
            and not (self.gathered.shared or self.more_authorities)
        )


def judge(
    gathered: GatheredReports,
    *,
    now: dt.datetime,
    max_age: dt.timedelta,
    at_least: Fraction,
    listed: HostInventory | None = None,
    known: Sequence[CertificateSummary] = (),
    former: Sequence[CertificateSummary] = (),
    release: str = "",
) -> HostsReport:
    """Return what the reports say at `now`; what a host said before `max_age` does not count as trust.

    `known` are the CAs as the lock lists them and `former` those of earlier releases, where that is at hand:
    without it, the newest release that any host tells says what there should be.
    """
    release = release or _newest(gathered.reports)
    authorities, more = _authorities(gathered.reports, release, known, former)
    found, silent = inventory.matched(gathered.reports, listed)
    judged = {
        one.key: _judged(one, authorities, counted=one.key in found, now=now, max_age=max_age)
        for one in gathered.reports
    }
    for first, keys in found.items():
        if len(keys) > 1 and first == keys[0]:  # each of them leads to all: once is enough
            judged |= _as_one({key: judged[key] for key in keys})
    hosts = [*judged.values()]
    unknown: dict[str, Standing] = dict.fromkeys(authorities, "unknown")
    hosts += [JudgedHost(name, "", "silent", counted=True, report=None, standings=unknown) for name in silent]
    hosts.sort(key=lambda one: (one.name, one.machine))
    totals: dict[str, Counter[Standing]] = {key: Counter() for key in authorities}
    for host in hosts:
        for key, standing in host.standings.items() if host.counted else ():
            totals[key][standing] += 1
    return HostsReport(
        organisation=gathered.organisation,
        release=release,
        now=now,
        max_age=max_age,
        at_least=at_least,
        inventory=listed is not None,
        hosts=tuple(hosts),
        authorities=tuple(
            msgspec.structs.replace(one, hosts=dict(totals[key])) for key, one in authorities.items()
        ),
        gathered=gathered,
        more_authorities=more,
    )


def _newest(reports: Sequence[HostReport]) -> str:
    return max((one.release for one in reports), key=lambda text: Release(text).numbers, default="")


_ORDER = ("active", "incoming", "retiring", "distrusted", "withdrawn")


def _authorities(
    reports: Sequence[HostReport],
    release: str,
    known: Sequence[CertificateSummary],
    former: Sequence[CertificateSummary],
) -> tuple[dict[str, AuthorityOutlook], int]:
    """Return the CAs that are told of, by SHA-256: as the lock says, or else the newest release.

    And how many further ones are left out: of those that neither has, the most of which most hosts tell stay.
    """
    found = {
        one.sha256: AuthorityOutlook(
            one.sha256, one.subject, one.state or "active", one.ends.date().isoformat(), {}
        )
        for one in known
    }
    for one in former:
        found.setdefault(one.sha256, AuthorityOutlook(one.sha256, one.subject, "withdrawn", "", {}))
    newest = max((one for one in reports if one.release == release), key=lambda one: one.time, default=None)
    for sent in newest.authorities if newest and not known else ():
        if not sent.state:
            continue  # a former one, of which other hosts may tell, too
        state = {"next": "incoming"}.get(sent.state, sent.state)
        state = state if state in _ORDER else "active"
        found.setdefault(
            sent.sha256, AuthorityOutlook(sent.sha256, sent.subject, state, sent.not_after[:10], {})
        )
    told = Counter(one.sha256 for report in reports for one in report.authorities if one.sha256 not in found)
    subjects = {one.sha256: one.subject for report in reports for one in report.authorities}
    for key, _ in sorted(told.items(), key=lambda item: (-item[1], item[0]))[:_MOST_TOLD]:
        found[key] = AuthorityOutlook(key, subjects[key], "withdrawn", "", {})
    ordered = sorted(found.items(), key=lambda item: (_ORDER.index(item[1].state), item[1].subject, item[0]))
    return dict(ordered), max(0, len(told) - _MOST_TOLD)


# Of two machines that count as one, what stands first here is true of both.
_WORST: tuple[Standing, ...] = ("lacking", "present", "unknown", "trusted", "absent")


def _as_one(alike: Mapping[str, JudgedHost]) -> dict[str, JudgedHost]:
    """Return machines of one name so that one counts for all: with what each has, and what any lacks.

    So who sends many reports under a name of the inventory gives it no more weight, and hides no other.
    """
    ranks = {
        key: [*sorted(map(_WORST.index, one.standings.values())), -one.report.time.timestamp()]
        for key, one in alike.items()
        if one.report
    }
    first = min(ranks, key=lambda key: (ranks[key], key))
    standings = {
        sha256: min((one.standings[sha256] for one in alike.values()), key=_WORST.index)
        for sha256 in alike[first].standings
    }
    return {
        key: msgspec.structs.replace(
            one,
            counted=key == first,
            alike=True,
            standings=standings if key == first else one.standings,
        )
        for key, one in alike.items()
    }


def _judged(
    report: HostReport,
    authorities: Mapping[str, AuthorityOutlook],
    *,
    counted: bool,
    now: dt.datetime,
    max_age: dt.timedelta,
) -> JudgedHost:
    status = _status(report, now, max_age)
    standings = {key: _standing(report, one, status) for key, one in authorities.items()}
    return JudgedHost(report.name, report.machine, status, counted, report, standings)


def _status(report: HostReport, now: dt.datetime, max_age: dt.timedelta) -> HostStatus:
    if report.time - now > AHEAD:
        return "future"
    if now - report.time > max_age:
        return "stale"
    return "fresh" if report.complete else "incomplete"


def _standing(report: HostReport, one: AuthorityOutlook, status: HostStatus) -> Standing:
    """Return where a host stands: that it has something counts at any age, that it has all only if fresh.

    What one store lacks it lacks whatever else there is to see.
    """
    states = report.states.get(one.sha256)
    if not one.wanted:
        if states and states.present:
            return "present"
        return "absent" if status == "fresh" else "unknown"
    if status not in {"fresh", "incomplete"} or states is None:
        return "unknown"
    if status == "incomplete":
        return "lacking" if states.wanting else "unknown"
    return "trusted" if states.trusted else "lacking"
