"""Times as every document of trustpack writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

if TYPE_CHECKING:
    import datetime as dt


Second = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800)]  # since 1970, up to the year 9999


def stamp(moment: dt.datetime) -> str:
    """Return a UTC time in RFC 3339, to the second."""
    # Not by strftime, which writes the year 99 with two digits.
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
