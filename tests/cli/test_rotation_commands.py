"""A rotation in use: plan's warnings show where they count, releases keep their scheme, states are told."""

import datetime as dt
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import ENVIRONMENT, PROGRAM, World
from tests.cli.test_lifecycle_commands import LATER, SECOND, configure, fingerprint

_SOON = f"{dt.datetime.now(dt.UTC) + dt.timedelta(days=9):%Y-%m-%d}"


@pytest.fixture
def configured(world: World, another: bytes) -> World:
    """Return a folder with a configuration of one CA, and a second CA's file that it does not name."""
    (world.folder / "more.pem").write_bytes(another)
    configure(world)
    return world


def stages(print_of: bytes, said: str, *, more: str = "") -> tuple[str, ...]:
    """Return the lines that configure one CA's stage."""
    head = (f"lifecycle: {{{more}authorities: {{",)
    return (*head, f"    {fingerprint(print_of)}: {{{said}}}}}}}")


def test_lock_and_build_show_what_plan_warns_of(configured: World) -> None:
    """By default they go on; a quiet build shows nothing."""
    assert configured.run("lock").code == 0
    configure(configured, paths="roots.pem, more.pem")
    checked = configured.run("lock", "--check", "--now", LATER)
    done = configured.run("lock", "--now", LATER)
    for each, code in ((checked, 1), (done, 0)):
        assert (each.code, each.err.count("warning: CN=Acme Root 2 (")) == (code, 1)
        assert "make it incoming until" in each.err
    (configured.folder / "trustpack.lock").unlink()
    configure(configured)
    assert configured.run("build").code == 0
    configure(configured, paths="roots.pem, more.pem")
    shown = configured.run("build", "--now", LATER)
    assert (shown.code, "warning: CN=Acme Root 2 (" in shown.err) == (0, True)
    configure(configured)
    assert configured.run("build", "--now", f"{LATER[:4]}-12-31", "--quiet").err == ""


@pytest.mark.parametrize("command", ["lock", "build"])
def test_a_warning_stops_lock_and_build_where_that_is_configured(configured: World, command: str) -> None:
    """With plan's status, and nothing is written."""
    assert configured.run(command).code == 0
    before = configured.files("."), configured.files()
    configure(configured, "lifecycle: {fail_on: warning}", paths="roots.pem, more.pem")
    done = configured.run(command, "--now", LATER)
    assert (done.code, done.err.splitlines()[-2]) == (
        1,
        "error: trustpack.yaml:4: lifecycle.fail_on is warning, and there is one to heed",
    )
    assert (configured.files("."), configured.files()) == before
    assert configured.run("plan", "--now", LATER).code == 1


@pytest.mark.parametrize("command", ["lock", "build"])
def test_another_scheme_of_releases_is_not_begun_by_mistake(configured: World, command: str) -> None:
    """There is no way back from a date: a script must say that it means it, and plan warns of it."""
    world = configured
    back = "no release can be like 2026.12 again"
    said = f"release {SECOND}: is a date, and 2026.12 is a year and a number: {back}"
    assert world.run(command, "--release", "2026.12").code == 0
    configure(world, paths="roots.pem, more.pem")
    if command == "lock":
        shown = world.run("plan", "--now", LATER)
        assert (shown.code, f"warning: {said}\n" in shown.out) == (1, True)
        assert world.run("lock", "--check", "--now", LATER).code == 1
    before = world.files()
    done = world.run(command, "--now", LATER)
    assert (done.code, done.err.splitlines()[-2:]) == (
        6,
        [
            f"error: {said}",
            "hint: --change-scheme does it all the same; to go on as before: --release 2027.1",
        ],
    )
    assert world.files() == before
    assert world.run(command, "--release", "2027.1", "--now", LATER).code == 0
    configure(world)
    assert world.run(command, "--change-scheme", "--now", LATER).code == 0


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 6)])
def test_a_person_is_asked_before_the_scheme_changes(configured: World, answer: bytes, code: int) -> None:
    """At a terminal; what is written is what was agreed to."""
    assert configured.run("lock", "--release", "2026.12").code == 0
    before = (configured.folder / "trustpack.lock").read_text()
    configure(configured, paths="more.pem")
    inside, outside = pty.openpty()
    try:
        os.write(inside, answer)
        done = subprocess.run(
            [PROGRAM, "lock"], cwd=configured.folder, env=ENVIRONMENT, stdin=outside,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(inside)
        os.close(outside)
    assert (done.returncode, "Go on? [y/N]" in done.stderr) == (code, True)
    assert ((configured.folder / "trustpack.lock").read_text() != before) is (code == 0)


def _released(world: World, out: str, said: str, roots: bytes) -> Path:
    configure(world, *stages(roots, said))
    assert world.run("build", "--target", "wheel", "--release", "2026.1", "--out", out).code == 0
    (wheel,) = (world.folder / out).glob("*.whl")
    return wheel.relative_to(world.folder)


def test_diff_shows_states_between_releases_and_packages(configured: World, roots: bytes) -> None:
    """The manifest says them; of a package, the one that lies beside it and is about this very file."""
    world = configured
    old = _released(world, "old", "state: active, owner: PKI Team", roots)
    new = _released(world, "new", f"state: retiring, until: {_SOON}, owner: PKI Team, evidence: INC-1", roots)
    for one, other in (("old", "new"), (str(old), str(new)), ("old/manifest.json", str(new))):
        done = world.run("diff", one, other)
        assert (done.code, "~ CN=Acme Root (" in done.out) == (1, True), done.out
        assert ": active before, retiring now" in done.out
    (found,) = json.loads((world.folder / "new" / "manifest.json").read_text())["certificates"]
    assert {key: found[key] for key in ("state", "until", "owner", "evidence")} == {
        "state": "retiring", "until": _SOON, "owner": "PKI Team", "evidence": "INC-1",
    }  # fmt: skip
    manifest = world.folder / "new" / "manifest.json"
    (entry,) = json.loads(manifest.read_text())["artifacts"]
    manifest.write_text(manifest.read_text().replace(entry["sha256"], "0" * 64))
    assert world.run("diff", str(old), str(new)).code == 0


def test_check_counts_planned_removals(configured: World, roots: bytes) -> None:
    """Of the configuration and of what was built by it, with who answers for them."""
    _released(configured, "dist", f"state: retiring, until: {_SOON}, owner: PKI Team, evidence: INC-1", roots)
    for thing in ((), ("dist",)):
        done = configured.run("check", *thing, "--json", "--within", "30d")
        value = json.loads(done.out)
        (found,) = value["certificates"]
        assert (done.code, value["due"], value["removals"], found["owner"]) == (1, 1, 1, "PKI Team")
        assert (found["until"], found["evidence"], found["removal_due"]) == (_SOON, "INC-1", True)
    assert configured.run("check", "--within", "8d").code == 0
    assert "is to be removed on" in configured.run("check", "--within", "9d").out
