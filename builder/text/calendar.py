"""Calendars (RFC 5545), which people subscribe to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.text.quoting import visible
from builder.text.times import stamp

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

_FOLD = 75  # octets a line, without its end
_HEAD = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//trustpack//trustpack check//EN", "CALSCALE:GREGORIAN")


def calendar(events: Iterable[str]) -> str:
    """Return a whole calendar of the lines of its events."""
    return "".join(f"{_folded(line)}\r\n" for line in (*_HEAD, *events, "END:VCALENDAR"))


def event(
    uid: str, *, at: str, now: dt.datetime, summary: str, description: str, said: str, before: dt.timedelta
) -> list[str]:
    """Return an event's lines, with an alarm that says something whole days `before` it.

    `at` is a property such as `DTSTART:20261128T000000Z`, `description` a TEXT value.
    """
    return [
        "BEGIN:VEVENT",
        f"UID:{uid}@trustpack.invalid",
        f"DTSTAMP:{moment(now)}",
        at,
        f"SUMMARY:{text(summary)}",
        f"DESCRIPTION:{description}",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"TRIGGER:-P{before.days}D",
        f"DESCRIPTION:{text(said)}",
        "END:VALARM",
        "END:VEVENT",
    ]


def moment(value: dt.datetime) -> str:
    """Return a time, in UTC."""
    return stamp(value).replace("-", "").replace(":", "")


def text(value: str) -> str:
    """Return a TEXT value (RFC 5545 section 3.3.11)."""
    escaped = visible(value).replace("\\", "\\\\")
    return escaped.replace(";", "\\;").replace(",", "\\,")


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
