"""The lock: what it lists, when it makes a new release, and what a build may not do against it."""

import datetime as dt
import hashlib
import re
from pathlib import Path
from types import MappingProxyType

import msgspec
import pytest

from builder.errors import LockError, ReleaseError
from builder.lifecycle import lock as locks
from builder.lifecycle import lockfile
from builder.lifecycle.history import revisions
from builder.lifecycle.lock import Lock
from builder.lifecycle.packaging import Packaging
from builder.lifecycle.states import Lifecycle, Stage
from builder.model import Certificate, CertificateSummary, State
from builder.model.release import Release
from tests.unit import bundles

DAY, LATER = dt.date(2026, 11, 24), dt.date(2027, 1, 5)
PARTS = Packaging.__struct_fields__
ONE, TWO, THREE = bundles.bundle("Acme Root", "Acme Root 2", 'Acme: "Röot" #3 \' {x}').certificates


def locked(*shipped: object, states: dict[str, State] | None = None) -> tuple[CertificateSummary, ...]:
    """Return the lock's list of some of the three CAs; a distrusted one is blocked."""
    stages = Lifecycle(stages=MappingProxyType({key: Stage(state=s) for key, s in (states or {}).items()}))
    chosen = [item for item in (ONE, TWO, THREE) if item in shipped]
    bundle = msgspec.structs.replace(
        bundles.bundle(),
        certificates=tuple(item for item in chosen if not stages.is_distrusted(item.sha256)),
        distrusted=tuple(item for item in chosen if stages.is_distrusted(item.sha256)),
    )
    return locks.describe(bundle, stages)


def advance(
    lock: Lock | None, certificates: tuple[CertificateSummary, ...], today: dt.date = DAY, **more: object
) -> Lock:
    """Advance acme's lock."""
    return locks.advance(lock, certificates, organisation="acme", today=today, **more)  # type: ignore[arg-type]


def ends(certificate: Certificate) -> str:
    """Return when a certificate ends, as the lock has it."""
    return f"{certificate.not_after:%Y-%m-%dT%H:%M:%SZ}"


FIRST = advance(None, locked(ONE, TWO))


def test_a_lock_is_read_as_it_was_written() -> None:
    """Whatever a subject holds, and with every part of the history there is."""
    states: dict[str, State] = {ONE.sha256: "retiring", TWO.sha256: "distrusted"}
    lock = advance(FIRST, locked(ONE, TWO, THREE, states=states), LATER)
    forgiving = advance(lock, locked(ONE, THREE), LATER)
    for each in (lock, forgiving):
        assert lockfile.parse(lockfile.to_text(each), "trustpack.lock") == each
    assert [item.state for item in lock.certificates] == ["retiring", "active", "distrusted"]


def test_a_lock_of_the_first_schema_is_read() -> None:
    """It had another word for what is no longer distrusted, and did not pin how packages are made."""
    blocked = advance(FIRST, locked(ONE, TWO, states={TWO.sha256: "distrusted"}), LATER)
    lock = advance(blocked, locked(ONE, TWO), LATER)
    first = lockfile.to_text(lock).replace("schema: 2", "schema: 1").replace("undistrusted:", "forgiven:")
    assert "forgiven:" in first
    assert lockfile.parse(first, "l") == lock
    assert lockfile.parse(first.replace("schema: 1\n", ""), "l") == lock


def made(**parts: str) -> Packaging:
    """Return a packaging of which some parts are others."""
    plain = {part: hashlib.sha256(parts.get(part, "").encode()).hexdigest() for part in PARTS}
    return Packaging(**plain | {"revision": parts.get("revision", "1")})


PINNED = advance(None, locked(ONE, TWO), packaging=made())


def test_a_lock_pins_how_packages_are_made() -> None:
    """Part by part, in the file too."""
    assert lockfile.parse(lockfile.to_text(PINNED), "l") == PINNED
    locks.verify(PINNED, locked(ONE, TWO), "l", wanted=None, packaging=made())
    with pytest.raises(LockError) as caught:
        locks.verify(PINNED, locked(ONE, TWO), "l", wanted=None, packaging=made(names="other", site="x"))
    assert str(caught.value) == (
        "l: packages would be made otherwise than those of release 20261124: names, site changed"
    )
    assert "lock --bump" in caught.value.hint


@pytest.mark.parametrize("part", PARTS)
def test_each_part_of_the_packaging_makes_a_new_release(part: str) -> None:
    """None may change the bytes of a version that is out."""
    other = made(**{part: "2"})
    assert advance(PINNED, locked(ONE, TWO), LATER, packaging=made()) == PINNED
    lock = advance(PINNED, locked(ONE, TWO), LATER, packaging=other)
    assert (lock.release.text, lock.packaging, lock.history[0].added) == ("20270105", other, ())
    with pytest.raises(LockError, match="packages would be made otherwise"):
        locks.verify(PINNED, locked(ONE, TWO), "l", wanted=None, packaging=other)


def test_a_lock_of_before_publish_was_pinned_is_read() -> None:
    """Its digest is still that of its parts, and what would change is told."""
    old = advance(None, locked(ONE, TWO), packaging=msgspec.structs.replace(made(), publish=""))
    text = lockfile.to_text(old)
    assert "  publish:" not in text
    assert lockfile.parse(text, "l") == old
    locks.verify(old, locked(ONE, TWO), "l", wanted=None)
    with pytest.raises(LockError, match="publish changed"):
        locks.verify(old, locked(ONE, TWO), "l", wanted=None, packaging=made())


def test_a_lock_that_pins_no_packaging_does_so_without_a_release() -> None:
    """Nothing is known to differ."""
    locks.verify(FIRST, locked(ONE, TWO), "l", wanted=None, packaging=made())
    lock = advance(FIRST, locked(ONE, TWO), LATER, packaging=made())
    assert (lock.release, lock.packaging) == (FIRST.release, made())
    locks.verify(lock, locked(ONE, TWO), "l", wanted=None, packaging=made())


def test_a_packaging_merged_into_another_release_is_found() -> None:
    """Two branches made a release each, and what was merged is neither; `trustpack lock` makes a third."""
    merged = msgspec.structs.replace(PINNED, packaging=made(names="other"))
    with pytest.raises(LockError, match="its packaging is not that of release 20261124"):
        locks.verify(merged, locked(ONE, TWO), "l", wanted=None, packaging=made(names="other"))
    third = advance(merged, locked(ONE, TWO), packaging=made(names="other"))
    assert third.release == Release("20261124.1")


def test_a_lock_that_is_no_text_is_told_in_our_words(tmp_path: Path) -> None:
    """And not in those of Python's decoder."""
    (tmp_path / "trustpack.lock").write_bytes(b"\xff\xfe")
    with pytest.raises(LockError) as caught:
        lockfile.read(tmp_path / "trustpack.lock")
    assert str(caught.value) == f"{tmp_path / 'trustpack.lock'}: is not UTF-8 text"


def test_unchanged_content_keeps_its_release_on_a_later_day() -> None:
    """Nothing of the lock changes."""
    assert advance(FIRST, locked(ONE, TWO), LATER) == FIRST


def test_changed_content_gets_the_release_of_its_day() -> None:
    """The history says what the new release adds and removes, newest first."""
    lock = advance(FIRST, locked(TWO, THREE), LATER)
    assert [issue.release for issue in lock.history] == ["20270105", "20261124"]
    newest = lock.history[0]
    assert (newest.date, [item.sha256 for item in newest.added]) == ("2027-01-05", [THREE.sha256])
    assert [item.sha256 for item in newest.removed] == [ONE.sha256]
    assert newest.distrusted == ()
    assert lock.known == {ONE.sha256, TWO.sha256, THREE.sha256}


def test_a_second_content_of_one_day_counts_up() -> None:
    """Even when it is the content of an earlier release again."""
    second = advance(FIRST, locked(ONE))
    third = advance(second, locked(ONE, TWO))
    assert [issue.release for issue in third.history] == ["20261124.2", "20261124.1", "20261124"]
    assert third.history[0].content == third.history[2].content


def test_a_release_never_sorts_below_the_last_one() -> None:
    """A clock that went back does not make packages that no client would fetch."""
    ahead = advance(FIRST, locked(ONE), LATER)
    assert advance(ahead, locked(TWO), DAY).release == Release("20270105.1")


def test_an_old_release_of_three_numbers_is_followed_by_one_of_fewer() -> None:
    """It is read, and keeps its release as long as its content stays; the next one is above it."""
    old = lockfile.parse(lockfile.to_text(advance(None, locked(ONE), wanted=Release("20261124.9.5"))), "l")
    assert advance(old, locked(ONE), LATER) == old
    assert advance(old, locked(TWO)).release == Release("20261124.10")
    assert advance(old, locked(TWO), LATER).release == Release("20270105")
    with pytest.raises(ReleaseError, match=r"is lower than 20261124\.9\.5"):
        advance(old, locked(TWO), wanted=Release("20261124.9"))


def test_a_state_that_changes_nothing_shipped_keeps_the_release() -> None:
    """It is written down all the same."""
    lock = advance(FIRST, locked(ONE, TWO, states={ONE.sha256: "retiring"}), LATER)
    assert lock.history == FIRST.history
    assert [item.state for item in lock.certificates] == ["retiring", "active"]


def test_distrust_is_a_change_of_content() -> None:
    """The CA counts as removed and distrusted; back as added and undistrusted, out as undistrusted."""
    lock = advance(FIRST, locked(ONE, TWO, states={TWO.sha256: "distrusted"}), LATER)
    newest = lock.history[0]
    named = (CertificateSummary(sha256=TWO.sha256, subject=TWO.subject),)
    assert (newest.added, newest.removed, newest.distrusted) == ((), named, named)
    back = advance(lock, locked(ONE, TWO), LATER)
    assert (back.history[0].added, back.history[0].removed, back.history[0].undistrusted) == (
        named,
        (),
        named,
    )
    out = advance(lock, locked(ONE), LATER)
    assert (out.history[0].added, out.history[0].removed, out.history[0].undistrusted) == ((), (), named)
    assert TWO.sha256 in out.known


def test_a_wanted_release_is_taken() -> None:
    """With unchanged content too: then it is a new release of the same."""
    assert advance(None, locked(ONE), wanted=Release("2026.10")).release == Release("2026.10")
    again = advance(FIRST, locked(ONE, TWO), wanted=Release("20261201"))
    assert [issue.release for issue in again.history] == ["20261201", "20261124"]
    assert again.history[0].content == again.history[1].content
    assert advance(FIRST, locked(ONE, TWO), wanted=Release("20261124.0")) == FIRST


@pytest.mark.parametrize(
    ("wanted", "said"), [("20261124", "other content"), ("20261124.0", "other content"), ("2026", "is lower")]
)
def test_a_wanted_release_that_is_out_or_too_low_is_refused(wanted: str, said: str) -> None:
    """Numbers decide, not their spelling."""
    with pytest.raises(ReleaseError, match=said):
        advance(FIRST, locked(ONE), wanted=Release(wanted))


def test_a_release_can_be_made_again() -> None:
    """For what else is in packages: texts, names, recipes."""
    lock = advance(FIRST, locked(ONE, TWO), again=True)
    assert lock.release == Release("20261124.1")
    assert lock.history[0].added == ()


def test_the_bundle_must_be_the_one_listed() -> None:
    """The error names what came and went, and what changed its state."""
    locks.verify(FIRST, locked(ONE, TWO), "trustpack.lock", wanted=None)
    with pytest.raises(LockError) as caught:
        locks.verify(
            FIRST, locked(TWO, THREE, states={TWO.sha256: "retiring"}), "trustpack.lock", wanted=None
        )
    lines = str(caught.value).splitlines()
    assert lines[0] == "trustpack.lock: the bundle is not the one that it lists:"
    assert [(line.split()[0], line.split("(")[1][:16]) for line in lines[1:]] == [
        ("+", THREE.sha256[:16]),
        ("-", ONE.sha256[:16]),
        ("~", TWO.sha256[:16]),
    ]
    assert lines[3].endswith("retiring, expires 2036-11-21, was active")
    assert "trustpack lock" in caught.value.hint


def test_a_build_cannot_want_another_release_than_the_locks() -> None:
    """The lock's own, however it is spelt, is fine."""
    locks.verify(FIRST, locked(ONE, TWO), "trustpack.lock", wanted=Release("20261124.0"))
    with pytest.raises(LockError, match=r"its release is 20261124, not 20261125"):
        locks.verify(FIRST, locked(ONE, TWO), "trustpack.lock", wanted=Release("20261125"))


def test_a_list_edited_by_hand_or_by_a_merge_is_found() -> None:
    """The newest release's digest is of other certificates; `trustpack lock` makes a new release."""
    text = lockfile.to_text(FIRST).replace(FIRST.history[0].content, "0" * 64)
    edited = lockfile.parse(text, "trustpack.lock")
    with pytest.raises(LockError, match="not those of release 20261124"):
        locks.verify(edited, locked(ONE, TWO), "trustpack.lock", wanted=None)
    assert advance(edited, locked(ONE, TWO)).release == Release("20261124.1")


@pytest.mark.parametrize(
    ("old", "new"), [("CN=Acme Root 2", "CN=Another Root"), ('not_after: "2', 'not_after: "3')]
)
def test_a_lock_says_nothing_of_a_ca_that_its_certificate_does_not(old: str, new: str) -> None:
    """What reviewers read is what is shipped; `trustpack lock` puts it right."""
    edited = lockfile.parse(lockfile.to_text(FIRST).replace(old, new), "trustpack.lock")
    with pytest.raises(LockError, match="otherwise than their certificates do:\n  CN=Acme Root"):
        locks.verify(edited, locked(ONE, TWO), "trustpack.lock", wanted=None)
    mended = advance(edited, locked(ONE, TWO))
    assert (mended.certificates, mended.release) == (FIRST.certificates, FIRST.release)


def test_a_history_edited_by_hand_is_found() -> None:
    """Packages' changelogs would tell a story that never happened."""
    lock = advance(advance(FIRST, locked(ONE, TWO, THREE), LATER), locked(ONE, TWO), dt.date(2027, 2, 3))
    text = lockfile.to_text(lock)
    removal = f"    removed:\n      - sha256: {THREE.sha256}\n"
    assert text.count(removal) == 1
    start = text.index("history:")
    renamed = text[:start] + text[start:].replace('"CN=Acme Root"', '"CN=Somebody"')
    untold = text.replace(removal, f"    undistrusted:\n      - sha256: {THREE.sha256}\n")
    for edited, said in (
        (renamed, f"release 20261124 calls the CA {ONE.sha256} CN=Somebody, not CN=Acme Root"),
        (untold, "its history does not lead to the CAs that it lists"),
    ):
        with pytest.raises(LockError, match=re.escape(said)) as caught:
            locks.verify(lockfile.parse(edited, "l"), locked(ONE, TWO), "l", wanted=None)
        assert "restore the file" in caught.value.hint
    locks.verify(lock, locked(ONE, TWO), "l", wanted=None)


def test_a_lock_of_many_cas_and_years_is_read() -> None:
    """As many as a bundle may hold, one since the year 99, through many releases."""
    many = tuple(
        CertificateSummary(
            sha256=f"{i:064x}",
            subject=f"CN=Acme-Corp-Root-CA-{i}-2026,O=Acme: {{PKI}}",
            not_before=dt.datetime(99, 1, 1, tzinfo=dt.UTC),
            not_after=dt.datetime(2036, 1, 1, tzinfo=dt.UTC),
            state="active",
        )
        for i in range(1000)
    )
    lock = advance(None, many)
    for release in range(1, 50):
        lock = advance(lock, many[release % 2 :], wanted=Release(f"20261124.{release}"))
    assert lockfile.parse(lockfile.to_text(lock), "l") == lock


@pytest.mark.parametrize("release", ["20261124", "20261125"])
def test_releases_that_are_out_of_order_are_refused(release: str) -> None:
    """Two branches that made a release each must not be merged into a version that clients never fetch."""
    text = lockfile.to_text(advance(FIRST, locked(ONE), LATER)).replace('"20261124"', f'"{release}"')
    with pytest.raises(LockError, match=r"l:\d+: release 20261124 does not follow 202611"):
        lockfile.parse(text.replace('"20270105"', '"20261124"'), "l")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("state: active", "state: activ", r"l:9: .*'activ' is not one of active"),
        ("certificates:", "<<<<<<< HEAD\ncertificates:", "l:4: git left both sides of a merge here"),
        ("schema: 2", "schema: 3", "l:2: is written in another way than this trustpack knows"),
        ('date: "2026-11-24"', 'date: "2026-02-30"', r"l:16: 2026-02-30 is not a valid date"),
        ('release: "20261124"', 'release: "20261124-1"', r"l:16: release '20261124-1'"),
        (ends(ONE), ends(ONE).replace("-21T", "-99T"), "l:5: .*is not a valid date"),
        ("organisation:", "organization:", r"l:3: unknown key 'organization'"),
        (TWO.sha256, ONE.sha256, r"l:10: the CA \w+ is a duplicate entry"),
        (ONE.sha256, ONE.sha256.upper(), "l:5: "),
    ],
    # The fingerprints are new in each process, and parallel ones must agree on the tests' names.
    ids=["state", "merge", "schema", "date", "release", "end", "key", "twice", "case"],
)
def test_a_lock_that_cannot_be_understood_is_refused_with_its_line(old: str, new: str, said: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(LockError, match=said) as caught:
        lockfile.parse(lockfile.to_text(FIRST).replace(old, new), "l")
    assert caught.value.exit_code == 11


@pytest.mark.parametrize(("size", "parts"), [(0, 3), (500, 0)])
def test_a_lock_that_was_cut_off_is_to_be_restored(size: int, parts: int) -> None:
    """As one that cannot be understood, with all that it lacks."""
    with pytest.raises(LockError) as caught:
        lockfile.parse(lockfile.to_text(FIRST)[:size], "l")
    assert (parts, True) == (len(caught.value.parts), "restore the file" in caught.value.hint)


def meant(certificates: tuple[CertificateSummary, ...], **domains: str) -> tuple[CertificateSummary, ...]:
    """Return a lock's list with the domains of some of the CAs, by their first two words."""
    given = {"one": ONE.sha256, "two": TWO.sha256}
    chosen = {given[name]: tuple(text.split()) for name, text in domains.items()}
    return tuple(msgspec.structs.replace(one, domains=chosen.get(one.sha256, ())) for one in certificates)


def test_other_domains_are_a_change_of_content() -> None:
    """A release of their own, told in the history until they are for all names again, and read as written."""
    within = advance(FIRST, meant(locked(ONE, TWO), one="corp.example 10.0.0.0/8"), LATER)
    wider = advance(within, locked(ONE, TWO), LATER)
    assert [len({FIRST.history[0].content, one.history[0].content}) for one in (within, wider)] == [2, 1]
    assert [record.release for record in wider.history] == ["20270105.1", "20270105", "20261124"]
    for each in (within, wider):
        assert lockfile.parse(lockfile.to_text(each), "trustpack.lock") == each
        locks.verify(each, each.certificates, "trustpack.lock", wanted=None)
    told = [note for one in revisions(wider.history) for note in one.notes]
    assert told[:2] == [
        f"{ONE.subject} ({ONE.sha256}) is meant for all names.",
        f"{ONE.subject} ({ONE.sha256}) is meant for corp.example, 10.0.0.0/8.",
    ]
    change = locks.compare(FIRST.certificates, within.certificates)
    named = f"{ONE.subject} ({ONE.sha256}), active, expires {ONE.not_after:%Y-%m-%d}"
    assert change.lines == [f"~ {named}, for corp.example, 10.0.0.0/8, was for all names"]


def test_a_ca_that_leaves_and_comes_back_is_meant_for_all_names() -> None:
    """Its domains went with it."""
    within = advance(FIRST, meant(locked(ONE, TWO), one="corp.example"), LATER)
    gone = advance(within, locked(TWO), LATER)
    back = advance(gone, locked(ONE, TWO), LATER)
    locks.verify(back, back.certificates, "trustpack.lock", wanted=None)
    assert back.history[0].meant == ()


@pytest.mark.parametrize(
    "new",
    ['\\1["evil.example"]\n', '\\1["corp.example", "evil.example"]\n', ""],
    ids=["others", "more", "none"],
)
def test_domains_edited_by_hand_are_found(new: str) -> None:
    """In the list alone, and in list and history both: the digest of the content is another one."""
    within = advance(FIRST, meant(locked(ONE, TWO), one="corp.example"), LATER)
    for count in (1, 0):
        text = re.sub(r"( *domains: ).*\n", new, lockfile.to_text(within), count=count)
        found = lockfile.parse(text, "trustpack.lock")
        with pytest.raises(LockError, match="its certificates are not those of release"):
            locks.verify(found, found.certificates, "trustpack.lock", wanted=None)
    with pytest.raises(LockError, match="the bundle is not the one that it lists"):
        locks.verify(within, locked(ONE, TWO), "trustpack.lock", wanted=None)
