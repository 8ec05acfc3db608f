"""Which CAs expire soon, for people, CI, Prometheus and calendars. Judged by the moment that is handed in.

Formats: https://prometheus.io/docs/instrumenting/exposition_formats/ (text 0.0.4) and RFC 5545.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from builder.text.printed import printed
from builder.text.quoting import visible
from builder.text.times import stamp

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from builder.model import CertificateSummary

_DAY = 86_400
_FOLD = 75  # octets a line, without its end
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
    """One shipped CA, in how many whole days it ends (negative: since then), and where it was found."""

    item: CertificateSummary
    days: int
    due: bool
    organisation: str
    sources: tuple[str, ...]


def judge(watched: Iterable[Watched], *, now: dt.datetime, within: dt.timedelta) -> tuple[Expiry, ...]:
    """Return every shipped CA once, in the order of their ends; due are those that end by `now + within`.

    A distrusted CA is left out: nobody waits for its end.
    """
    found: dict[str, list[tuple[CertificateSummary, Watched]]] = {}
    for each in watched:
        for key, item in each.certificates.items():
            if item.shipped:
                found.setdefault(key, []).append((item, each))
    expiries = [
        Expiry(
            # A lock knows the state and whose the CA is, where a file beside it does not.
            item=max((item for item, _ in places), key=lambda item: bool(item.state)),
            days=int((places[0][0].ends - now).total_seconds() // _DAY),
            due=places[0][0].ends - now <= within,
            organisation=next((each.organisation for _, each in places if each.organisation), ""),
            sources=tuple(each.name for _, each in places),
        )
        for places in found.values()
    ]
    return tuple(sorted(expiries, key=lambda one: (one.item.ends, one.item.sha256)))


def as_text(expiries: Sequence[Expiry], *, within: dt.timedelta) -> str:
    """Return what is due, a CA a line, and a last line that sums it up."""
    due = [one for one in expiries if one.due]
    lines = [
        visible(
            f"{one.item.subject or 'no name'} ({one.item.sha256}): {_when(one)} [{', '.join(one.sources)}]"
        )
        for one in due
    ]
    count = len(expiries)
    total = f"{count} certificate{'s' * (count != 1)}"
    said = f"{len(due)} of {total} expired, or will" if due else f"none of {total} expires"
    return "\n".join([*lines, f"{said} within {within.days} days"]) + "\n"


def as_json(expiries: Sequence[Expiry], *, now: dt.datetime, within: dt.timedelta) -> str:
    """Return every CA as JSON in ASCII."""
    value = {
        "now": stamp(now),
        "within_days": within.days,
        "due": sum(one.due for one in expiries),
        "certificates": [
            {
                "sha256": one.item.sha256,
                "subject": one.item.subject,
                "not_after": stamp(one.item.ends),
                "days": one.days,
                "due": one.due,
                "state": one.item.state,
                "sources": list(one.sources),
            }
            for one in expiries
        ],
    }
    return printed(value)


def as_prometheus(expiries: Sequence[Expiry], *, now: dt.datetime, within: dt.timedelta) -> str:
    """Return gauges for node_exporter's textfile collector: when each CA ends, and when that was looked up.

    An alert computes the days left by itself, so it stays right while the file grows old.
    """
    lines = _gauge(_METRIC, "When the CA certificate expires, in seconds since 1970.")
    for one in expiries:
        labels = {
            "organisation": one.organisation,
            "sha256": one.item.sha256,
            "state": one.item.state,
            "subject": one.item.subject,
        }
        said = ",".join(f'{key}="{_label(value)}"' for key, value in labels.items())
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
        lines += [*_gauge(name, text), f"{name} {number}"]
    return "\n".join(lines) + "\n"


def as_ics(expiries: Sequence[Expiry], *, now: dt.datetime, within: dt.timedelta) -> str:
    """Return a calendar with the moment each CA ends, and an alarm `within` before it.

    An event's UID is the certificate's, so a calendar that subscribes sees one event however often it looks.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//trustpack//trustpack check//EN",
        "CALSCALE:GREGORIAN",
    ]
    for one in expiries:
        name = one.item.subject or "no name"
        lines += [
            "BEGIN:VEVENT",
            f"UID:{one.item.sha256}@trustpack.invalid",
            f"DTSTAMP:{_basic(now)}",
            f"DTSTART:{_basic(one.item.ends)}",
            f"SUMMARY:{_escaped(f'CA expires: {name}')}",
            f"DESCRIPTION:{_escaped(f'SHA-256 {one.item.sha256}')}",
            "TRANSP:TRANSPARENT",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"TRIGGER:-P{within.days}D",
            f"DESCRIPTION:{_escaped(f'{name} expires in {within.days} days')}",
            "END:VALARM",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _basic(moment: dt.datetime) -> str:
    """Return a time of RFC 5545, in UTC."""
    return stamp(moment).replace("-", "").replace(":", "")


def _when(one: Expiry) -> str:
    day = one.item.ends.date()
    if one.days < 0:
        return f"expired on {day}"
    return f"expires on {day}, in {one.days} day{'s' * (one.days != 1)}"


def _gauge(name: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} gauge"]


def _label(value: str) -> str:
    return visible(value).replace("\\", "\\\\").replace('"', '\\"')


def _escaped(value: str) -> str:
    """Return a TEXT value (RFC 5545 section 3.3.11)."""
    text = visible(value).replace("\\", "\\\\")
    return text.replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> str:
    """Fold a content line after 75 octets at most, and never inside a character (RFC 5545 section 3.1)."""
    lines, length = [""], 0
    for character in line:
        size = len(character.encode("utf-8"))
        if length + size > _FOLD:
            lines.append(" ")
            length = 1
        lines[-1] += character
        length += size
    return "\r\n".join(lines)
