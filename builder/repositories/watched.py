"""How a site was found, for people, CI, Prometheus and calendars."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from builder.text import calendar, metrics
from builder.text.printed import printed
from builder.text.quoting import visible
from builder.text.times import stamp

if TYPE_CHECKING:
    from builder.repositories.watch import SiteHealth


def as_text(health: SiteHealth, *, within: dt.timedelta) -> str:
    """Return what is wrong, a file in a line, then the publication, and how long it is valid."""
    said = health.status
    lines = [f"{one.path}: {one.problem}" for one in health.problems]
    lines.append(
        f"{health.name}: publication {said.counter} of {said.organisation}, "
        f"release {said.release or 'none'}, signed on {_moment(said.time).date()}"
    )
    day = _moment(said.expires).date()
    if health.days < 0:
        lines.append(f"expired on {day}: apt-get update fails on every host until it is signed again")
    else:
        soon = f"sign it again: it is valid until {day}, for" if health.due else f"valid until {day}, for"
        lines.append(f"{soon} {health.days} day{'s' * (health.days != 1)}; due {within.days} days before")
    return "".join(f"{visible(line)}\n" for line in lines)


def as_json(health: SiteHealth, *, now: dt.datetime, within: dt.timedelta) -> str:
    """Return everything as JSON in ASCII."""
    said = health.status
    return printed(
        {
            "now": stamp(now),
            "within_days": within.days,
            "site": health.name,
            "organisation": said.organisation,
            "url": said.url,
            "release": said.release,
            "counter": said.counter,
            "time": stamp(_moment(said.time)),
            "expires": stamp(_moment(said.expires)),
            "days": health.days,
            "due": health.due,
            "signed": health.signed,
            "problems": [{"path": one.path, "problem": one.problem} for one in health.problems],
        }
    )


def as_prometheus(health: SiteHealth, *, now: dt.datetime, within: dt.timedelta) -> str:
    """Return gauges for node_exporter's textfile collector, from which an alert computes the days left."""
    said = health.status
    labels = f'organisation="{metrics.label(said.organisation)}",site="{metrics.label(health.name)}"'
    lines = []
    for name, text, number in (
        (
            "expires_timestamp_seconds",
            "Until when clients take the site, in seconds since 1970.",
            said.expires,
        ),
        ("signed_timestamp_seconds", "When the site was signed, in seconds since 1970.", said.time),
        ("publication", "The number of the site's publication, which only rises.", said.counter),
        ("problems", "How many files are not of this publication.", len(health.problems)),
        ("due", "Whether it is to be signed again.", int(health.due)),
    ):
        metric = f"trustpack_site_{name}"
        lines += [*metrics.gauge(metric, text), f"{metric}{{{labels}}} {number}"]
    seconds = {
        "within_seconds": ("How far ahead the check looked.", within.total_seconds()),
        "timestamp_seconds": ("When the check ran, in seconds since 1970.", now.timestamp()),
    }
    for name, (text, value) in seconds.items():
        metric = f"trustpack_site_check_{name}"
        lines += [*metrics.gauge(metric, text), f"{metric} {int(value)}"]
    return "\n".join(lines) + "\n"


def as_ics(health: SiteHealth, *, now: dt.datetime, within: dt.timedelta) -> str:
    """Return a calendar with the moment the site's signatures end, and an alarm before it.

    Its UID is the organisation's and the address's, so that it moves when the site is signed again.
    """
    said = health.status
    summary = f"Package site of {said.organisation} expires"
    described = (
        f"{said.url} must be signed again before: trustpack repo refresh",
        f"Publication {said.counter}",
    )
    return calendar.calendar(
        calendar.event(
            f"site-{said.organisation}-{said.url.encode().hex()}",
            at=f"DTSTART:{calendar.moment(_moment(said.expires))}",
            now=now,
            summary=summary,
            description="\\n".join(map(calendar.text, described)),
            said=f"{summary} in {within.days} days",
            before=within,
        )
    )


def _moment(time: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(time, dt.UTC)
