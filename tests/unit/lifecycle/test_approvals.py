"""The chain of approvals in a lock: who has to sign what, and that nothing else counts."""

import datetime as dt
import json
from types import MappingProxyType

import pytest
from msgspec.structs import replace

from builder.errors import LockError, TrustpackError
from builder.lifecycle import approval_text, approvals, lockfile
from builder.lifecycle import lock as locks
from builder.lifecycle.approvers import Approver, Approvers
from builder.lifecycle.lock import Lock
from builder.lifecycle.packaging import Packaging
from builder.lifecycle.states import Lifecycle, Stage
from builder.model import State
from builder.signing import approving
from tests.approvers import person
from tests.unit import bundles

WHERE = "trustpack.lock"
ONE, TWO = bundles.bundle("Acme Root", "Acme Root 2").certificates
_PARTS = Packaging.__struct_fields__
PACKAGING = Packaging(**{part: "1" if part == "revision" else "0" * 64 for part in _PARTS})


def approvers(*names: str, needed: int = 2, distrust: int = 1) -> Approvers:
    """Return a set of people."""
    members = (Approver(name, approving.read_key(person(name).public, name)) for name in sorted(names))
    return Approvers(needed, distrust, tuple(members))


THREE = approvers("alice", "bob", "carol")


def lock(
    old: Lock | None = None,
    people: Approvers | None = THREE,
    *,
    packaging: Packaging = PACKAGING,
    again: bool = False,
    organisation: str = "acme",
    domains: tuple[str, ...] = (),
    **states: State,
) -> Lock:
    """Return the lock that follows `old`, of CA `one`, with `domains`, and CA `two` in the given states."""
    given = {{"one": ONE, "two": TWO}[name]: state for name, state in states.items()}
    stages = {
        item.sha256: Stage(state=state, domains=domains if item is ONE else ())
        for item, state in given.items()
    }
    lifecycle = Lifecycle(stages=MappingProxyType(stages))
    shipped = tuple(item for item in given if not lifecycle.is_distrusted(item.sha256))
    blocked = tuple(item for item in given if lifecycle.is_distrusted(item.sha256))
    bundle = replace(bundles.bundle(), certificates=shipped, distrusted=blocked)
    new = locks.advance(
        old,
        locks.describe(bundle, lifecycle),
        organisation=organisation,
        today=dt.date(2026, 11, 24),
        packaging=packaging,
        again=again,
    )
    return replace(new, approvals=approvals.following(new, people, WHERE))


def signed(of: Lock, *names: str) -> Lock:
    """Return a lock whose last step these people have signed."""
    for name in names:
        of = approvals.signed(of, name, person(name).sign(of.approvals[-1].text))
    return of


def names(of: Lock, people: Approvers | None = THREE, anchor: str = "") -> list[str]:
    """Return who has approved a lock; raise LockError."""
    return [one.name for one in approvals.refuse_unapproved(of, people, WHERE, anchor=anchor)]


FIRST = signed(lock(one="active"), "alice", "bob")


def test_enough_signatures_approve() -> None:
    """Two of three; with one, or the same one twice, the lock is refused, and says who is missing."""
    assert names(FIRST) == ["alice", "bob"]
    assert [one.name for one in approvals.approved_by(FIRST, WHERE)] == ["alice", "bob"]
    with pytest.raises(LockError, match=r"1 of 2 have approved this first state \(carol\); missing: 1 of al"):
        names(signed(lock(one="active"), "carol", "carol"))


def test_a_lock_with_approvals_is_read_as_it_was_written() -> None:
    """With every signature, and places for those that are to come."""
    waiting = lock(FIRST, one="active", two="incoming")
    assert lockfile.parse(lockfile.to_text(waiting), WHERE) == waiting


@pytest.mark.parametrize(
    ("after", "occasion", "needed"),
    [
        (lock(FIRST, one="active", two="active"), "change", 2),
        (lock(FIRST, two="active"), "change", 2),
        (lock(FIRST, one="retiring"), "change", 2),
        (lock(FIRST, one="distrusted", two="active"), "change", 2),
        (lock(FIRST, one="distrusted"), "distrust", 1),
        (lock(FIRST, one="active", two="distrusted"), "distrust", 1),
        (lock(FIRST, one="distrusted", packaging=replace(PACKAGING, reasons="1" * 64)), "distrust", 1),
        (lock(FIRST, one="active", packaging=replace(PACKAGING, reasons="1" * 64)), "change", 2),
        (lock(FIRST, one="distrusted", packaging=replace(PACKAGING, recipes="1" * 64)), "change", 2),
        (lock(FIRST, approvers("alice", "bob"), one="distrusted"), "approvers", 2),
        (lock(FIRST, approvers("alice", needed=1), one="active"), "approvers", 2),
        (lock(FIRST, None, one="active"), "removal", 2),
    ],
)
def test_a_change_takes_as_many_as_it_needs(after: Lock, occasion: str, needed: int) -> None:
    """Only to distrust, and nothing else but why, takes fewer; and always of those who approved before."""
    standing = approvals.standings(after, WHERE)[-1]
    assert (standing.occasion, standing.needed, standing.signed) == (occasion, needed, ())
    assert [one.name for one in standing.signers] == ["alice", "bob", "carol"]


def test_what_a_distrusted_ca_becomes_needs_all() -> None:
    """To trust it again and to forget it are no emergencies."""
    distrusted = signed(lock(FIRST, one="distrusted", two="distrusted"), "carol")
    for after in (lock(distrusted, one="active", two="distrusted"), lock(distrusted, one="distrusted")):
        assert approvals.standings(after, WHERE)[-1].needed == 2


@pytest.mark.parametrize(
    "same",
    [
        lock(FIRST, one="active", again=True),
        lock(FIRST, one="active", packaging=replace(PACKAGING, revision="2")),
    ],
)
def test_the_same_once_more_needs_nobody(same: Lock) -> None:
    """A release of its own, or another trustpack's packaging."""
    assert same.history != FIRST.history
    assert (same.approvals, names(same)) == (FIRST.approvals, ["alice", "bob"])


def test_what_was_waiting_is_replaced_and_what_is_taken_back_needs_nobody() -> None:
    """A signature of what is no longer asked does not count, nor stay."""
    half = signed(lock(FIRST, one="active", two="active"), "alice")
    other = lock(half, one="active", two="retiring")
    assert [len(half.approvals), len(other.approvals)] == [2, 2]
    assert all(signature == b"" for _, signature in other.approvals[-1].signatures)
    assert lock(half, one="active").approvals == FIRST.approvals
    assert lock(half, one="active", two="active").approvals == half.approvals


def test_those_before_decide_who_comes_after() -> None:
    """New approvers count from the next step on, and those who left no longer."""
    mallory = approvers("mallory", needed=1)
    taking = lock(FIRST, mallory, one="active")
    for wrong in ("mallory", "dave"):
        with pytest.raises(LockError, match=f"{wrong} is none of its approvers"):
            names(signed(taking, wrong), mallory)
    taken = signed(taking, "bob", "carol")
    assert names(taken, mallory) == ["bob", "carol"]
    after = lock(taken, mallory, one="active", two="active")
    with pytest.raises(LockError, match="bob is none of its approvers"):
        names(signed(after, "bob", "carol"), mallory)
    assert names(signed(after, "mallory"), mallory) == ["mallory"]


def test_to_do_without_is_approved_and_then_nobody_is_asked() -> None:
    """Who comes later is approved by their own."""
    without = lock(FIRST, None, one="active")
    with pytest.raises(LockError, match="0 of 2 have approved to do without approvals"):
        names(without, None)
    free = signed(without, "alice", "carol")
    assert names(free, None) == ["alice", "carol"]
    changed = lock(free, None, one="active", two="active")
    assert (changed.approvals, names(changed, None)) == (free.approvals, ["alice", "carol"])
    again = lock(changed, approvers("dave", needed=1), one="active", two="active")
    assert approvals.standings(again, WHERE)[-1].occasion == "first"


def test_configuration_and_lock_say_the_same() -> None:
    """Whatever the configuration has that was not approved, the lock cannot make up for."""
    for people in (None, approvers("alice", "bob"), approvers("alice", "bob", "carol", needed=1)):
        with pytest.raises(LockError, match="says something else than what was to be approved"):
            names(FIRST, people)
    with pytest.raises(LockError, match="nobody has been asked"):
        names(replace(FIRST, approvals=()))
    other = lock(FIRST, one="active", two="active")
    with pytest.raises(LockError, match="says something else"):
        names(replace(other, approvals=FIRST.approvals))


def test_an_approval_counts_in_its_place_alone() -> None:
    """Not again after the CA was taken out, nor in another order, nor of another organisation."""
    second = signed(lock(FIRST, one="active", two="active"), "alice", "bob")
    third = signed(lock(second, one="active"), "alice", "bob")
    fourth = lock(third, one="active", two="active")
    assert names(third) == ["alice", "bob"]
    old = dict(second.approvals[1].signatures)
    replayed = approvals.signed(approvals.signed(fourth, "alice", old["alice"]), "bob", old["bob"])
    with pytest.raises(LockError, match="not of this text"):
        names(replayed)
    one, two, three = third.approvals
    for steps in ((one, three), (two, three), (one, two, three, one), (one, two, two), (two, one, three)):
        with pytest.raises(LockError, match="does not follow"):
            names(replace(third, approvals=steps))
    with pytest.raises(LockError, match="is of acme"):
        names(replace(FIRST, organisation="other"))


def test_an_anchor_is_among_the_approved_steps() -> None:
    """A chain that was cut off, or begun anew, does not have it; one that goes on does."""
    second = signed(lock(FIRST, one="active", two="active"), "alice", "bob")
    anchors = [one.said.digest for one in approvals.standings(second, WHERE)]
    for anchor in anchors:
        assert names(second, anchor=anchor) == ["alice", "bob"]
    with pytest.raises(LockError, match="is none of its own"):
        names(FIRST, anchor=anchors[1])
    anew = signed(lock(people=approvers("mallory", needed=1), one="active"), "mallory")
    with pytest.raises(LockError, match="is none of its own"):
        names(anew, approvers("mallory", needed=1), anchors[0])
    with pytest.raises(LockError, match="has no approvals"):
        names(lock(people=None, one="active"), None, anchors[0])


def test_a_step_before_the_last_must_be_approved() -> None:
    """Nobody skips one that too few have signed, or hides a wrong signature in it."""
    waiting = lock(FIRST, one="active", two="active")
    new = approval_text.of_lock(lock(FIRST, one="retiring"), THREE)
    last = approval_text.parse(waiting.approvals[-1].text, WHERE)
    text = new.after(last).text
    step = replace(waiting.approvals[-1], text=text)
    hidden = replace(waiting, approvals=(*waiting.approvals, step))
    with pytest.raises(LockError, match="approval 2: 0 of 2 have approved this change"):
        names(signed(hidden, "alice", "bob"))
    extra = approvals.signed(FIRST, "carol", person("carol").sign("something else"))
    with pytest.raises(LockError, match="the signature of carol is not of this text"):
        names(extra)
    assert lock(extra, one="active").approvals == FIRST.approvals


def test_each_single_character_of_what_was_signed_counts() -> None:
    """And each of a signature: changed in any of 150 places, the lock is refused."""
    text = lockfile.to_text(FIRST)
    start = text.index("  - text: |")
    places = [at for at in range(start, len(text)) if text[at].isalnum()]
    found = []
    for at in places[:: max(1, len(places) // 150)]:
        other = "b" if text[at] == "a" else "a"
        try:
            names(lockfile.parse(text[:at] + other + text[at + 1 :], WHERE))
        except TrustpackError:
            continue
        found.append(text[max(0, at - 20) : at + 20])
    assert found == []


def test_the_text_says_what_people_should_read() -> None:
    """Whatever a subject holds, in ASCII, with nothing of release or history."""
    text = FIRST.approvals[0].text
    assert text.isascii()
    assert json.dumps(ONE.subject) in text
    assert ONE.sha256 in text
    assert person("alice").public.split()[1] in text
    assert FIRST.release.text not in text


def test_other_domains_need_all_also_beside_a_distrust() -> None:
    """What a CA is meant for is approved with it, and no emergency widens it."""
    within = signed(lock(FIRST, one="active", two="active", domains=("corp.example",)), "alice", "bob")
    assert 'domains: ["corp.example"]' in within.approvals[-1].text
    assert names(within) == ["alice", "bob"]
    wider = lock(within, one="active", two="distrusted")
    alone = lock(within, one="active", two="distrusted", domains=("corp.example",))
    asked = [approvals.standings(each, WHERE)[-1] for each in (wider, alone)]
    assert [(one.occasion, one.needed) for one in asked] == [("change", 2), ("distrust", 1)]
