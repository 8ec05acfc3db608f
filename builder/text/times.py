"""Times as every document of trustpack writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt


def stamp(moment: dt.datetime) -> str:
    """Return a UTC time in RFC 3339, to the second."""
    # Not by strftime, which writes the year 99 with two digits.
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
