"""The plan: every overlap that is missing is found, and none that is there."""

import datetime as dt
import json
from types import MappingProxyType

import pytest

from builder.lifecycle import lock as locks
from builder.lifecycle import plan as plans
from builder.lifecycle.lock import Lock
from builder.lifecycle.plan import Plan
from builder.lifecycle.states import Lifecycle, Stage
from builder.model import CertificateSummary, State

TODAY = dt.date(2026, 11, 24)
OVERLAP = 30
DISTRUST = {"here": "it is blocked", "there": "it is left out"}
FAR = dt.datetime(2036, 1, 1, tzinfo=dt.UTC)


def day(offset: int) -> dt.date:
    """Return a day from today."""
    return TODAY + dt.timedelta(days=offset)


def ca(letter: str, state: State = "active", not_after: dt.datetime = FAR) -> CertificateSummary:
    """Return a CA."""
    return CertificateSummary(
        sha256=letter * 64,
        subject=f"CN=Root {letter}",
        not_before=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        not_after=not_after,
        state=state,
    )


A = ca("a")


def ends(offset: int) -> dt.datetime:
    """Return noon of a day from today."""
    return dt.datetime.combine(day(offset), dt.time(12), dt.UTC)


def advance(lock: Lock | None, *certificates: CertificateSummary, today: dt.date) -> Lock:
    """Return the lock of a release on a day."""
    return locks.advance(lock, certificates, organisation="acme", today=today)


def out_for(days: int, *certificates: CertificateSummary) -> Lock:
    """Return a lock in which A was always there, and the other CAs came out some days ago."""
    return advance(advance(None, A, today=day(-1000)), A, *certificates, today=day(-days))


def make(lock: Lock | None, *new: CertificateSummary, **stages: Stage) -> Plan:
    """Plan a release today; a CA's stage is given by its letter, else it is its state alone."""
    known = {item.sha256: stages.get(item.sha256[0], Stage(state=item.state or "active")) for item in new}
    known |= {letter * 64: stage for letter, stage in stages.items()}
    lifecycle = Lifecycle(dt.timedelta(days=OVERLAP), MappingProxyType(known))
    return plans.make(
        lock.certificates if lock else [],
        new,
        lock=lock,
        before=lock.release.text if lock else "",
        release="20261124",
        lifecycle=lifecycle,
        distrust=DISTRUST,
        today=TODAY,
    )


def warnings(lock: Lock | None, *new: CertificateSummary, **stages: Stage) -> list[tuple[str, str]]:
    """Return each warning's CA, by its letter, and its words."""
    return [(one.certificate.sha256[0], one.message) for one in make(lock, *new, **stages).warnings]


def test_a_first_release_warns_of_nothing() -> None:
    """Its CAs are in use already; one with a long past too."""
    assert warnings(None, A, ca("b")) == []
    assert warnings(None, A, a=Stage(since=day(-900))) == []
    assert warnings(out_for(1), A, a=Stage(since=day(-900))) == []


def test_a_new_ca_must_not_be_used_at_once() -> None:
    """Active without a day means from today; a day far enough away is fine, a nearer one is not."""
    late = f"on all machines from {day(30)} only"
    assert warnings(out_for(99), A, ca("b")) == [
        ("b", f"is used from {TODAY}, but {late}: make it incoming until {day(30)}")
    ]
    assert warnings(out_for(99), A, ca("b"), b=Stage(since=day(29))) == [
        ("b", f"is used from {day(29)}, but {late}")
    ]
    assert warnings(out_for(99), A, ca("b"), b=Stage(since=day(30))) == []
    assert warnings(out_for(99), A, ca("b", "incoming")) == []


@pytest.mark.parametrize(("until", "warned"), [(29, True), (30, False)])
def test_an_incoming_ca_is_out_long_enough_before_its_day(until: int, *, warned: bool) -> None:
    """Counted from the release that brought it, which for a new one is this one."""
    stage = Stage("incoming", until=day(until))
    assert bool(warnings(out_for(99), A, ca("b", "incoming"), b=stage)) is warned
    assert bool(warnings(None, ca("b", "incoming"), b=stage)) is warned
    sooner = Stage("incoming", until=day(until - 20))
    assert bool(warnings(out_for(20, ca("b", "incoming")), A, ca("b", "incoming"), b=sooner)) is warned


@pytest.mark.parametrize(("days", "warned"), [(29, True), (30, False)])
def test_a_ca_becomes_active_when_every_machine_has_it(days: int, *, warned: bool) -> None:
    """The change of state is the moment that counts; afterwards nothing is said any more."""
    lock = out_for(days, ca("b", "incoming"))
    assert bool(warnings(lock, A, ca("b"))) is warned
    assert warnings(advance(lock, A, ca("b"), today=TODAY), A, ca("b")) == []


@pytest.mark.parametrize("without", [(ca("b"),), (ca("b"), ca("a", "distrusted"))])
def test_a_ca_that_comes_back_is_new_again(without: tuple[CertificateSummary, ...]) -> None:
    """Machines that upgraded meanwhile do not have it, though they had it from the first release on."""
    both = advance(out_for(99, ca("b")), *without, today=day(-9))
    late = f"is used from {TODAY}, but on all machines from {day(30)} only: make it incoming until {day(30)}"
    assert warnings(both, A, ca("b")) == [("a", late)]
    again = advance(both, ca("a", "incoming"), ca("b"), today=day(-1))
    ready = f"is used from {TODAY}, but on all machines from {day(29)} only: make it incoming until {day(29)}"
    assert warnings(again, A, ca("b")) == [("a", ready)]


def test_the_end_of_the_calendar_is_late_enough() -> None:
    """A day written by hand into the lock must not crash what plans by it."""
    lock = advance(advance(None, A, today=TODAY), A, ca("b", "incoming"), today=dt.date.max)
    late = f"is used from {TODAY}, but on all machines from 9999-12-31 only"
    assert warnings(lock, A, ca("b")) == [("b", f"{late}: make it incoming until 9999-12-31")]


def test_plans_that_are_overdue_are_named() -> None:
    """On their day, not the day before."""
    lock = out_for(99, ca("b", "incoming"), ca("c", "retiring"))
    for offset, expected in ((1, []), (0, ["b", "c"])):
        found = warnings(
            lock,
            A,
            ca("b", "incoming"),
            ca("c", "retiring"),
            b=Stage("incoming", until=day(offset)),
            c=Stage("retiring", until=day(offset)),
        )
        assert [letter for letter, _ in found] == expected
        assert all("and is still" in words for _, words in found)


def test_a_ca_is_retiring_before_it_is_removed() -> None:
    """Unless it has expired: then nobody trusts it anyway. Distrust is an emergency."""
    assert warnings(out_for(99, ca("b")), A) == [
        ("b", "is removed while active: a release should show it as retiring first")
    ]
    assert warnings(out_for(99, ca("b", "retiring")), A) == []
    assert warnings(out_for(99, ca("b", not_after=ends(-1))), A) == []
    assert warnings(out_for(99, ca("b")), A, ca("b", "distrusted")) == []


@pytest.mark.parametrize(("days", "warned"), [(29, True), (30, False)])
def test_a_successor_is_out_before_its_predecessor_goes(days: int, *, warned: bool) -> None:
    """Removed now, planned to be removed, or about to expire."""
    lock = out_for(days, ca("b", "incoming"))
    fresh = ca("b", "incoming")
    named = f"its successor CN=Root b ({'b' * 64}) is on all machines from {day(1)} only"
    gone = warnings(lock, ca("b"), a=Stage("retiring", successor="b" * 64))
    assert [words for _, words in gone if "successor" in words] == (
        [f"is removed on {TODAY}, but {named}"] if warned else []
    )
    leaving = Stage("retiring", until=day(29 - days + 1), successor="b" * 64)
    brief = out_for(0, fresh)
    assert bool(warnings(brief, ca("a", "retiring"), fresh, a=leaving)) is True
    ending = ca("a", not_after=ends(days))
    stages = {"a": Stage(successor="b" * 64), "b": Stage("incoming", until=day(days))}
    assert any("on all machines" in w for _, w in warnings(brief, ending, fresh, **stages)) is warned


@pytest.mark.parametrize(
    ("until", "end", "said"),
    [
        (40, 40, ""),
        (41, 40, f"is used from {day(41)} only"),
        (None, 30, "is still incoming, and has no day from which it is used"),
        (None, 31, ""),
    ],
)
def test_a_successor_is_used_before_its_predecessor_goes(until: int | None, end: int, said: str) -> None:
    """Else all servers still have certificates of the CA that goes; far ahead, the day may be open."""
    lock = out_for(99, ca("b", "incoming"))
    b = Stage("incoming", until=None if until is None else day(until))
    a = Stage("retiring", until=day(end), successor="b" * 64)
    found = warnings(lock, ca("a", "retiring"), ca("b", "incoming"), a=a, b=b)
    named = f"is to be removed on {day(end)}, but its successor CN=Root b ({'b' * 64}) "
    assert found == ([("a", f"{named}{said}")] if said else [])
    removed = warnings(lock, ca("b", "incoming"), a=Stage("retiring", successor="b" * 64), b=b)
    assert [letter for letter, words in removed if "successor" in words] == ["a"]


def test_a_ca_that_ends_soon_needs_a_successor() -> None:
    """Within the overlap, since after that it is too late for one."""
    for offset, warned in ((30, True), (31, False), (-1, False)):
        found = warnings(out_for(99), ca("a", not_after=ends(offset)))
        assert found == ([("a", f"expires on {day(offset)}, and names no successor")] if warned else [])


def test_the_plan_reads_as_a_change() -> None:
    """Signs as in the lock's diff; with a distrusted CA, what each target does about it."""
    found = make(out_for(99, ca("b"), ca("d")), A, ca("c", "incoming"), ca("d", "distrusted"))
    lines = plans.as_text(found).splitlines()
    assert [line[:12] for line in lines[:6]] == [
        "release 2026",
        "+ CN=Root c ",
        "- CN=Root b ",
        "! CN=Root d ",
        "2 certificat",
        "warning: CN=",
    ]
    assert lines[-2:] == ["  here   it is blocked", "  there  it is left out"]
    value = json.loads(plans.as_json(found))
    assert [
        [one["sha256"][0] for one in value[key]] for key in ("added", "removed", "moved", "warnings")
    ] == [
        ["c"],
        ["b"],
        ["d"],
        ["b"],
    ]
    assert (value["kept"], value["distrust"]) == (1, DISTRUST)
    assert "nothing changes" in plans.as_text(make(out_for(99), A))


def test_the_plan_counts_before_and_after() -> None:
    """Three before, two after: nobody takes one number for both."""
    three = make(out_for(99, ca("b"), ca("d")), A, ca("d", "distrusted"))
    assert "1 certificate shipped, 3 before, 1 of them both times" in plans.as_text(three)
    assert "1 certificate shipped, the same as before" in plans.as_text(make(out_for(99), A))


def test_the_plan_tells_who_answers_for_a_ca_and_until_when() -> None:
    """Below the CA's line, as far as it is configured; in JSON always."""
    stage = Stage("incoming", until=day(40), owner="PKI Team", evidence="INC-1")
    found = make(out_for(99), A, ca("b", "incoming"), ca("c", "incoming"), b=stage)
    lines = plans.as_text(found).splitlines()
    assert lines[2] == f"    until {day(40)}, owner PKI Team, evidence INC-1"
    assert lines[3].startswith("+ CN=Root c ")
    assert [
        [one[key] for key in ("until", "owner", "evidence")]
        for one in json.loads(plans.as_json(found))["added"]
    ] == [
        [str(day(40)), "PKI Team", "INC-1"],
        ["", "", ""],
    ]
