"""A release as Windows Installer's version: three numbers up to 255, 255 and 65535, rising as releases do.

A date YYYYMMDD.N is YY.MM.DDNN; a year and a number, which only dates can be above, 1.YY.N; and a number of
its own, which is below both, 0.A.B. Microsoft's "ProductVersion property" has the limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.formats.control import Unwritable

if TYPE_CHECKING:
    from builder.model.release import Release

_CENTURY = 2000
_FIRST_DATE = 2002  # years before it would sort among the versions of other schemes
_LAST_YEAR = 2106  # of those that a release may be numbered by
_BYTE, _LONG = 255, 65535
_PER_DAY = 100


def product_version(release: Release) -> str:
    """Return the version of a release's installer; raise Unwritable for one that has none."""
    first, second, third = release.numbers
    day = release.day
    if third:
        raise Unwritable(_refused(release, "it has three numbers"))
    if day is not None:
        if day.year < _FIRST_DATE or second >= _PER_DAY:
            raise Unwritable(_refused(release, f"only {_PER_DAY} of a day from {_FIRST_DATE} on have one"))
        return f"{day.year - _CENTURY}.{day.month}.{day.day * _PER_DAY + second}"
    if _CENTURY <= first <= _LAST_YEAR:
        if second > _LONG:
            raise Unwritable(_refused(release, f"a year has room for numbers up to {_LONG}"))
        return f"1.{first - _CENTURY}.{second}"
    if first > _BYTE or second > _LONG:
        raise Unwritable(_refused(release, f"a number that is no year has to be at most {_BYTE}"))
    return f"0.{first}.{second}"


def _refused(release: Release, why: str) -> str:
    return f"release {release.text} has no version in an MSI: {why}; a date such as 20261124 has one"
