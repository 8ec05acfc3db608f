"""`batch repo` and `batch verify`: a dozen organisations' sites and releases, one faulty, one hostile."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from builder.batch import given, processes
from builder.batch import repo as sites
from builder.batch import verify as verifying
from builder.batch.build import BatchOrder, build
from builder.batch.organisations import opened
from builder.batch.outputs import OutputsFolder
from builder.errors import ToolError
from tests import site_keys
from tests.batch import folders
from tests.batch.here import Here
from tests.batch.running import trustpack

if TYPE_CHECKING:
    from pathlib import Path

    from builder.batch.repo import SitesReport
    from builder.batch.verify import VerifyReport

NOW = dt.datetime.fromisoformat(folders.NOW)
BASE = "https://packages.provider.example"
MANY = [f"org-{letter}" for letter in "abcdefghij"]
SIGNED = ("org-a", "org-a-staging", "org-b", "hostile")
CONFIG = f"targets: [deb]\nsite: {BASE}/x\n"
# What an organisation would sign with, if it had a say: a program, and the keys of another.
HOSTILE = CONFIG + "repository:\n  keys: ../../keys/org-b\n  signer: [touch, ../../here]\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a dozen organisations, their releases, and keys of some."""
    folder = tmp_path_factory.mktemp("sites")
    realm = "realms:\n  staging:\n    bundle: {paths: [roots.pem]}\n"
    for slug in MANY:
        folders.organisation(folder / "orgs", slug, CONFIG + (realm if slug == "org-a" else ""))
    folders.organisation(folder / "orgs", "faulty", "targest: [deb]\n")
    folders.organisation(folder / "orgs", "hostile", HOSTILE)
    with opened(folder / "orgs") as place:
        build(
            place,
            OutputsFolder(folder / "dist"),
            BatchOrder(now=NOW),
            lambda: contextlib.nullcontext(Here()),
        )
    (folder / "keys").mkdir()
    for slug in SIGNED:
        site_keys.folder(folder / "keys" / slug, slug=slug)
    shutil.copytree(folder / "keys" / "org-b", folder / "keys" / "org-c")
    return folder


@pytest.fixture
def world(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the folder."""
    return shutil.copytree(made, tmp_path / "world")


def published(folder: Path, *, url: str = BASE, later: int = 0) -> SitesReport:
    """Make the sites in this process."""
    now = int(NOW.timestamp()) + later
    order = sites.SitesOrder(folder / "dist", folder / "sites", folder / "keys", now, url)
    with opened(folder / "orgs") as place:
        return sites.repo(place, order, jobs=1)


def test_each_organisation_with_keys_has_a_signed_site(world: Path) -> None:
    """Realms, too; one without keys, or with another's, fails alone, and configurations choose no keys."""
    report = published(world)
    assert {slug for slug, one in report.found.items() if one.status == "published"} == set(SIGNED)
    assert report.found["org-a-staging"].url == f"{BASE}/org-a-staging"
    assert sorted(path.name for path in (world / "sites").iterdir()) == sorted(SIGNED)
    assert not (world / "here").exists()
    for slug in SIGNED:
        words = ("--keys", world / "keys" / slug, "--now", folders.NOW)
        done = trustpack("verify", world / "sites" / slug, *words, cwd=world)
        assert done.returncode == 0, done.stdout + done.stderr
    faults = report.faults
    assert sorted(faults) == ["faulty", *MANY[2:]]
    assert faults["org-d"].message == f"{world}/keys/org-d: there are no keys of org-d"
    assert "holds the keys of 'org-b', not of 'org-c'" in faults["org-c"].message
    assert report.as_text().splitlines()[-1] == "13 sites: 4 published, 0 as they should be, 9 failed"

    # Nothing to do: nothing is signed anew. A new release of one changes that one's site.
    again = published(world, later=60)
    assert {one.status for one in again.found.values() if not one.fault} == {"unchanged"}
    config = world / "orgs" / "org-b" / "trustpack.yaml"
    config.write_text(f"{config.read_text()}release: 30000101\n")
    with opened(world / "orgs") as place:
        out, pool = OutputsFolder(world / "dist"), contextlib.nullcontext(Here())
        build(place, out, BatchOrder(now=NOW), lambda: pool)
    found = published(world, later=120).found
    assert (found["org-b"].status, found["org-b"].releases) == ("published", 2)
    assert found["org-a"].status == "unchanged"


def test_sites_are_made_by_processes_of_this_machine(world: Path) -> None:
    """As the command starts them; it prints what its schema says, and its status is 1 where one failed."""
    words = ("orgs", "--keys", "keys", "--site", "www", "--url", BASE, "--only", "org-a,org-d", "--jobs", "2")
    done = trustpack("batch", "repo", *words, "--json", "--now", folders.NOW, cwd=world)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert [(one["slug"], one["status"]) for one in found["results"]] == [
        ("org-a", "published"),
        ("org-a-staging", "published"),
    ]
    assert [one["slug"] for one in found["failed"]] == ["org-d"]
    # The same bytes as in one process.
    published(world)
    for slug in ("org-a", "org-a-staging"):
        assert _files(world / "www" / slug) == _files(world / "sites" / slug)


def test_a_dry_run_makes_no_site(world: Path) -> None:
    """It says what would come of it: a realm whose site is nowhere has none."""
    words = ("orgs", "--keys", "keys", "--jobs", "1", "--dry-run", "--now", folders.NOW)
    done = trustpack("batch", "repo", *words, cwd=world)
    assert done.stdout.splitlines()[-1].startswith("13 sites: 3 would be published")
    assert not (world / "sites").exists()


def verified(folder: Path, keys: Path | None = None) -> VerifyReport:
    """Verify the releases in this process."""
    return verifying.verify(folder / "dist", keys, now=NOW, jobs=1)


def test_what_differs_is_told_of_each_release(world: Path) -> None:
    """A changed file, another organisation's release, one that is gone; the others are as they were made."""
    assert verified(world).holds
    dist = world / "dist"
    with next((dist / "org-a").glob("*.deb")).open("ab") as file:
        file.write(b"x")
    shutil.rmtree(dist / "org-b")
    shutil.copytree(dist / "org-c", dist / "org-d", dirs_exist_ok=True)
    (dist / "org-e" / "manifest.json").unlink()
    (dist / "org-f" / "manifest.json").write_text("{}")
    report = verified(world)
    (differing,) = report.differing
    assert differing.slug == "org-a"
    assert any(one.file.endswith(".deb") for one in differing.discrepancies)
    assert sorted(report.faults) == ["org-b", "org-d", "org-e", "org-f"]
    assert report.faults["org-d"].message == f"{dist}/org-d: is a release of org-c, and not of org-d"
    assert "holds no release" in report.faults["org-b"].message
    said = report.as_text().splitlines()[-1]
    assert said == "12 releases: 7 verified, by nobody's signature, 1 differ, 4 failed"

    done = trustpack("batch", "verify", "--unsigned", "--json", "--jobs", "2", cwd=world)
    assert done.returncode == 1
    assert json.loads(done.stdout)["verified"] == 7


def test_signatures_are_verified_by_each_ones_own_keys(world: Path) -> None:
    """A signed release holds, one that nobody signed does not, and one without keys fails alone."""
    config = world / "orgs" / "org-b" / "trustpack.yaml"
    words = ("--config", config, "--now", folders.NOW)
    for command in ("attest", "sign"):
        keys = ("--keys", world / "keys" / "org-b") if command == "sign" else ()
        done = trustpack(command, world / "dist" / "org-b", *words, *keys, cwd=world)
        assert done.returncode == 0, done.stderr
    report = verified(world, world / "keys")
    assert "org-b" not in {*report.faults, *(one.slug for one in report.differing)}
    assert {one.slug for one in report.differing} >= {"org-a", "hostile"}
    assert report.faults["org-d"].message == f"{world}/keys/org-d: there are no keys of org-d"
    assert not report.holds


def test_what_nobody_expected_stops_no_other() -> None:
    """It is told as an error of ours, with what it was about; what the system says, as the system says it."""
    assert given.fault(ValueError("odd"), "dist/acme").message == "dist/acme: ValueError: odd"
    assert given.fault(PermissionError(13, "denied", "dist/acme/x")).message == "dist/acme/x: denied"
    assert given.fault(OSError("odd"), "dist/acme").message == "dist/acme: odd"


def test_a_process_that_ends_is_told() -> None:
    """Not waited for."""
    with pytest.raises(ToolError, match="a process ended"):
        list(processes.each(_end, [1, 2, 3], 2))


def _end(_: int) -> None:
    import os

    os._exit(3)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
