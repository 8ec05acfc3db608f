"""Validities on an axis."""

import datetime as dt

import pytest
from msgspec.structs import replace

from builder.model import CertificateSummary
from builder.repositories.page.timeline import Bar, timeline
from tests.repositories.pages import R2, ca

_NOW = dt.datetime(2026, 7, 2, 12, tzinfo=dt.UTC)


def at(year: int, *rest: int) -> dt.datetime:
    """Return a day's beginning in UTC."""
    month, day = rest or (1, 1)
    return dt.datetime(year, month, day, tzinfo=dt.UTC)


def valid(begins: dt.datetime | None, ends: dt.datetime | None) -> CertificateSummary:
    """Return a CA with these dates."""
    return replace(R2, not_before=begins, not_after=ends)


def test_places_are_shares_of_the_axis() -> None:
    """From the first year's beginning to the last one's end."""
    one = valid(at(2020), at(2029, 12, 31))
    axis = timeline((one,), _NOW)
    assert axis is not None
    assert (2020, 2030, "65.00%") == (axis.first, axis.last, axis.now)
    assert ["2020 0.00%", "2022 20.01%", "2024 39.99%"] == [f"{one.year} {one.at}" for one in axis.ticks[:3]]
    assert Bar("0.00%", "99.97%") == axis.bar(one)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [(at(1, 1, 1), at(9999, 12, 31)), (at(2026), at(2026)), (at(9998), at(9999)), (at(1), at(2))],
)
def test_no_date_is_too_far(begins: dt.datetime, ends: dt.datetime) -> None:
    """What lies beyond is drawn as far as the edge, and what is shorter than a line is a line wide."""
    one = valid(begins, ends)
    axis = timeline((one,), _NOW)
    assert axis is not None
    assert 2014 <= axis.first
    assert axis.last <= 2057
    assert len(axis.ticks) <= 7
    bar = axis.bar(one)
    assert bar is not None
    start, width = (float(text.removesuffix("%")) for text in (bar.at, bar.width))
    assert 0 <= start <= 99.5
    assert 0.5 <= width
    assert start + width <= 100.01


def test_without_dates_there_is_no_bar() -> None:
    """Nor where the end comes before the beginning; without any, there is no axis."""
    for one in (valid(None, None), valid(at(2020), None), valid(None, at(2030)), valid(at(2030), at(2020))):
        axis = timeline((one, ca("other", 2020, 2030)), _NOW)
        assert axis is not None
        assert axis.bar(one) is None
    assert timeline((valid(None, None),), _NOW) is None
    assert timeline((), _NOW) is None
