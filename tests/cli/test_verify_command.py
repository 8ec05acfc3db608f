"""`trustpack verify`, as people type it: a release's folder, a site's folder and its address."""

import functools
import http.server
import json
import random
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import World

CONFIG = """\
organisation: {slug: acme}
bundle: {paths: [roots.pem]}
site: https://packages.acme.example
targets: [deb, npm, rpm, wheel]
"""
WRONG = 15


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, roots: bytes) -> Path:
    """Return a project with a lock, keys, an attested and signed release, and a site; no test changes it."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "roots.pem").write_bytes(roots)
    world = World(folder)
    world.write("trustpack.yaml", CONFIG)
    for line in ("lock", "build", "keys new", "attest", "sign dist", "repo build"):
        done = world.run(*line.split())
        assert done.code == 0, done.err
    return folder


@pytest.fixture
def world(tmp_path: Path, made: Path) -> World:
    """Return an auditor's folder: what was published, the lock, and the public keys."""
    for name in ("dist", "site"):
        shutil.copytree(made / name, tmp_path / name)
    shutil.copy(made / "trustpack.lock", tmp_path)
    (tmp_path / "public").mkdir()
    for path in (made / "keys").iterdir():
        if path.suffix in {".json", ".asc", ".pub"}:
            shutil.copy(path, tmp_path / "public")
    return World(tmp_path)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback, and yield its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


def test_a_release_is_verified_without_the_project(world: World) -> None:
    """By its public keys and the lock alone, to the last byte."""
    done = world.run("verify", "dist", "--keys", "public", "--lock", "trustpack.lock", "--json")
    assert done.code == 0, done.out + done.err
    found = json.loads(done.out)
    assert found["discrepancies"] == []
    assert {"files", "certificates", "lock", "signatures", "statement", "rebuild"} == {
        one["check"] for one in found["examined"] if one["done"]
    }


def test_a_record_that_cannot_be_written_hides_no_verdict(world: World) -> None:
    """What took a whole site to find out is said before."""
    done = world.run("verify", "site", "--keys", "public", "--record", "nowhere/seen.json", "--json")
    assert (8, []) == (done.code, json.loads(done.out)["discrepancies"])
    error = json.loads(done.err.splitlines()[-1])["error"]
    assert error["hint"] == "there is no folder nowhere: make it first"


def test_a_site_of_before_a_rotation_is_told_from_a_damaged_one(made: Path, tmp_path: Path) -> None:
    """Every index differs by the new keys; nobody is to look for an attacker."""
    world = World(shutil.copytree(made, tmp_path / "rotated"))
    assert world.run("keys", "rotate").code == 0
    done = world.run("verify", "site", "--keys", "keys")
    assert (WRONG, True) == (done.code, "acme.asc: does not match" in done.out)
    assert "note: site: the site has other keys than were given: if they were rotated since" in done.err
    shutil.copytree(made / "keys", world.folder / "before")
    (world.folder / "site" / "index.html").write_text("<p>other</p>")
    assert "other keys" not in world.run("verify", "site", "--keys", "before").err


def test_without_keys_it_is_refused(world: World) -> None:
    """Unless somebody says that there is nobody to vouch for it; then it is said what was not verified."""
    refused = world.run("verify", "dist")
    assert refused.code == 2
    assert "--unsigned" in refused.err
    done = world.run("verify", "dist", "--unsigned")
    assert done.code == 0
    assert "no signature verified, because no keys were given (--keys)" in done.out


def test_changed_bytes_are_named_by_the_command(world: World) -> None:
    """In files of every kind, with the command's own status."""
    chosen = random.Random(20261129)  # noqa: S311  the same changes in each run
    for path in chosen.sample(sorted((world.folder / "dist").iterdir()), 5):
        data = path.read_bytes()
        at = chosen.randrange(len(data))
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << chosen.randrange(8)]) + data[at + 1 :])
        done = world.run("verify", "dist", "--keys", "public")
        assert (done.code, path.name in done.out + done.err) == (WRONG, True), (path, at, done.out)
        path.write_bytes(data)


def test_a_site_is_verified_at_its_address(world: World) -> None:
    """It is remembered, and an older one is refused after that."""
    with served(world.folder / "site") as address:
        words = ("verify", address, "--keys", "public", "--lock", "trustpack.lock", "--record", "seen.json")
        first = world.run(*words)
        assert first.code == 0, first.out + first.err
        assert "because no publication was seen before (--record)" in first.out
        again = world.run(*words)
        assert (again.code, "it follows publication 1" in again.out) == (0, True)
        seen = json.loads((world.folder / "seen.json").read_text())
        world.write("seen.json", json.dumps(seen | {"counter": 2}))
        old = world.run(*words)
        assert old.code == WRONG
        assert "is publication 1, and 2 was seen before" in old.err
        late = world.run("verify", address, "--keys", "public", "--now", "2099-01-01")
        assert (late.code, "trustpack/status: has expired on" in late.out) == (WRONG, True)


def test_a_sites_changed_file_is_named(world: World) -> None:
    """In its folder, and where it is served."""
    package = next((world.folder / "site").rglob("acme-ca-certs_*.deb"))
    data = package.read_bytes()
    package.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    local = world.run("verify", "site", "--keys", "public")
    assert (local.code, package.name in local.out) == (WRONG, True)
    with served(world.folder / "site") as address:
        remote = world.run("verify", address, "--keys", "public")
    assert (remote.code, package.name in remote.out + remote.err) == (WRONG, True)


def test_a_site_needs_its_keys(world: World) -> None:
    """One of OpenPGP's at least; another organisation's will not do."""
    done = world.run("verify", "site", "--unsigned")
    assert (done.code, "there is no key to verify it" in done.err) == (WRONG, True)
    apk = next((world.folder / "public").glob("*.rsa.pub"))
    done = world.run("verify", "site", "--keys", apk)
    assert (done.code, "signed by OpenPGP keys, and none was given" in done.err) == (2, True)


def test_an_outsider_has_public_files_alone(world: World) -> None:
    """The key that signs vouches for the others; of a kind of which some are given, these alone count."""
    shutil.rmtree(world.folder / "public")
    published = world.folder / "site"
    with served(published) as address:
        done = world.run("verify", address, "--keys", "site/acme.asc", "--lock", "trustpack.lock", "--json")
    found = json.loads(done.out)
    assert (done.code, found["discrepancies"]) == (0, [])
    checks = {"files", "site", "signatures", "statement", "rebuild", "lock"}
    assert checks == {one["check"] for one in found["examined"] if one["done"]}
    statements = sorted(published.glob("*.statement.pub"))
    words = ("verify", "site", "--keys", "site/acme.asc", "--keys")
    codes = {world.run(*words, each).code for each in statements}
    assert (len(statements), codes) == (2, {0, WRONG})
