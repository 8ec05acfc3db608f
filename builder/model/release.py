"""Release versions: one or two numbers, which sort alike in every ecosystem.

Debian, RPM and apk take the text as it is. Libraries have it behind a 1, their interface's number, for the
ranges that npm's and poetry's ^ and bundler's ~> write end at the next first number: 20261124 is a library's
1.20261124, npm's 1.20261124.0. Releases of three numbers were made before that and are still read.
"""

from __future__ import annotations

import datetime as dt
import re
from itertools import zip_longest

import msgspec

from builder.errors import ReleaseError

# Nine digits fit every ecosystem's integers; a leading zero is invalid in npm and vanishes in PEP 440.
GRAMMAR = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.(?:0|[1-9][0-9]{0,8})){0,2}")
_DOTTED = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})*")
_OLD = 3  # numbers: as many as npm's versions have, which leaves no room for a 1 in front
_DATE = len("YYYYMMDD")
_YEARS = range(1980, 2107)
_MONTHS = 12
_MINUTES = 24 * 60  # of a day
_ZIP_DAWN = int(dt.datetime(1980, 1, 1, tzinfo=dt.UTC).timestamp())
LATEST = 0xFFFFFFFF  # in 2106: rpm's and gzip's clocks end there, and zip's a year later


class Revision(msgspec.Struct, frozen=True):
    """What one release changed, a sentence a note; `date` is its UTC day, YYYY-MM-DD.

    In a package `release` is the version that the target gives it. `minute` counts from the day's midnight,
    so that several releases of one day have times that rise; nobody looked at a clock.
    """

    release: str
    date: str
    notes: tuple[str, ...]
    minute: int = 0

    @property
    def moment(self) -> dt.datetime:
        """Its time in UTC, as changelogs have it."""
        midnight = dt.datetime.combine(dt.date.fromisoformat(self.date), dt.time(), dt.UTC)
        return midnight + dt.timedelta(minutes=self.minute)


class Release(msgspec.Struct, frozen=True):
    """A release version as text; `numbers` pads it to three for comparing."""

    text: str

    @property
    def numbers(self) -> tuple[int, int, int]:
        """The three numbers; missing ones are 0."""
        first, second, third, *_ = (*map(int, self.text.split(".")), 0, 0)
        return first, second, third

    @property
    def library_version(self) -> str:
        """The version of a package that has an interface.

        A release of three numbers is older than this rule, and keeps the version that it was released with.
        """
        # One of fewer numbers may be as old. Nothing tells it apart, and none was published by then.
        return self.text if self.is_old else f"1.{self.text}"

    @property
    def semver(self) -> str:
        """The version of a package that has an interface, in semantic versioning's grammar."""
        first, second, _ = self.numbers
        return self.text if self.is_old else f"1.{first}.{second}"

    @property
    def is_old(self) -> bool:
        """Whether it was made when a release could have three numbers."""
        return self.text.count(".") + 1 == _OLD

    @property
    def day(self) -> dt.date | None:
        """The day a date release (YYYYMMDD or YYYYMMDD.N) names, else None."""
        digits = self.text.split(".")[0]
        try:
            return (
                dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if len(digits) == _DATE else None
            )
        except ValueError:
            return None

    @property
    def counter(self) -> int:
        """How many releases of its day came before it, by its own number; 0 where it has no date."""
        return min(self.numbers[1], _MINUTES - 1) if self.day else 0

    @property
    def scheme(self) -> str:
        """How it is numbered: by a date, by a year, or otherwise. The first is never below the others."""
        if self.day:
            return "a date"
        return "a year and a number" if self.numbers[0] in _YEARS else "a number of its own"

    def following(self) -> Release:
        """Return the next release of the same day."""
        first, second, _ = self.numbers
        return Release(f"{first}.{second + 1}")


def parse(text: str) -> Release:
    """Return the new release that `text` names; raise ReleaseError if some ecosystem could not order it."""
    if not GRAMMAR.fullmatch(text):
        raise ReleaseError(
            f"release '{text}': is not one or two numbers without leading zeros",
            hint="write it like 2026.10 or 20261124.1: npm, PEP 440, Debian and RPM order these alike",
        )
    if text.count(".") + 1 == _OLD:
        raise ReleaseError(
            f"release '{text}': has three numbers, and a release has one or two",
            hint=f"write it like 20261124 or 20261124.1, or count on: {counted_on(Release(text)).text}",
        )
    return Release(text)


def stored(text: str) -> Release:
    """Return the release that a file names, old ones too; raise ReleaseError for what never was one."""
    if not GRAMMAR.fullmatch(text):
        raise ReleaseError(f"release '{text}': is not one to three numbers without leading zeros")
    return Release(text)


def one_way(old: Release, new: Release) -> str:
    """Return a sentence where `new` begins another scheme than `old` has, empty where it goes on with it.

    Since releases rise, there is no way back from it.
    """
    if old.scheme == new.scheme:
        return ""
    return (
        f"release {new.text}: is {new.scheme}, and {old.text} is {old.scheme}: "
        f"no release can be like {old.text} again"
    )


def counted_on(release: Release) -> Release:
    """Return the next release in the same scheme: of a year and a month, the next month's."""
    first, second, _ = release.numbers
    if release.day is None and first in _YEARS and second >= _MONTHS:
        return Release(f"{first + 1}.1")
    return release.following()


def sorts_below(version: str, other: str) -> bool:
    """Tell whether package managers take `version` of a package for an older one than `other`.

    Dotted numbers compare alike everywhere. What a recipe of an organisation's own writes otherwise is never
    below: it may have an epoch, which is there to turn the order round.
    """
    if not (_DOTTED.fullmatch(version) and _DOTTED.fullmatch(other)):
        return False
    pairs = zip_longest(*([int(part) for part in text.split(".")] for text in (version, other)), fillvalue=0)
    return next((one < two for one, two in pairs if one != two), False)


def today(now: dt.datetime, source_date_epoch: int | None) -> dt.date:
    """Return the UTC day a release is named after: SOURCE_DATE_EPOCH's where set, else that of `now`."""
    if source_date_epoch is None:
        return now.astimezone(dt.UTC).date()
    return dt.datetime.fromtimestamp(source_date_epoch, dt.UTC).date()


def automatic(today: dt.date, previous: Release | None) -> Release:
    """Return the date's release, continuing from `previous` if that is of the same day."""
    if previous is not None and previous.day == today:
        return previous
    return Release(f"{today:%Y%m%d}")


def epoch(release: Release, *, source_date_epoch: int | None, newest: dt.datetime) -> int:
    """Return the time stamp of everything built, in seconds since 1970: never the present.

    It is SOURCE_DATE_EPOCH, else the midnight of a date release, else the moment the bundle's
    newest certificate begins; from 1980 to 2106, where every format's clock runs.
    """
    if source_date_epoch is None:
        day = release.day
        moment = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC) if day else newest
        source_date_epoch = int(moment.timestamp())
    return min(max(source_date_epoch, _ZIP_DAWN), LATEST)
