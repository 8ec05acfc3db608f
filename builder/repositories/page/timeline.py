"""When CAs are valid, as places on one axis: percents of its width, so that it fits every screen."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.model import CertificateSummary

# What is further away is drawn as far as the edge: one root until 9999 would leave all others no width.
_YEARS_BACK, _YEARS_AHEAD = 12, 30
_STEPS = (1, 2, 5, 10)  # years between two ticks
_MOST_TICKS = 6
_LEAST = 0.5  # percent: so wide is what is shorter


class Tick(msgspec.Struct, frozen=True):
    """A year's beginning, and its place in percent."""

    year: int
    at: str


class Bar(msgspec.Struct, frozen=True):
    """Where a validity begins and how long it is, in percent."""

    at: str
    width: str


class Timeline(msgspec.Struct, frozen=True):
    """The axis from the beginning of one year to that of another; `now` is where the page's time is.

    `begin` and `end` are in seconds since 1970, for the script that moves the line.
    """

    first: int
    last: int
    now: str
    ticks: tuple[Tick, ...]

    @property
    def begin(self) -> int:
        """When it begins."""
        return int(_new_year(self.first).timestamp())

    @property
    def end(self) -> int:
        """When it ends."""
        return int(_new_year(self.last).timestamp())

    def bar(self, one: CertificateSummary) -> Bar | None:
        """Return a CA's bar, None where its dates are not known or turned round."""
        if one.not_before is None or one.not_after is None or one.not_before > one.not_after:
            return None
        start, stop = (_place(moment, self.first, self.last) for moment in (one.not_before, one.not_after))
        start = min(start, 100 - _LEAST)
        return Bar(_percent(start), _percent(max(stop - start, _LEAST)))


def timeline(certificates: Sequence[CertificateSummary], now: dt.datetime) -> Timeline | None:
    """Return an axis for all of their validities and `now`; None where no dates are known."""
    starts = [one.not_before.year for one in certificates if one.not_before]
    ends = [one.not_after.year for one in certificates if one.not_after]
    if not starts or not ends:
        return None
    first = max(min(*starts, now.year), now.year - _YEARS_BACK, dt.MINYEAR)
    last = min(max(*ends, now.year), now.year + _YEARS_AHEAD, dt.MAXYEAR - 1) + 1
    step = next((step for step in _STEPS if (last - first) / step <= _MOST_TICKS), _STEPS[-1])
    years = range(-(-first // step) * step, last + 1, step)
    ticks = tuple(Tick(year, _percent(_place(_new_year(year), first, last))) for year in years)
    return Timeline(first, last, _percent(_place(now, first, last)), ticks)


def _new_year(year: int) -> dt.datetime:
    return dt.datetime(year, 1, 1, tzinfo=dt.UTC)


def _place(moment: dt.datetime, first: int, last: int) -> float:
    """Return the place of a moment, in percent from 0 to 100."""
    begin, end = _new_year(first), _new_year(last)
    return min(max((moment - begin) / (end - begin) * 100, 0), 100)


def _percent(number: float) -> str:
    """Return a number with two digits, as every Python writes it."""
    return f"{number:.2f}%"
