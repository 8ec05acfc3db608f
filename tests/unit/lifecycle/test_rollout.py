"""Which steps of a rotation wait for hosts, and when enough of them have what is needed."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from types import MappingProxyType

import pytest

from builder.lifecycle.rollout import RolloutPolicy, SeenHost, SeenHosts, coverage, short, steps
from builder.lifecycle.states import Lifecycle, Stage
from builder.model import CertificateSummary, State
from builder.text import shares

NOW = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
FAR = dt.datetime(2036, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
SUCCEEDED = Lifecycle(stages=MappingProxyType({"a" * 64: Stage(successor="b" * 64)}))


def ca(letter: str, state: State, ends: dt.datetime = FAR) -> CertificateSummary:
    """Return a CA."""
    return CertificateSummary(sha256=letter * 64, subject=f"CN={letter}", not_after=ends, state=state)


OLD = ca("a", "active")
DISTRUSTED = "a distrusted b"
# The lock's CAs before and after, and which of them waits, how, and for which CA.
CASES = {
    "a first release": ([], [OLD], ""),
    "nothing": ([OLD], [OLD], ""),
    "a new one that is on its way": ([OLD], [OLD, ca("b", "incoming")], ""),
    "it is used": ([OLD, ca("b", "incoming")], [OLD, ca("b", "active")], "b active b"),
    "it is used and was never on its way": ([OLD], [OLD, ca("b", "active")], "b active b"),
    "it retires before it was used": ([OLD, ca("b", "incoming")], [OLD, ca("b", "retiring")], "b active b"),
    "it retires and was never on its way": ([OLD], [OLD, ca("b", "retiring")], "b active b"),
    "it retires and was distrusted": ([OLD, ca("b", "distrusted")], [OLD, ca("b", "retiring")], "b active b"),
    "it is trusted again": ([OLD, ca("b", "distrusted")], [OLD, ca("b", "active")], "b active b"),
    "it is given up": ([OLD, ca("b", "incoming")], [OLD], ""),
    "the old one retires": ([OLD, ca("b", "active")], [ca("a", "retiring"), ca("b", "active")], ""),
    "it is used after all": ([ca("a", "retiring")], [OLD], ""),
    "the old one goes": ([OLD, ca("b", "active")], [ca("b", "active")], "a removed b"),
    "it is distrusted": ([OLD, ca("b", "active")], [ca("a", "distrusted"), ca("b", "active")], DISTRUSTED),
    "it goes with its successor": ([OLD, ca("b", "active")], [ca("c", "incoming")], ""),
    "it has expired": ([ca("a", "active", NOW - DAY), ca("b", "active")], [ca("b", "active")], ""),
    "one without a successor goes": ([OLD, ca("c", "active")], [OLD], ""),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_step_waits_for_the_hosts_that_it_would_cut_off(case: str) -> None:
    """And no other does: what takes nothing from anybody may be done at any time."""
    old, new, expected = CASES[case]
    found = [
        f"{step.item.sha256[0]} {step.word} {step.needed.sha256[0]}"
        for step in steps(old, new, SUCCEEDED, TODAY)
    ]
    assert found == ([expected] if expected else [])


def _seen(*times: dt.datetime | None) -> SeenHosts:
    return SeenHosts("hosts.json", "acme", tuple(SeenHost(time, frozenset({"a" * 64})) for time in times))


def test_only_what_was_said_of_late_counts() -> None:
    """Neither what is older, nor what a clock says that is ahead, nor silence."""
    found = coverage(OLD, _seen(NOW, NOW - DAY, NOW - DAY * 1.01, NOW + DAY, None), now=NOW, max_age=DAY)
    assert (found.trusted, found.hosts, found.said) == (2, 5, "is on 40 % of 5 hosts; 3 lack it")


@pytest.mark.parametrize(
    ("have", "hosts", "at_least", "waits"),
    [(99, 100, "99%", False), (98, 100, "99%", True), (0, 0, "0%", True), (0, 1, "0%", False),
     (9_999, 10_000, "100%", True), (9_990, 10_000, "99.9%", False)],
)  # fmt: skip
def test_the_threshold_is_exact(have: int, hosts: int, at_least: str, waits: bool) -> None:
    """Nothing is rounded, and of no hosts none are enough."""
    part = shares.share(at_least)
    assert part is not None
    policy = RolloutPolicy(part, DAY, (), "trustpack.yaml:5")
    (step,) = steps([ca("c", "active"), ca("a", "incoming")], [ca("c", "active"), OLD], SUCCEEDED, TODAY)
    seen = _seen(*[NOW] * have, *[None] * (hosts - have))
    assert bool(short(step, policy, seen, now=NOW)) is waits


def test_a_part_is_written_as_it_is_read() -> None:
    """And told without being rounded up."""
    for text in ("100%", "99.5%", "0%", "99.999%"):
        part = shares.share(text)
        assert isinstance(part, Fraction)
        assert shares.written(part) == text
    assert [shares.share(text) for text in ("101%", "-1%", "99", "1e2%", "99%\n", "")] == [None] * 6
    assert [shares.told(1_939, 2_000), shares.told(9_999, 10_000)] == ["96.9 % of 2,000", "99.9 % of 10,000"]
