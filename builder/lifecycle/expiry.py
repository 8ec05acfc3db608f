"""Which CAs expire soon, for people, CI, Prometheus and calendars. Judged by the moment that is handed in."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from builder.text import calendar, metrics
from builder.text.printed import printed
from builder.text.quoting import visible
from builder.text.times import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from builder.model import CertificateSummary

_DAY = 86_400
_METRIC = "trustpack_certificate_not_after_timestamp_seconds"


class Watched(Protocol):
    """Something whose CAs are watched, such as a trust snapshot: its name, its owner, CAs by fingerprint."""

    @property
    def name(self) -> str: ...
    @property
    def organisation(self) -> str: ...
    @property
    def certificates(self) -> Mapping[str, CertificateSummary]: ...


@dataclass(frozen=True, slots=True)
class Expiry:
    """One shipped CA, in how many whole days it ends (negative: since then), and where it was found.

    It is `due` where it `expires` soon, or `leaves`: a retiring one's day of removal comes soon.
    """

    item: CertificateSummary
    days: int
    expires: bool
    leaves: bool
    today: dt.date
    organisation: str
    sources: tuple[str, ...]

    @property
    def due(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.expires or self.leaves


def judge(watched: Iterable[Watched], *, now: dt.datetime, within: dt.timedelta) -> tuple[Expiry, ...]:
    """Return every shipped CA once, in the order of their ends; due are those that end by `now + within`.

    And those that are retiring until a day of that time. A distrusted CA is left out: nobody waits for its
    end.
    """
    found: dict[str, list[tuple[CertificateSummary, Watched]]] = {}
    for each in watched:
        for key, item in each.certificates.items():
            if item.shipped:
                found.setdefault(key, []).append((item, each))
    expiries = [_expiry(places, now, within) for places in found.values()]
    return tuple(sorted(expiries, key=lambda one: (one.item.ends, one.item.sha256)))


def _expiry(
    places: Sequence[tuple[CertificateSummary, Watched]], now: dt.datetime, within: dt.timedelta
) -> Expiry:
    # A lock knows the state and whose the CA is, and a release its plans, where a file beside it does not.
    item = max((item for item, _ in places), key=lambda item: (bool(item.state), bool(item.until)))
    left = item.ends - now
    removal = removed(item)
    return Expiry(
        item=item,
        days=int(left.total_seconds() // _DAY),
        expires=left <= within,
        leaves=removal is not None and removal - now.date() <= within,
        today=now.date(),
        organisation=next((each.organisation for _, each in places if each.organisation), ""),
        sources=tuple(each.name for _, each in places),
    )


def removed(item: CertificateSummary) -> dt.date | None:
    """Return the day on which a CA is to be removed, None where that is not planned."""
    if item.state != "retiring" or not item.until:
        return None
    with contextlib.suppress(ValueError):  # in a manifest that somebody else wrote
        return dt.date.fromisoformat(item.until)
    return None


def as_text(expiries: Sequence[Expiry], *, within: dt.timedelta) -> str:
    """Return what is due, a CA a line, and a last line that sums it up."""
    lines = [
        visible(
            f"{one.item.subject or 'no name'} ({one.item.sha256}): {when(one)} [{', '.join(one.sources)}]"
        )
        for one in expiries
        if one.due
    ]
    ending, leaving = sum(one.expires for one in expiries), sum(one.leaves for one in expiries)
    count = len(expiries)
    total = f"{count} certificate{'s' * (count != 1)}"
    said = f"{ending} of {total} expired, or will" if ending else f"none of {total} expires"
    lines.append(f"{said} within {within.days} days")
    if leaving:
        lines.append(f"{leaving} {'is' if leaving == 1 else 'are'} to be removed within {within.days} days")
    return "\n".join(lines) + "\n"


def as_json(expiries: Sequence[Expiry], *, now: dt.datetime, within: dt.timedelta) -> str:
    """Return every CA as JSON in ASCII."""
    document = {
        "now": stamp(now),
        "within_days": within.days,
        "due": sum(one.due for one in expiries),
        "removals": sum(one.leaves for one in expiries),
        "certificates": [value(one) for one in expiries],
    }
    return printed(document)


def value(one: Expiry) -> dict[str, Any]:
    """Return a CA and its end as JSON has them."""
    return {
        "sha256": one.item.sha256,
        "subject": one.item.subject,
        "not_after": stamp(one.item.ends),
        "days": one.days,
        "due": one.due,
        "removal_due": one.leaves,
        "state": one.item.state,
        "until": one.item.until,
        "owner": one.item.owner,
        "evidence": one.item.evidence,
        "sources": list(one.sources),
    }


def as_prometheus(expiries: Sequence[Expiry], *, now: dt.datetime, within: dt.timedelta) -> str:
    """Return gauges for node_exporter's textfile collector: when each CA ends, and when that was looked up.

    An alert computes the days left by itself, so it stays right while the file grows old.
    """
    lines = metrics.gauge(_METRIC, "When the CA certificate expires, in seconds since 1970.")
    for one in expiries:
        labels = {
            "organisation": one.organisation,
            "sha256": one.item.sha256,
            "state": one.item.state,
            "subject": one.item.subject,
        }
        said = ",".join(f'{key}="{metrics.label(value)}"' for key, value in labels.items())
        lines.append(f"{_METRIC}{{{said}}} {int(one.item.ends.timestamp())}")
    for name, text, number in (
        ("trustpack_certificates", "How many CA certificates were looked at.", len(expiries)),
        (
            "trustpack_certificates_due",
            "How many of them had expired or were about to.",
            sum(o.due for o in expiries),
        ),
        ("trustpack_check_within_seconds", "How far ahead the check looked.", int(within.total_seconds())),
        (
            "trustpack_check_timestamp_seconds",
            "When the check ran, in seconds since 1970.",
            int(now.timestamp()),
        ),
    ):
        lines += [*metrics.gauge(name, text), f"{name} {number}"]
    return "\n".join(lines) + "\n"


def as_ics(expiries: Sequence[Expiry], *, now: dt.datetime, within: dt.timedelta) -> str:
    """Return a calendar with the moment each CA ends, and an alarm `within` before it.

    And the day on which one is to be removed, where that is planned. An event's UID is the certificate's, so
    a calendar that subscribes sees one event however often it looks.
    """
    events: list[str] = []
    for one in expiries:
        name = one.item.subject or "no name"
        events += calendar.event(
            one.item.sha256,
            at=f"DTSTART:{calendar.moment(one.item.ends)}",
            now=now,
            summary=f"CA expires: {name}",
            description=_described(one.item),
            said=f"{name} expires in {within.days} days",
            before=within,
        )
        if day := removed(one.item):
            events += calendar.event(
                f"{one.item.sha256}-removal",
                at=f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
                now=now,
                summary=f"CA is to be removed: {name}",
                description=_described(one.item),
                said=f"{name} is to be removed in {within.days} days",
                before=within,
            )
    return calendar.calendar(events)


def _described(item: CertificateSummary) -> str:
    """Return what else is known of a CA, a line each, as a TEXT value."""
    known = {"Owner": item.owner, "Evidence": item.evidence, "State": item.state if item.until else ""}
    lines = [f"SHA-256 {item.sha256}", *(f"{key}: {value}" for key, value in known.items() if value)]
    lines += [f"Until: {item.until}"] if item.until else []
    return "\\n".join(map(calendar.text, lines))


def when(one: Expiry) -> str:
    """Say of a CA that is due when it ends, or is to be removed."""
    said = []
    day, leaving = one.item.ends.date(), removed(one.item)
    if one.expires:
        said.append(f"expired on {day}" if one.days < 0 else f"expires on {day}, in {_days(one.days)}")
    if one.leaves and leaving:
        left = (leaving - one.today).days
        said.append(
            f"{'was' if left < 0 else 'is'} to be removed on {leaving}" + f", in {_days(left)}" * (left > 0)
        )
    return ", and ".join(said)


def _days(count: int) -> str:
    return f"{count} day{'s' * (count != 1)}"
