"""A site in a folder: what comes to it stays, nothing is rewritten, and a failed change writes nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import random
import shutil
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.config import minimal, organisation
from builder.errors import ConfigError, OutputError, ReleaseError, SiteError
from builder.prove.authority import create
from builder.repositories import check, listing, publish, site, status
from builder.repositories.publish import Order
from tests import releases

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_796_000_000
DAY = 86_400
URL = "https://packages.acme.example"


def order(folder: Path, *, now: int = NOW, keep: int | None = None) -> Order:
    """Return an order for the unsigned site in `folder`."""
    return Order(
        folder=folder / "site",
        organisation=organisation(minimal("acme", ["roots.pem"])),
        url=URL,
        now=now,
        valid=60,
        keep=keep,
        architectures=("x86_64",),
        keys=None,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return three releases of one CA more each, as deb."""
    folder = tmp_path_factory.mktemp("releases")
    authorities = [create(f"Acme Root {number}", now=dt.datetime.now(dt.UTC)) for number in range(3)]
    found = []
    for number in range(3):
        where = folder / str(number)
        releases.build(where, "acme", authorities[: number + 1], target="deb", release=f"2026.{number + 1}")
        found.append(where / "dist")
    return found


def tree(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def listed(folder: Path) -> dict[str, str]:
    """Return what the site's list says of its files."""
    found = site.read(folder, None)
    assert found is not None
    return {path: one.sha256 for path, one in found.files.items()}


def stanzas(folder: Path) -> list[str]:
    """Return apt's index without the site's own package, whose version is when it was made."""
    text = (folder / "deb/dists/stable/main/binary-all/Packages").read_text("utf-8")
    found = text.rstrip("\n").split("\n\n")
    return [stanza for stanza in found if not stanza.startswith("Package: acme-repository\n")]


def packages(folder: Path) -> list[str]:
    """Return the versions in apt's index."""
    return [stanza.partition("\nVersion: ")[2].partition("\n")[0] for stanza in stanzas(folder)]


def test_the_list_has_every_file_of_the_site(tmp_path: Path, built: list[Path]) -> None:
    """But for the status, which vouches for it."""
    publish.build(order(tmp_path), built[:1])
    found = tree(tmp_path / "site")
    del found[status.STATUS]
    assert listed(tmp_path / "site") == found


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_done_the_site_is_whole(tmp_path: Path, built: list[Path], seed: int) -> None:
    """Releases come in any order, are withdrawn, go and come again: check finds nothing after each."""
    chosen = random.Random(seed)  # noqa: S311  the same changes in each run
    folder = tmp_path / "site"
    for step in range(12):
        now, keep = NOW + step * DAY, chosen.choice([None, None, 2, 1])
        match chosen.choice(["build", "build", "retire", "refresh"]):
            case "retire" if folder.exists():
                with contextlib.suppress(ReleaseError):
                    publish.retire(order(tmp_path, now=now), f"2026.{chosen.randrange(1, 4)}", "stolen")
            case "refresh" if folder.exists():
                publish.refresh(order(tmp_path, now=now))
            case _:
                some = chosen.sample(built, chosen.randrange(1, 4))
                publish.build(order(tmp_path, now=now, keep=keep), some)
        found = check.check(folder, None, None, scratch=tmp_path)
        assert () == found.problems + found.others
        known = site.read(folder, None)
        assert known is not None
        there = {one.release for one in known.shelf("apt").entries if one.release}
        assert {one.release for one in known.state.releases} == there


def test_a_late_package_of_a_withdrawn_release_is_withdrawn(tmp_path: Path, built: list[Path]) -> None:
    """It is not offered because it came after the others."""
    publish.build(order(tmp_path), built)
    publish.retire(order(tmp_path, now=NOW + 1), "2026.1", "stolen")
    authority = create("Acme Root", now=dt.datetime.now(dt.UTC))
    releases.build(tmp_path / "late", "acme", [authority], target="wheel", release="2026.1")
    publish.build(order(tmp_path, now=NOW + 2), [tmp_path / "late" / "dist"])
    found = site.read(tmp_path / "site", None)
    assert found is not None
    assert ["stolen"] == [one.withdrawn for one in found.shelf("pypi").entries]


def test_a_site_grows_to_the_same_bytes_as_one_that_is_built_at_once(
    tmp_path: Path, built: list[Path]
) -> None:
    """Adding reads kept lines and no packages, and comes to the same indexes."""
    for number, folder in enumerate(built):
        publish.build(order(tmp_path / "grown", now=NOW + number), [folder])
    publish.build(order(tmp_path / "whole", now=NOW + 2), built)
    grown, whole = (tree(tmp_path / name / "site") for name in ("grown", "whole"))
    assert packages(tmp_path / "grown" / "site") == ["2026.1", "2026.2", "2026.3"]
    assert stanzas(tmp_path / "grown" / "site") == stanzas(tmp_path / "whole" / "site")
    assert grown["bundle.pem"] == whole["bundle.pem"]


def test_building_the_same_again_writes_nothing(tmp_path: Path, built: list[Path]) -> None:
    """A publication that changes nothing is none."""
    publish.build(order(tmp_path), built)
    before = tree(tmp_path / "site")
    again = publish.build(order(tmp_path, now=NOW + DAY), built)
    assert (again.changed, tree(tmp_path / "site")) == (False, before)


def test_a_proof_that_says_the_same_later_is_nothing_new(tmp_path: Path, built: list[Path]) -> None:
    """Cron proves each time before it publishes; another result is told, and another client."""
    dist = shutil.copytree(built[0], tmp_path / "dist")
    changed = []
    for hour, version in ((1, "3.11"), (2, "3.11"), (3, "3.12")):
        cell = {"target": "deb", "client": "urllib", "version": version, "status": "proven"}
        proof = {"release": "2026.1", "when": f"2026-11-28T0{hour}:00:00Z", "cells": [cell]}
        (dist / "proof.json").write_text(json.dumps(proof))
        changed.append(publish.build(order(tmp_path, now=NOW + hour), [dist]).changed)
    assert [True, False, True] == changed


def test_the_same_input_and_time_give_the_same_site(tmp_path: Path, built: list[Path]) -> None:
    """Byte for byte."""
    for name in ("one", "other"):
        publish.build(order(tmp_path / name), built)
    assert tree(tmp_path / "one") == tree(tmp_path / "other")


def test_a_dry_run_tells_what_the_run_writes(tmp_path: Path, built: list[Path]) -> None:
    """In the same order, and leaves everything as it was."""
    told = publish.build(order(tmp_path), built, dry_run=True)
    assert not (tmp_path / "site").exists()
    assert publish.build(order(tmp_path), built).written == told.written


def test_other_content_under_one_version_is_refused(tmp_path: Path, built: list[Path]) -> None:
    """Clients that have it would never fetch the change."""
    releases.build(
        tmp_path, "acme", [create("Another", now=dt.datetime.now(dt.UTC))], target="deb", release="2026.1"
    )
    publish.build(order(tmp_path), built[:1])
    before = tree(tmp_path / "site")
    with pytest.raises(SiteError, match=r"the site has another acme-ca-certs 2026\.1"):
        publish.build(order(tmp_path, now=NOW + 1), [tmp_path / "dist"])
    assert tree(tmp_path / "site") == before


def test_a_withdrawn_release_leaves_the_index(tmp_path: Path, built: list[Path]) -> None:
    """Its package stays on the site, for whoever asks what it was."""
    publish.build(order(tmp_path), built)
    publish.retire(order(tmp_path, now=NOW + 1), "2026.1", "its key was stolen")
    assert packages(tmp_path / "site") == ["2026.2", "2026.3"]
    assert list((tmp_path / "site/deb/pool").rglob("*_2026.1_all.deb"))


@pytest.mark.parametrize("path", ["/?a", "/a#b", "/a/../b", "/a//b", "/./a"])
def test_an_address_that_clients_would_change_is_refused(tmp_path: Path, path: str) -> None:
    """They would ask for other files, or for none."""
    with pytest.raises(ConfigError, match="no files can be below that address"):
        publish.build(replace(order(tmp_path), url=f"{URL}{path}"), [])
    publish.build(replace(order(tmp_path), url=f"{URL}/a.b/c/"), [])


def test_a_reason_stays(tmp_path: Path, built: list[Path]) -> None:
    """Saying it again is no change, and another one is refused: clients have the first."""
    publish.build(order(tmp_path), built)
    publish.retire(order(tmp_path, now=NOW + 1), "2026.1", "its key was stolen")
    assert not publish.retire(order(tmp_path, now=NOW + 2), "2026.1", "its key was stolen").changed
    with pytest.raises(ReleaseError, match="is withdrawn already, because: its key was stolen"):
        publish.retire(order(tmp_path, now=NOW + 2), "2026.1", "its key was lost")


def test_what_a_withdrawal_replaces_does_not_stay(tmp_path: Path, built: list[Path]) -> None:
    """No older index that offers the release is left."""
    publish.build(order(tmp_path), built)
    publish.retire(order(tmp_path, now=NOW + 1), "2026.1", "its key was stolen")
    by_hash = (tmp_path / "site/deb/dists/stable/main/binary-all/by-hash/SHA256").iterdir()
    assert [b"Version: 2026.1\n" in path.read_bytes() for path in by_hash].count(True) == 0


def test_the_newest_release_cannot_be_withdrawn(tmp_path: Path, built: list[Path]) -> None:
    """Hosts that have it would be left with it."""
    publish.build(order(tmp_path), built)
    with pytest.raises(ReleaseError, match="is the newest that the site offers"):
        publish.retire(order(tmp_path, now=NOW + 1), "2026.3", "its key was stolen")


def test_a_replaced_index_stays_for_two_publications(tmp_path: Path, built: list[Path]) -> None:
    """Whoever has just read the pointer to it still finds it."""
    publish.build(order(tmp_path), built[:1])
    first = tree(tmp_path / "site")
    index = next(path for path in first if "by-hash" in path)
    there = []
    for number in range(1, 4):
        publish.build(order(tmp_path, now=NOW + number), built[1 : number + 1])
        if number == 3:
            publish.refresh(order(tmp_path, now=NOW + number))
        there.append((tmp_path / "site" / index).exists())
    assert there == [True, True, False]


def test_only_so_many_releases_stay_as_are_kept(tmp_path: Path, built: list[Path]) -> None:
    """The oldest goes, with its packages."""
    publish.build(order(tmp_path, keep=2), built)
    assert packages(tmp_path / "site") == ["2026.2", "2026.3"]
    assert not list((tmp_path / "site/deb/pool").rglob("*_2026.1_all.deb"))


def test_a_release_that_is_too_old_to_be_kept_changes_nothing(tmp_path: Path, built: list[Path]) -> None:
    """It may be among the folders of each run, and not each is a publication."""
    publish.build(order(tmp_path, keep=2), built[1:])
    before = tree(tmp_path / "site")
    assert not publish.build(order(tmp_path, now=NOW + 1, keep=2), built).changed
    assert tree(tmp_path / "site") == before


def test_refreshing_changes_dates_and_nothing_else(tmp_path: Path, built: list[Path]) -> None:
    """A quiet month expires nothing."""
    publish.build(order(tmp_path), built)
    before = listed(tmp_path / "site")
    publish.refresh(order(tmp_path, now=NOW + 30 * DAY))
    after = listed(tmp_path / "site")
    changed = {path for path in before.keys() & after.keys() if before[path] != after[path]}
    assert changed == {"deb/dists/stable/Release", "index.html"}
    text = (tmp_path / "site/deb/dists/stable/Release").read_text("utf-8")
    assert "Valid-Until: Sun, 28 Feb 2027 00:53:20 UTC\n" in text


def test_a_clock_that_runs_backwards_stops_it(tmp_path: Path, built: list[Path]) -> None:
    """Clients take no older date."""
    publish.build(order(tmp_path), built[:1])
    before = tree(tmp_path / "site")
    with pytest.raises(SiteError, match="the clock says 2026-11-29"):
        publish.build(order(tmp_path, now=NOW - DAY), built[1:])
    assert tree(tmp_path / "site") == before


def test_what_others_put_there_is_left_alone(tmp_path: Path, built: list[Path]) -> None:
    """Unless it lies in the way: then nothing is written."""
    publish.build(order(tmp_path), built[:1])
    (tmp_path / "site/robots.txt").write_text("none of ours\n")
    publish.build(order(tmp_path, now=NOW + 1), built[1:2])
    assert (tmp_path / "site/robots.txt").read_text() == "none of ours\n"
    wanted = built[2] / "acme-ca-certs_2026.3_all.deb"
    (tmp_path / "site/deb/pool/main/a/acme-ca-certs" / wanted.name).write_bytes(b"none of ours")
    before = tree(tmp_path / "site")
    with pytest.raises(OutputError, match="is there already, and is not this site's"):
        publish.build(order(tmp_path, now=NOW + 2), built)
    assert tree(tmp_path / "site") == before


def test_another_organisations_site_is_left_alone(tmp_path: Path, built: list[Path]) -> None:
    """Two organisations with one folder."""
    publish.build(order(tmp_path), built[:1])
    other = organisation(minimal("other", ["roots.pem"]))
    with pytest.raises(SiteError, match="is the site of acme"):
        publish.refresh(replace(order(tmp_path, now=NOW + 1), organisation=other))


def test_a_list_survives_the_way_through_its_text(tmp_path: Path, built: list[Path]) -> None:
    """What is written is what is read."""
    publish.build(order(tmp_path), built)
    found = site.read(tmp_path / "site", None)
    assert found is not None
    assert listing.parse(listing.text(found.files.values()).encode(), "list") == found.files


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x",
        f"{'0' * 64} 1 blob ../x",
        f"{'0' * 64} 1 blob /x",
        f"{'0' * 64} 1 blob a//b",
        f"{'0' * 64} 1 pipe x",
    ],
)
def test_a_list_names_no_file_beside_the_site(line: str) -> None:
    """A line that is none of ours is an error that names it."""
    good = f"{'0' * 64} 1 blob a/b\n"
    with pytest.raises(SiteError, match="list:2: is no line"):
        listing.parse(f"{good}{line}\n".encode(), "list")
