"""Differences: what counts as one, between things that know more and things that know less."""

import dataclasses
import datetime as dt
import json
from pathlib import Path

import msgspec
import pytest

from builder.diff import difference
from builder.diff.difference import Names
from builder.diff.read import take
from builder.diff.snapshot import TrustSnapshot, of_opaque
from builder.errors import PackageError
from builder.formats.compression import gzip
from builder.formats.tar import write as tar
from builder.load.access import Access
from builder.model import CertificateSummary, File
from tests.lint import forge

END = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
A, B, C = (
    CertificateSummary(sha256=letter * 64, subject=f"CN=Root {letter}", not_after=END) for letter in "abc"
)


def snapshot(
    *items: CertificateSummary, kind: str = "lock", blocks: bool = True, **parts: dict[str, object]
) -> TrustSnapshot:
    """Return a snapshot of some CAs."""
    return TrustSnapshot("x", kind, {item.sha256: item for item in items}, parts=parts, blocks=blocks)


def in_state(item: CertificateSummary, state: str) -> CertificateSummary:
    """Return the CA in a state."""
    return msgspec.structs.replace(item, state=state)


def test_certificates_come_go_and_stay() -> None:
    """In the order of their names."""
    found = difference.compare(snapshot(B, A), snapshot(C, B))
    assert (found.added, found.removed, found.kept, bool(found)) == ((C,), (A,), (B,), True)
    same = difference.compare(snapshot(B, A), snapshot(A, B))
    assert (same.kept, bool(same)) == ((A, B), False)


def test_a_certificate_that_cannot_be_read_is_told() -> None:
    """Among good ones it hinders no comparison, and where one side alone has it, that is a difference."""
    good, bad = (
        snapshot(A, kind="deb"),
        dataclasses.replace(snapshot(A, kind="deb"), unreadable=("/a: line 1: x",)),
    )
    found, same = difference.compare(good, bad), difference.compare(bad, bad)

    assert (found.kept, bool(same)) == ((A,), False)
    assert found.parts == {"unreadable": Names(("/a: line 1: x",), (), ())}
    assert difference.as_text(good, bad, found).splitlines()[2:4] == [
        "+ unreadable /a: line 1: x",
        "warning: x: cannot be read: /a: line 1: x",
    ]


def test_a_package_with_an_unreadable_certificate_is_compared(tmp_path: Path) -> None:
    """Where a difference is asked for; whoever judges the CAs one by one is told that one is missing."""
    good, bad = forge.pem(forge.certificate()), forge.pem(forge.certificate(serial=b""))
    path = tmp_path / "acme.tgz"
    files = [
        File("package/package.json", b'{"name": "a", "version": "1"}'),
        File("package/a.pem", good + bad),
    ]
    path.write_bytes(gzip(tar(files, 0)))

    found = take(str(path), Access(), opaque=True)

    assert len(found.certificates) == 1
    [told] = found.unreadable
    assert told.startswith("package/a.pem: line ")
    with pytest.raises(PackageError) as caught:
        take(str(path), Access())
    assert str(caught.value) == f"{path}: {told}"


def test_a_state_counts_where_both_sides_know_it() -> None:
    """A package does not say that a CA is retiring, so it does not say otherwise either."""
    active, retiring = in_state(A, "active"), in_state(A, "retiring")
    assert difference.compare(snapshot(active), snapshot(retiring)).states == ((active, retiring),)
    for pair in ((active, A), (A, retiring), (active, active)):
        assert not difference.compare(snapshot(pair[0]), snapshot(pair[1]))


def test_other_domains_are_told_where_both_sides_know_the_state() -> None:
    """A package does not say what its CAs are meant for; a lock and a release do."""
    old = in_state(A, "active")
    new = msgspec.structs.replace(old, domains=("corp.example", "10.0.0.0/8"))
    found = difference.compare(snapshot(old), snapshot(new))
    assert found
    lines = difference.as_text(snapshot(old), snapshot(new), found).splitlines()
    assert lines[2].endswith(": for all names before, for corp.example, 10.0.0.0/8 now")
    unknown = msgspec.structs.replace(new, state="")
    assert not difference.compare(snapshot(unknown), snapshot(old))


def test_distrust_counts_where_both_sides_have_a_place_for_it() -> None:
    """What was shipped is removed as well; a PEM file that names no distrusted CA contradicts no lock."""
    blocked = in_state(A, "distrusted")
    found = difference.compare(snapshot(A), snapshot(blocked))
    assert (found.removed, found.distrusted, found.kept) == ((A,), (blocked,), ())
    back = difference.compare(snapshot(blocked), snapshot(A))
    assert (back.added, back.undistrusted) == ((A,), (blocked,))
    assert not difference.compare(snapshot(blocked), snapshot(blocked))
    assert not difference.compare(snapshot(blocked), snapshot(kind="bundle", blocks=False))
    assert not difference.compare(snapshot(blocks=False), snapshot(blocked))


def test_parts_are_compared_within_one_kind() -> None:
    """Files of a .deb and an .rpm lie in other places anyway."""
    old = snapshot(kind="deb", file={"/a": 1, "/b": 2, "/c": 3}, script={"postinst": "x"})
    new = snapshot(kind="deb", file={"/b": 2, "/c": 4, "/d": 5}, script={"postinst": "x"})
    assert difference.compare(old, new).parts == {"file": Names(("/d",), ("/a",), ("/c",))}
    assert bool(difference.compare(old, new))
    other = dataclasses.replace(new, kind="rpm")
    assert not difference.compare(old, other)
    assert "one is deb, the other rpm" in difference.as_text(old, other, difference.compare(old, other))


def test_nothing_is_said_of_the_certificates_of_what_cannot_be_looked_into() -> None:
    """It is the same as a copy of it, and differs from all else; no CA has come or gone for that."""
    one, other = (of_opaque(f"{data!r}.jar", data, "is an archive") for data in (b"1", b"2"))
    assert not difference.compare(one, of_opaque("copy.jar", b"1", "is an archive"))
    for old, new in ((one, other), (one, snapshot(A)), (snapshot(A), one)):
        found = difference.compare(old, new)
        assert (bool(found), found.added, found.removed, found.kept) == (True, (), (), ())
        lines = difference.as_text(old, new, found).splitlines()
        assert lines[-1] == "different: certificates were not compared"
        assert f"{one.name}: opaque: is an archive" in lines


def test_every_kind_of_change_has_its_line() -> None:
    """Each starts with a sign of its own; what would move a terminal's cursor is escaped."""
    evil = CertificateSummary(sha256="d" * 64, subject="CN=\x1b[2J", not_after=END)
    old = snapshot(in_state(A, "active"), B, in_state(C, "distrusted"), file={"/x\n": 1})
    new = snapshot(in_state(A, "retiring"), in_state(B, "distrusted"), evil, file={})
    lines = difference.as_text(old, new, difference.compare(old, new)).splitlines()
    assert lines == [
        "--- x (lock)",
        "+++ x (lock)",
        f"+ CN=\\u001b[2J ({'d' * 64}), until 2030-01-02",
        f"- CN=Root b ({'b' * 64}), until 2030-01-02",
        f"~ CN=Root a ({'a' * 64}), until 2030-01-02: active before, retiring now",
        f"! CN=Root b ({'b' * 64}), until 2030-01-02: distrusted",
        f"? CN=Root c ({'c' * 64}), until 2030-01-02: no longer distrusted",
        "- file /x\\u000a",
        "different: 1 certificate in both",
    ]


def test_json_has_whole_fingerprints() -> None:
    """And both states of a CA that changed its state."""
    old, new = snapshot(in_state(A, "active"), B), snapshot(in_state(A, "retiring"))
    value = json.loads(difference.as_json(old, new, difference.compare(old, new)))
    stamp = "2030-01-02T03:04:05Z"
    kept = {"sha256": A.sha256, "subject": A.subject, "not_after": stamp, "state": "retiring", "domains": []}
    assert value["same"] is False
    assert value["certificates"]["states"] == [kept | {"state_before": "active", "domains_before": []}]
    assert [item["sha256"] for item in value["certificates"]["removed"]] == [B.sha256]


@pytest.mark.parametrize("items", [(), (A,)])
def test_nothing_differs_from_itself(items: tuple[CertificateSummary, ...]) -> None:
    """Nor does an empty snapshot."""
    one = snapshot(*items, file={"/a": 1})
    found = difference.compare(one, one)
    assert not found
    assert difference.as_text(one, one, found).splitlines()[-1].startswith("the same: ")
