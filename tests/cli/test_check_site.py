"""`trustpack check --site` and `trustpack repo check`, as commands."""

import datetime as dt
import json
import random
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.prove.authority import create
from builder.repositories import publish
from builder.signing import new
from builder.signing import site_keys as signing
from tests import releases, site_keys
from tests.cli.conftest import World
from tests.unit.repositories.test_publish import order

CHANGES = 20
INRELEASE = "site/deb/dists/stable/InRelease"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make keys, a release, a site that is signed now, and a first publication of it."""
    folder = tmp_path_factory.mktemp("published")
    now = int(dt.datetime.now(dt.UTC).timestamp())
    pairs = (site_keys.pair(1), site_keys.pair(2))
    new.create(folder / "keys", organisation="acme", user_id="Acme <a@acme.example>", time=now, pairs=pairs)
    releases.build(
        folder, "acme", [create("Acme", now=dt.datetime.now(dt.UTC))], target="deb", release="2026.1"
    )
    keys = signing.read(folder / "keys")
    publish.build(replace(order(folder, now=now), keys=keys), [folder / "dist"])
    shutil.copytree(folder / "site", folder / "first")
    publish.refresh(replace(order(folder, now=now), keys=keys))
    return folder


@pytest.fixture
def world(tmp_path: Path, published: Path) -> World:
    """Return a folder with a copy of these."""
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)
    return World(tmp_path)


def test_a_site_that_is_due_ends_with_one(world: World) -> None:
    """It is looked for 21 days ahead unless another number is given, by the keys in a file."""
    command = ("check", "--site", "site", "--certificate", "site/acme.asc")
    fine = world.run(*command)
    assert (0, True) == (fine.code, "due 21 days before" in fine.out), fine
    due = world.run(*command, "--within", "61d", "--json")
    assert 1 == due.code, due
    said = json.loads(due.out)
    assert (2, True, True, []) == (said["counter"], said["due"], said["signed"], said["problems"])


def test_an_older_site_than_was_seen_ends_with_an_error(world: World) -> None:
    """What was seen is kept in the file, and an older one does not replace it."""
    command = ("check", "--keys", "keys", "--record", "seen.json", "--site")
    assert 0 == world.run(*command, "site").code
    seen = (world.folder / "seen.json").read_text()
    back = world.run(*command, "first")
    assert (13, True) == (back.code, "is publication 1, and 2 was seen before" in back.err), back
    assert (seen, 2) == ((world.folder / "seen.json").read_text(), json.loads(seen)["counter"])


def test_a_file_for_a_monitor_is_written_whole(world: World) -> None:
    """And the calendar beside it."""
    done = world.run(
        *("check", "--site", "site", "--keys", "keys", "--prometheus", "site.prom", "--ics", "site.ics")
    )
    assert 0 == done.code, done
    assert "trustpack_site_publication{" in (world.folder / "site.prom").read_text()
    assert "BEGIN:VEVENT" in (world.folder / "site.ics").read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--site", "site", "roots.pem"),
        ("--keys", "keys", "roots.pem"),
        ("--site", "site", "--keys", "keys", "--json", "--ics", "-"),
    ],
)
def test_what_does_not_go_together_is_refused(world: World, arguments: tuple[str, ...]) -> None:
    """Before anything is read."""
    assert 2 == world.run("check", *arguments).code


def test_each_of_twenty_changed_bytes_is_found_by_the_command(world: World) -> None:
    """Its status says so, and that it is an error."""
    chosen = random.Random(20261129)  # noqa: S311  the same changes in each run
    paths = sorted(path for path in (world.folder / "site").rglob("*") if path.is_file())
    missed = []
    for file in chosen.sample(paths, CHANGES):
        data = file.read_bytes()
        at = chosen.randrange(len(data))
        file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        if world.run("repo", "check", "site", "--keys", "keys").code not in {12, 13}:
            missed.append((file, at))
        file.write_bytes(data)
    assert missed == []
    assert 0 == world.run("repo", "check", "site", "--keys", "keys").code


def test_what_is_wrong_with_a_site_is_listed(world: World) -> None:
    """For people and for programs, with what is left alone."""
    (world.folder / INRELEASE).unlink()
    (world.folder / "site/robots.txt").write_text("")
    done = world.run("repo", "check", "site", "--keys", "keys")
    assert 13 == done.code
    assert "deb/dists/stable/InRelease: is missing\n" in done.out
    assert "left alone, because not the site's: robots.txt\n" in done.out
    said = json.loads(world.run("repo", "check", "site", "--keys", "keys", "--json").out)
    assert [{"path": "deb/dists/stable/InRelease", "problem": "is missing"}] == said["problems"]
    assert ["robots.txt"] == said["others"]
