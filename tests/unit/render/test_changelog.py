"""Changelogs: every release of the lock, in the words and the shape that each ecosystem reads."""

import datetime as dt
import subprocess
from pathlib import Path

from markdown_it import MarkdownIt

from builder.diff import difference, snapshot
from builder.lifecycle import lock
from builder.lifecycle.history import ReleaseRecord, revisions
from builder.lifecycle.lock import Lock
from builder.lifecycle.states import Lifecycle, Stage
from builder.model import Bundle, Certificate, CertificateSummary, Revision, State
from builder.render import changelog
from tests.tools import require
from tests.unit import bundles

A, B = (CertificateSummary(sha256=letter * 64, subject=f"CN=Root {letter}") for letter in "ab")
LOCK = Lock(
    organisation="acme",
    certificates=(),
    history=(
        ReleaseRecord(release="20270107", date="2027-01-07", content="3" * 64, undistrusted=(A,)),
        ReleaseRecord(release="20270106", date="2027-01-06", content="0" * 64),
        ReleaseRecord(release="20270105", date="2027-01-05", content="1" * 64, removed=(A,), distrusted=(A,)),
        ReleaseRecord(release="20261124", date="2026-11-24", content="2" * 64, added=(A, B)),
    ),
)


def test_each_release_of_a_lock_has_its_notes() -> None:
    """Newest first; one that changed no CA says so."""
    assert revisions(LOCK.history) == (
        Revision("20270107", "2027-01-07", (f"No longer distrust CN=Root a ({A.sha256}).",)),
        Revision("20270106", "2027-01-06", ("The same certificates.",)),
        Revision(
            "20270105",
            "2027-01-05",
            (f"No longer trust CN=Root a ({A.sha256}).", f"Distrust CN=Root a ({A.sha256})."),
        ),
        Revision(
            "20261124",
            "2026-11-24",
            (f"Trust CN=Root a ({A.sha256}).", f"Trust CN=Root b ({B.sha256})."),
        ),
    )


def _after(bundle: Bundle, states: dict[str, State], old: Lock | None, day: dt.date) -> Lock:
    """Lock the CAs of a bundle, some in other states than active."""
    stages = Lifecycle(stages={key: Stage(state) for key, state in states.items()})

    def split(*, blocked: bool) -> tuple[Certificate, ...]:
        return tuple(one for one in bundle.certificates if stages.is_distrusted(one.sha256) == blocked)

    described = lock.describe(Bundle(split(blocked=False), split(blocked=True)), stages)
    return lock.advance(old, described, organisation="acme", today=day)


def test_a_changelog_tells_what_diff_tells() -> None:
    """Of every step between two locks: what came, went, is blocked and is no longer blocked."""
    both = bundles.bundle("One", "Two")
    one, two = (item.sha256 for item in both.certificates)
    steps: list[tuple[Bundle, dict[str, State]]] = [
        (both, {}),
        (both, {two: "retiring"}),
        (both, {two: "distrusted"}),
        (Bundle(both.certificates[:1]), {}),
        (both, {one: "distrusted"}),
        (both, {}),
    ]
    old: Lock | None = None
    told = set()
    for number, (bundle, states) in enumerate(steps):
        new = _after(bundle, states, old, dt.date(2027, 1, 1 + number))
        if old is not None and new.history != old.history:
            found = difference.compare(*(snapshot.of_lock("", each) for each in (old, new)))
            verbs = {
                "Trust": found.added,
                "No longer trust": found.removed,
                "Distrust": found.distrusted,
                "No longer distrust": found.undistrusted,
            }
            expected = [f"{verb} CN={_name(i)} ({i.sha256})." for verb, items in verbs.items() for i in items]
            assert sorted(expected) == sorted(revisions(new.history)[0].notes)
            told |= {verb for verb, items in verbs.items() if items}
        old = new
    assert told == {"Trust", "No longer trust", "Distrust", "No longer distrust"}


def _name(item: CertificateSummary) -> str:
    return item.subject.removeprefix("CN=")


def test_without_a_lock_there_is_one_entry() -> None:
    """All that the release itself trusts and distrusts."""
    one, two = bundles.bundle("One", "Two").certificates
    (found,) = changelog.of_release("1", dt.date(2026, 1, 2), Bundle((one,), (two,)))
    notes = (f"Trust CN=One ({one.sha256}).", f"Distrust CN=Two ({two.sha256}).")
    assert found == Revision("1", "2026-01-02", notes)


def test_releases_of_one_day_have_times_that_rise() -> None:
    """Also where a clock went back, and where nothing but the release tells its place in the day."""
    days = {
        "20270107.1": "2027-01-05",
        "20270107": "2027-01-07",
        "20270106.3": "2027-01-06",
        "1": "2027-01-06",
    }
    history = tuple(ReleaseRecord(release=one, date=day, content="0" * 64) for one, day in days.items())
    told = revisions(history)
    assert [f"{one.moment:%Y-%m-%dT%H:%M}" for one in told] == [
        "2027-01-07T00:01", "2027-01-07T00:00", "2027-01-06T00:03", "2027-01-06T00:00",
    ]  # fmt: skip
    headings = [line for line in changelog.markdown(told, level=1).splitlines() if line.startswith("#")]
    assert headings == [
        "# 20270107.1 (2027-01-07 00:01 UTC)", "# 20270107 (2027-01-07)",
        "# 20270106.3 (2027-01-06 00:03 UTC)", "# 1 (2027-01-06)",
    ]  # fmt: skip
    debian = changelog.debian(told, name="x", maintainer="Acme <pki@acme.example>")
    assert [line[-14:] for line in debian.splitlines() if line.startswith(" --")] == [
        "00:01:00 +0000", "00:00:00 +0000", "00:03:00 +0000", "00:00:00 +0000",
    ]  # fmt: skip
    (alone,) = changelog.of_release("20270107.2", dt.date(2027, 1, 7), bundles.bundle())
    assert alone.moment == dt.datetime(2027, 1, 7, 0, 2, tzinfo=dt.UTC)


def test_the_times_of_a_long_history_end_with_the_calendar() -> None:
    """A day written by hand into the lock must not crash a build."""
    history = tuple(ReleaseRecord(release=f"{3 - i}", date="9999-12-31", content="0" * 64) for i in range(3))
    many = (ReleaseRecord(release="99991231.999999999", date="9999-12-31", content="0" * 64), *history)
    assert revisions(many)[0].date == "9999-12-31"


def test_markdown_shows_names_as_they_are() -> None:
    """A CommonMark parser finds a heading a release and an item a note, and no markup inside a name."""
    names = ("CN=a*b*_c_ `d` [e](https://f.example) <b>g</b> &amp; ~~h~~ | \\* i", "CN=# - 1. <!-- x")
    notes = tuple(f"Trust {name} (aaaaaaaaaaaaaaaa)." for name in names)
    text = changelog.markdown((Revision("2", "2027-01-02", notes), *revisions(LOCK.history)), level=2)
    tokens = MarkdownIt("commonmark").parse(text)
    inline = [token for token in tokens if token.type == "inline"]
    assert {child.type for token in inline for child in token.children or ()} <= {"text", "text_special"}
    shown = ["".join(child.content for child in token.children or ()) for token in inline]
    headings = [token.tag for token in tokens if token.type == "heading_open"]
    assert headings == ["h2"] * 5
    assert tuple(shown[:3]) == ("2 (2027-01-02)", *notes)
    assert shown[-3:] == ["20261124 (2026-11-24)", *revisions(LOCK.history)[-1].notes]


def test_dpkg_reads_the_debian_changelog(tmp_path: Path) -> None:
    """Version, date and maintainer of every entry; a long note is wrapped, and none can start an entry."""
    long = Revision("3", "2027-02-03", ("Trust CN=x\\u000a -- Me " + "word " * 40 + ".",))
    history = (long, *revisions(LOCK.history))
    text = changelog.debian(history, name="acme-ca-certs", maintainer="Acme <pki@acme.example>")
    assert max(map(len, text.splitlines())) <= 80
    file = tmp_path / "changelog"
    file.write_text(text, "utf-8")
    command = [require("dpkg-parsechangelog"), "-l", str(file), "--all", "-S"]
    found = {
        field: subprocess.run(
            [*command, field], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
        ).stdout
        for field in ("Version", "Date", "Maintainer", "Timestamp")
    }
    assert found["Version"].split() == ["3"]
    assert found["Date"].strip() == "Wed, 03 Feb 2027 00:00:00 +0000"
    assert found["Timestamp"].strip() == "1801612800"
    assert found["Maintainer"].strip() == "Acme <pki@acme.example>"
    versions = subprocess.run(
        [require("dpkg-parsechangelog"), "-l", str(file), "--all", "--format", "rfc822", "-S", "Changes"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    ).stdout
    assert [
        version for version in ("3", "20270106", "20270105", "20261124") if f"({version})" in versions
    ] == [
        "3",
        "20270106",
        "20270105",
        "20261124",
    ]
