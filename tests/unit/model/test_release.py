"""Release versions: their grammar, their day, and an order that every ecosystem's own tool agrees with."""

import datetime as dt
import itertools
import json
import subprocess
from collections.abc import Callable, Sequence

import pytest
from packaging.version import Version

from builder.errors import ReleaseError
from builder.model import release
from builder.model.release import Release
from tests.tools import require

TODAY = dt.date(2026, 11, 24)
# Ascending: dates with and without counters, the short versions that people choose, and old ones.
ORDERED = [
    "0",
    "0.1",
    "1",
    "1.2",
    "1.10",
    "2",
    "9.9.9",
    "10",
    "2025.12",
    "2026.2",
    "2026.10",
    "2026.10.1",
    "2026.10.2",
    "2026.10.10",
    "2026.11",
    "2027",
    "20261123.12",
    "20261124",
    "20261124.1",
    "20261124.2",
    "20261124.10",
    "20261125",
    "999999999.999999999.999999999",
]

# Those that can be new: libraries have them behind a 1.
NEW = [text for text in ORDERED if text.count(".") < 2]

Less = Callable[[Sequence[tuple[str, str]]], list[bool]]


def dpkg(pairs: Sequence[tuple[str, str]]) -> list[bool]:
    """Compare as dpkg does."""
    program = require("dpkg")
    return [
        subprocess.run([program, "--compare-versions", a, "lt", b], env={}, check=False).returncode == 0
        for a, b in pairs
    ]


def rpm(pairs: Sequence[tuple[str, str]]) -> list[bool]:
    """Compare as rpm does (in its own Lua)."""
    calls = ",".join(f'rpm.vercmp("{a}-1","{b}-1")' for a, b in pairs)
    macro = f'%{{lua: for _, v in ipairs({{{calls}}}) do print(v .. " ") end}}'
    done = subprocess.run(
        [require("rpm"), "--eval", macro], capture_output=True, text=True, check=True, env={"HOME": "/"}
    )
    return [word == "-1" for word in done.stdout.split()]


def gem(pairs: Sequence[tuple[str, str]]) -> list[bool]:
    """Compare as RubyGems does."""
    program = (
        "require 'json'; versions = JSON.parse(STDIN.read).map { |p| p.map { |v| Gem::Version.new(v) } };"
        "puts versions.map { |a, b| a < b }.to_json"
    )
    done = subprocess.run(
        [require("ruby"), "-e", program],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    return list(json.loads(done.stdout))


def npm(pairs: Sequence[tuple[str, str]]) -> list[bool]:
    """Compare as npm does: by the semver library it ships."""
    program = (
        "const p = require('path'), fs = require('fs');"
        "const home = p.dirname(p.dirname(fs.realpathSync(process.argv[1])));"
        "const semver = require(require.resolve('semver', { paths: [home] }));"
        "const less = ([a, b]) => semver.valid(a) && semver.valid(b) && semver.lt(a, b);"
        "console.log(JSON.stringify(JSON.parse(fs.readFileSync(0, 'utf8')).map(less)));"
    )
    done = subprocess.run(
        [require("node"), "-e", program, require("npm")],
        input=json.dumps(pairs), capture_output=True, text=True, check=True, env={},
    )  # fmt: skip
    return list(json.loads(done.stdout))


def pep440(pairs: Sequence[tuple[str, str]]) -> list[bool]:
    """Compare as pip does."""
    return [Version(a) < Version(b) for a, b in pairs]


def apk(pairs: Sequence[tuple[str, str]]) -> list[bool]:
    """Compare by apk's rules: number by number; where one version ends first, it is the lower one.

    No apk runs here. See apk-package(5): a component after the first that starts with 0 would be compared as
    text, which the grammar leaves to the number 0 itself.
    """
    return [tuple(map(int, a.split("."))) < tuple(map(int, b.split("."))) for a, b in pairs]


@pytest.mark.parametrize(
    ("less", "versions"),
    [
        *((less, ORDERED) for less in (dpkg, rpm, apk)),
        *((less, [Release(text).library_version for text in NEW]) for less in (gem, pep440)),
        (npm, [Release(text).semver for text in NEW]),
    ],
    ids=lambda value: str(getattr(value, "__name__", "versions")),
)
def test_every_ecosystem_orders_releases_alike(less: Less, versions: Sequence[str]) -> None:
    """Each release is lower than every later one, never the other way, by the ecosystem's own rules."""
    pairs = [*itertools.pairwise(versions), (versions[0], versions[-1])]
    assert less(pairs) == [True] * len(pairs)
    assert less([(b, a) for a, b in pairs]) == [False] * len(pairs)
    assert [release.sorts_below(a, b) for a, b in pairs] == [True] * len(pairs)
    assert [release.sorts_below(b, a) for a, b in pairs] == [False] * len(pairs)


def test_our_own_order_is_theirs() -> None:
    """Sorting by numbers gives the same order."""
    shuffled = sorted(ORDERED, key=lambda text: text[::-1])
    assert sorted(shuffled, key=lambda text: Release(text).numbers) == ORDERED


@pytest.mark.parametrize("text", NEW)
def test_one_or_two_numbers_are_a_release(text: str) -> None:
    """What is valid is kept as it was written."""
    assert release.parse(text).text == text


@pytest.mark.parametrize("text", [*ORDERED, "0.0.0"])
def test_a_stored_release_may_be_old(text: str) -> None:
    """One of three numbers is read, and kept as it was written."""
    assert release.stored(text).text == text


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        ("2026.10.1", "2026.11"),
        ("2026.12.1", "2027.1"),
        ("20261124.9.5", "20261124.10"),
        ("1.2.3", "1.3"),
        ("0.0.0", "0.1"),
    ],
)
def test_a_new_release_of_three_numbers_is_refused(text: str, proposed: str) -> None:
    """The answer is a date, or the number that counts on: of a year and a month, the next month's."""
    with pytest.raises(ReleaseError) as caught:
        release.parse(text)
    assert str(caught.value) == f"release '{text}': has three numbers, and a release has one or two"
    assert caught.value.hint == f"write it like 20261124 or 20261124.1, or count on: {proposed}"
    assert release.sorts_below(text, release.parse(proposed).text)


@pytest.mark.parametrize(
    "text",
    [
        "01",
        "1.01",
        "2026.05",
        "1.2.3.4",
        "1.",
        ".1",
        "1..2",
        "v1",
        "1.0-rc1",
        "1.0+x",
        "1:1",
        "1~1",
        "1_1",
        "-1",
        "1e3",
        "latest",
        "1234567890",
        "1.1234567890",
        "2\u0663",
        "\u0661",
        "1,2",
        "2026-11-24",
        "../1",
        "1/2",
        "",
        " ",
        "1 ",
        "1\n",
    ],
)
def test_what_some_ecosystem_could_not_order_is_refused(text: str) -> None:
    """Leading zeros, suffixes, foreign digits and too many numbers are answered with a good example."""
    with pytest.raises(ReleaseError) as caught:
        release.parse(text)
    assert str(caught.value) == f"release '{text}': is not one or two numbers without leading zeros"
    assert "2026.10" in caught.value.hint
    with pytest.raises(ReleaseError, match="is not one to three numbers"):
        release.stored(text)


@pytest.mark.parametrize(
    ("text", "library_version", "semver"),
    [
        ("20261124", "1.20261124", "1.20261124.0"),
        ("20261124.1", "1.20261124.1", "1.20261124.1"),
        ("2026.10", "1.2026.10", "1.2026.10"),
        ("2026.10.1", "2026.10.1", "2026.10.1"),
    ],
)
def test_libraries_have_a_release_behind_their_interfaces_number(
    text: str, library_version: str, semver: str
) -> None:
    """Npm's has three numbers always; an old release keeps the version that it had."""
    found = release.stored(text)
    assert (found.library_version, found.semver) == (library_version, semver)


@pytest.mark.parametrize(
    ("version", "other"),
    [
        ("1.20261124", "1.20261124"),
        ("1.20261124", "1.20261124.0"),
        ("1.20261124.0", "1.20261124"),
        ("2026.10", "1:2026.10"),
        ("1:2026.10", "2026.10"),
        ("1.20261124", ""),
        ("1.20261124", "9" * 5000),
    ],
)
def test_equal_and_strange_versions_are_not_below(version: str, other: str) -> None:
    """What is no dotted number may have an epoch; one that no release has is no number either."""
    assert not release.sorts_below(version, other)


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        (None, "20261124"),
        ("20261124", "20261124"),
        ("20261124.3", "20261124.3"),
        ("20261123.7", "20261124"),
        ("2026.10", "20261124"),
    ],
)
def test_a_release_is_named_after_its_day_and_goes_on_from_the_same_days(
    previous: str | None, expected: str
) -> None:
    """The version of a first or unchanged build is the day's; a day that has one already goes on from it."""
    assert release.automatic(TODAY, Release(previous) if previous else None).text == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("20261124", "20261124.1"), ("20261124.1", "20261124.2"), ("20261124.9.5", "20261124.10")],
)
def test_a_days_next_release_counts_up(text: str, expected: str) -> None:
    """A second content on one day gets the counter 1, a third 2."""
    assert Release(text).following().text == expected


def test_the_day_is_utcs_or_the_epochs() -> None:
    """Half past one in Kiritimati is the day before in UTC; SOURCE_DATE_EPOCH decides where set."""
    now = dt.datetime(2026, 11, 25, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=14)))
    assert release.today(now, None) == dt.date(2026, 11, 24)
    assert release.today(now, 86399) == dt.date(1970, 1, 1)


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("20261124", None, dt.datetime(2026, 11, 24, tzinfo=dt.UTC)),
        ("20261124.5", None, dt.datetime(2026, 11, 24, tzinfo=dt.UTC)),
        ("2026.10", None, dt.datetime(2026, 3, 1, 12, 30, 5, tzinfo=dt.UTC)),
        ("20261399", None, dt.datetime(2026, 3, 1, 12, 30, 5, tzinfo=dt.UTC)),
        ("20261124", 1700000000, dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)),
        ("20261124", 0, dt.datetime(1980, 1, 1, tzinfo=dt.UTC)),
        ("19700101", None, dt.datetime(1980, 1, 1, tzinfo=dt.UTC)),
        ("99991231", None, dt.datetime(2106, 2, 7, 6, 28, 15, tzinfo=dt.UTC)),
    ],
)
def test_the_time_stamp_follows_from_the_release_and_never_from_the_clock(
    text: str, given: int | None, expected: dt.datetime
) -> None:
    """SOURCE_DATE_EPOCH, the release's day, or the newest certificate's start, within every clock."""
    newest = dt.datetime(2026, 3, 1, 12, 30, 5, tzinfo=dt.UTC)
    found = release.epoch(Release(text), source_date_epoch=given, newest=newest)
    assert dt.datetime.fromtimestamp(found, dt.UTC) == expected
