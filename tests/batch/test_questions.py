"""`batch check` and `batch plan`: what is asked of a dozen organisations, one faulty, one hostile."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
from typing import TYPE_CHECKING

import pytest

from builder.batch import check as checking
from builder.batch import plan as planning
from builder.batch.build import BatchOrder, build
from builder.batch.job import JobSettings
from builder.batch.organisations import opened
from builder.batch.outputs import OutputsFolder
from builder.batch.product import product
from builder.prove import authority
from tests.batch import folders
from tests.batch.here import Here

if TYPE_CHECKING:
    from pathlib import Path

    from builder.batch.check import ExpiryReport
    from builder.batch.plan import PlanReport

NOW = dt.datetime.fromisoformat(folders.NOW)
REALM = "realms:\n  staging:\n    bundle: {paths: [roots.pem]}\n"
MANY = [f"org-{letter}" for letter in "abcdefghij"]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Return a folder with a dozen organisations; one's file is faulty, one's bundle leads elsewhere."""
    for number, slug in enumerate(MANY):
        folders.organisation(tmp_path / "orgs", slug, f"targets: [pem]\n{REALM if not number else ''}")
    folders.organisation(tmp_path / "orgs", "faulty", "targest: [pem]\n")
    hostile = folders.organisation(tmp_path / "orgs", "hostile")
    (hostile / "roots.pem").unlink()
    (hostile / "roots.pem").symlink_to("/etc/passwd")
    os.mkfifo(hostile / "pipe")
    return tmp_path


def checked(folder: Path, days: int, worker: Here | None = None) -> ExpiryReport:
    """Check the organisations of a folder by a worker that is this process."""
    settings = JobSettings("checking", str(folder / "orgs"), NOW, product())
    with opened(folder / "orgs") as place:
        pool = contextlib.nullcontext(worker or Here())
        return checking.check(place, settings, lambda: pool, within=dt.timedelta(days=days))


def soon(folder: Path, slug: str, days: int) -> None:
    """Give an organisation a CA that ends so many days after NOW."""
    made = authority.create(f"{slug} Root", now=NOW, days=days + 1)
    (folder / "orgs" / slug / "roots.pem").write_bytes(made.pem)


def test_what_ends_this_quarter_is_told_in_the_order_of_its_ends(world: Path) -> None:
    """Of each organisation and realm; what is wrong with one stops no other."""
    soon(world, "org-c", 80)
    soon(world, "org-b", 10)
    soon(world, "org-a", 20)
    report = checked(world, 90)
    lines = report.as_text().splitlines()
    assert [line.split()[:2] for line in lines[:4]] == [
        ["2026-12-05", "org-b"],
        ["2026-12-15", "org-a"],
        ["2026-12-15", "org-a-staging"],
        ["2027-02-13", "org-c"],
    ]
    assert lines[0].endswith("expires on 2026-12-05, in 11 days")
    orgs = world / "orgs"
    assert f"failed: {orgs}/faulty/trustpack.yaml:5: unknown key 'targest'" in lines
    assert f"failed: {orgs}/hostile/pipe: is a pipe, a socket or a device" in lines
    assert lines[-1] == "13 organisations: 4 of 11 certificates due within 90 days, 2 failed"
    assert checked(world, 1).due == []

    found = json.loads(report.as_json())
    assert (found["checked"], found["due"], len(found["certificates"])) == (11, 4, 11)
    assert [one["sources"] for one in found["certificates"][:2]] == [["org-b"], ["org-a"]]
    assert [one["slug"] for one in found["failed"]] == ["faulty", "hostile"]
    metrics = report.as_openmetrics().splitlines()
    assert sum(line.startswith("trustpack_certificate_not_after") for line in metrics) == 11
    assert 'trustpack_batch_check_failed{organisation="hostile"} 1' in metrics
    assert metrics[-1] == "# EOF"


def test_a_private_key_goes_to_no_worker(world: Path) -> None:
    """Whatever is asked: who put it there is told."""
    key = "-----BEGIN PRIVATE KEY-----\n" + "MC4CAQAwBQYDK2VwBCIEIHRoaXMgaXMgbm8ga2V5IG9mIGFueWJvZHkn\n"
    (world / "orgs" / "org-d" / "ca.key").write_text(key + "-----END PRIVATE KEY-----\n")
    worker = Here()
    report = checked(world, 90, worker)
    assert sorted(report.faults) == ["faulty", "hostile", "org-d"]
    assert not [data for data in worker.sent if b"PRIVATE KEY" in data]


def planned(folder: Path) -> PlanReport:
    """Plan the next batch by a worker that is this process."""
    with opened(folder / "orgs") as place:
        pool = contextlib.nullcontext(Here())
        return planning.plan(place, OutputsFolder(folder / "out"), BatchOrder(now=NOW), lambda: pool)


def test_the_plan_says_what_the_next_batch_makes(world: Path) -> None:
    """All of it before the first one; then only of those that have changed; and writes nothing."""
    first = planned(world)
    assert sorted(first.planned) == sorted([*MANY, "org-a-staging"])
    assert not (world / "out").exists()
    assert first.as_text().splitlines()[0] == "org-a: release 20261124"
    assert first.as_text().splitlines()[-1] == "13 organisations: 11 to build, 0 skipped, 2 failed"

    with opened(world / "orgs") as place:
        pool = contextlib.nullcontext(Here())
        build(place, OutputsFolder(world / "out"), BatchOrder(now=NOW), lambda: pool)
    before = folders.states(world / "out")
    soon(world, "org-b", 900)
    (world / "orgs" / "org-c" / "trustpack.yaml").unlink()
    found = planned(world)
    assert folders.states(world / "out") == before
    (plan,) = found.planned.values()
    assert (plan.before, plan.release) == ("20261124", "20261124.1")
    assert [len(plan.change.added), len(plan.change.removed)] == [1, 1]
    lines = found.as_text().splitlines()
    assert lines[0] == "org-b: release 20261124.1, after 20261124"
    assert [line[:4] for line in lines[1:3]] == ["  + ", "  - "]
    assert any("is removed while active" in line for line in lines)
    assert lines[-1] == "13 organisations: 1 to build, 9 skipped, 3 failed"
    assert found.wants_attention

    value = json.loads(found.as_json())
    assert (value["unchanged"], [one["slug"] for one in value["plans"]]) == (9, ["org-b"])
    with opened(world / "orgs") as place:
        pool = contextlib.nullcontext(Here())
        made = build(place, OutputsFolder(world / "out"), BatchOrder(now=NOW), lambda: pool)
    # What was planned is what is made.
    assert made.rows["org-b"].release == plan.release
    assert not planned(world).planned


def test_what_a_build_would_refuse_the_plan_says(world: Path) -> None:
    """A lock that does not fit, and a warning that the configuration lets stop it."""
    text = (world / "orgs" / "org-b" / "trustpack.yaml").read_text()
    (world / "orgs" / "org-b" / "trustpack.yaml").write_text(f"{text}lifecycle: {{fail_on: warning}}\n")
    soon(world, "org-b", 10)
    (world / "orgs" / "org-c" / "trustpack.lock").write_text("nonsense\n")
    found = planned(world)
    assert found.planned["org-b"].stops
    assert "  and lifecycle.fail_on lets it stop the build" in found.as_text().splitlines()
    assert "org-c" in found.report.faults
