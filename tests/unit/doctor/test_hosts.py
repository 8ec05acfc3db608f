"""Many hosts' reports: who counts, who is fresh, and who trusts what."""

from __future__ import annotations

import datetime as dt
import hashlib
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from builder.doctor import inventory
from builder.errors import UsageError
from builder.model import CertificateSummary
from tests.host_documents import GONE, NEW, OLD, document, machine, row
from tests.unit.doctor.reports import gathered, judged

if TYPE_CHECKING:
    from pathlib import Path

    from builder.doctor.hosts import HostsReport

FAR = dt.datetime(2040, 1, 2, tzinfo=dt.UTC)
LACKING = row({OLD: "valid", NEW: "missing", GONE: "missing"})
TRUSTING = row({OLD: "valid", NEW: "valid", GONE: "distrusted"})


def _statuses(report: HostsReport) -> dict[str, str]:
    return {one.name: one.status for one in report.hosts}


def _standings(report: HostsReport, sha256: str) -> dict[str, str]:
    return {one.name: one.standings[sha256] for one in report.hosts}


def test_only_a_whole_report_of_the_last_days_counts() -> None:
    """A clock that is ahead makes no report fresh, nor does one who could not see all."""
    report = judged(
        document("on-time", time="2026-11-23T12:00:00Z"),
        document("late", time="2026-11-23T11:59:59Z"),
        document("nearly", time="2026-11-30T12:05:00Z"),
        document("ahead", time="2026-11-30T12:05:01Z"),
        document("half", complete=False),
        document("part", LACKING, complete=False),
    )
    assert _statuses(report) == {
        "ahead": "future", "half": "incomplete", "part": "incomplete",
        "late": "stale", "nearly": "fresh", "on-time": "fresh",
    }  # fmt: skip
    assert _standings(report, NEW) == {
        "ahead": "unknown", "half": "unknown", "part": "lacking",
        "late": "unknown", "nearly": "trusted", "on-time": "trusted",
    }  # fmt: skip
    assert not report.good


def test_that_a_withdrawn_root_is_there_counts_at_any_age() -> None:
    """That it is gone only where the report is fresh and whole."""
    report = judged(
        document("bad", TRUSTING, time="2026-01-01T00:00:00Z"),
        document("half", TRUSTING, complete=False),
        document("old", time="2026-01-01T00:00:00Z"),
        document("good"),
    )
    assert _standings(report, GONE) == {
        "bad": "present",
        "half": "present",
        "old": "unknown",
        "good": "absent",
    }


def test_the_newest_report_of_a_machine_counts() -> None:
    """By its id, whatever its name; one that is ahead of the clock hides none that is not."""
    report = judged(
        document("web-1", LACKING, time="2026-11-30T09:00:00Z"),
        document("web-1", time="2026-11-30T08:00:00Z"),
        document("web-1", time="2027-11-30T08:00:00Z"),
    )
    assert _standings(report, NEW) == {"web-1": "lacking"}


def test_one_name_of_two_machines_is_two_hosts() -> None:
    """And one machine id under two names is one, which is said: somebody has copied an image."""
    report = judged(
        document("web-1"),
        document("web-1", LACKING, host={"machine": machine("another")}),
        document("web-2", LACKING, host={"machine": machine("web-1")}, time="2026-11-30T07:00:00Z"),
    )
    assert sorted((one.name, one.standings[NEW]) for one in report.hosts) == [
        ("web-1", "lacking"), ("web-1", "trusted"),
    ]  # fmt: skip
    assert report.gathered.shared == {machine("web-1"): ("web-1", "web-2")}


def test_a_machine_that_was_renamed_long_ago_is_not_two() -> None:
    """Its old name said nothing for longer than a report counts."""
    report = judged(
        document("new"), document("old", host={"machine": machine("new")}, time="2026-11-01T00:00:00Z")
    )
    assert (report.gathered.shared, report.good) == ({}, True)


def test_hosts_without_a_machine_id_are_told_apart_by_name() -> None:
    """Such as containers."""
    nothing = {"machine": ""}
    report = judged(
        document("a", host=nothing), document("b", host=nothing), document("a", LACKING, host=nothing)
    )
    assert [one.name for one in report.hosts] == ["a", "b"]


def test_the_inventory_says_who_counts() -> None:
    """A host that never reported lacks everything; one that nobody knows makes no share larger."""
    report = judged(
        document("web-1"), document("stranger"), listed=("web-1", "silent", machine("other"), "WEB-1".lower())
    )
    assert [(one.name, one.status, one.counted) for one in report.hosts] == [
        (machine("other"), "silent", True), ("silent", "silent", True), ("stranger", "fresh", False),
        ("web-1", "fresh", True),
    ]  # fmt: skip
    (new,) = (one for one in report.authorities if one.sha256 == NEW)
    assert (new.hosts, len(report.counted), report.enough(new)) == ({"trusted": 1, "unknown": 2}, 3, False)


def test_many_machines_of_one_name_of_the_inventory_are_one_host() -> None:
    """Whoever sends reports under a name gives it no more weight, and hides nobody who has it, too."""
    liars = [document("laptop-7", host={"machine": machine(f"{at}")}) for at in range(50)]
    report = judged(document("web-1"), document("Laptop-7", LACKING), *liars, listed=("web-1", "laptop-7"))
    (new,) = (one for one in report.authorities if one.sha256 == NEW)
    assert (len(report.counted), new.hosts) == (2, {"trusted": 1, "lacking": 1})
    assert (report.alike, report.unlisted, report.good) == ({"laptop-7": 51}, (), False)
    listed = ("web-1", machine("Laptop-7"), machine("1"), "laptop-7")
    by_id = judged(document("web-1"), document("Laptop-7", LACKING), *liars, listed=listed)
    assert (len(by_id.counted), by_id.alike) == (4, {"laptop-7": 49})


def test_machines_of_one_name_are_as_bad_as_each_of_them() -> None:
    """One lacks a CA, another has a withdrawn one, a third is silent: all that is true of the name."""
    states = {OLD: "valid", NEW: "valid", GONE: "missing"}
    rows = (row(states | {NEW: "missing"}), row(states | {GONE: "valid"}))
    found = [document("a", one, host={"machine": machine(f"{at}")}) for at, one in enumerate(rows)]
    report = judged(*found, document("a", time="2026-01-01T00:00:00Z"), listed=("a",))
    (host,) = report.counted
    assert host.standings == {OLD: "unknown", NEW: "lacking", GONE: "present"}


def test_the_inventory_takes_names_and_machine_ids(tmp_path: Path) -> None:
    """The id that a doctor tells, and the one that stands in /etc/machine-id, of which it tells a digest."""
    raw = hashlib.md5(b"web-2", usedforsecurity=False).hexdigest()
    told = hashlib.sha256(f"trustpack-doctor:{raw}".encode()).hexdigest()[:32]
    file = tmp_path / "hosts.txt"
    lines = ("\ufeffWEB-1  # the first", "", "# all others", raw, machine("web-3"), "web-1", "")
    file.write_bytes("\r\n".join(lines).encode())
    listed = inventory.read(file)
    assert len(listed.entries) == 3
    report = judged(
        document("Web-1"), document("b", host={"machine": told}), document("web-3"), listed=listed.entries
    )
    assert all(one.counted for one in report.hosts)
    assert len(report.hosts) == 3


@pytest.mark.parametrize("line", ["web-1,10.0.0.1", "web 1", "x" * 256, '"web-1"'])
def test_a_line_of_the_inventory_that_is_no_host_is_told(tmp_path: Path, line: str) -> None:
    """With file and line: a table's line would never match, and its host be missed for ever."""
    file = tmp_path / "hosts.txt"
    file.write_text(f"web-0\n{line}\n")
    with pytest.raises(UsageError, match=r"hosts.txt:2: is no host's name") as caught:
        inventory.read(file)
    assert "cut" in caught.value.hint


def test_organisations_are_told_apart() -> None:
    """Nobody can know which of two is meant; of the one that is, the others' hosts are left out."""
    both = document("web-1"), document("web-1", organisation="other")
    with pytest.raises(UsageError, match="are of 2 organisations: acme, other") as caught:
        gathered(*both)
    assert "--org" in caught.value.hint
    found = gathered(*both, organisation="other")
    assert ([one.organisation for one in found.reports], found.others) == (["other"], 1)


def test_the_lock_says_which_cas_there_should_be() -> None:
    """A host with a doctor of an older release does not know of a new one, and so lacks it."""
    known = [
        CertificateSummary(sha256=OLD, subject="CN=a", not_after=FAR, state="retiring"),
        CertificateSummary(sha256="e" * 64, subject="CN=e", not_after=FAR, state="active"),
    ]
    former = [CertificateSummary(sha256=GONE, subject="CN=c")]
    report = judged(document("web-1", TRUSTING), known=known, former=former, release="20261201")
    assert [(one.sha256[0], one.state, one.hosts) for one in report.authorities] == [
        ("e", "active", {"unknown": 1}),
        ("a", "retiring", {"trusted": 1}),
        ("b", "withdrawn", {"present": 1}),
        ("c", "withdrawn", {"present": 1}),
    ]


def test_without_a_lock_the_newest_release_says_it() -> None:
    """By its numbers: 2026.10 is after 2026.9. What it has no more is withdrawn."""
    first = document("a", release="2026.9")
    second = document("b", row({OLD: "valid"}), release="2026.10", authorities=first["authorities"][:1])
    report = judged(first, second)
    assert {one.sha256[0]: one.state for one in report.authorities} == {
        "a": "active", "b": "withdrawn", "c": "withdrawn",
    }  # fmt: skip
    assert report.release == "2026.10"


@pytest.mark.parametrize(
    ("part", "enough"), [(1, False), (Fraction(2, 3), True), (Fraction(667, 1000), False)]
)
def test_enough_hosts_is_a_part_of_all(part: Fraction, enough: bool) -> None:
    """Exactly: two of three are two thirds, and less than 66.7 %."""
    report = judged(document("a"), document("b"), document("c", LACKING), at_least=Fraction(part))
    (new,) = (one for one in report.authorities if one.sha256 == NEW)
    assert report.enough(new) is enough


def test_of_no_hosts_nothing_is_enough() -> None:
    """A report on nobody lets nothing go on."""
    report = judged()
    assert report.authorities == ()


def test_invented_cas_fill_no_report() -> None:
    """Of those that neither lock nor newest release has, those of which most hosts tell are shown."""

    def inventing(name: str, letters: str) -> dict[str, Any]:
        told = [{"sha256": f"{letter}{at:063d}", "subject": name} for letter in letters for at in range(40)]
        return document(name, row({OLD: "valid", NEW: "valid", GONE: "missing"}, extra=told))

    report = judged(inventing("a", "de"), inventing("b", "ef"), inventing("c", "0"))
    shown = [one.sha256[0] for one in report.authorities if one.state == "withdrawn"]
    assert (len(shown), shown.count("e"), report.more_authorities, report.good) == (100, 40, 60, False)


def test_a_host_that_invents_many_cas_takes_no_memory() -> None:
    """Of what it says to have beside the release's CAs, only so many are kept."""
    extra = [{"sha256": f"{at:064x}", "subject": "CN=x"} for at in range(5_000)]
    (report,) = gathered(document("web-1", row({OLD: "valid"}, extra=extra))).reports
    assert (len(report.authorities), len(report.states)) == (3 + 100, 3 + 100)


def test_ten_thousand_machines_of_one_name_end_in_time() -> None:
    """They are taken for one host once, and not once for each of them."""
    found = [document("a", host={"machine": f"{at:032x}"}) for at in range(10_000)]
    report = judged(*found, listed=("a",))
    assert (len(report.counted), report.alike) == (1, {"a": 10_000})
