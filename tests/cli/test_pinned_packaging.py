"""A version never names other bytes: with a lock and an empty dist/, as every CI job has them, too."""

import json

import pytest

from tests.cli.conftest import World

CONFIG = "organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\ntargets: [npm]\n"
OTHER = CONFIG.replace("slug: acme", "slug: acme, contact: Somebody Else <else@acme.example>")


@pytest.fixture
def locked(world: World) -> World:
    """Return a folder that a CI job may have checked out: a configuration, a bundle and a lock."""
    world.write("trustpack.yaml", CONFIG)
    assert world.run("lock").code == 0
    return world


def test_other_packaging_is_told_and_needs_a_bump(locked: World) -> None:
    """Every command that looks at the lock says what has changed, and none writes anything before."""
    world = locked
    text = (world.folder / "trustpack.lock").read_text()
    release = text.partition('release: "')[2][:8]
    world.write("trustpack.yaml", OTHER)
    needs = f"release {release} needs a new one, which 'trustpack lock --bump' makes; nothing was written"
    checked = world.run("lock", "--check")
    assert (checked.code, checked.out.splitlines()) == (
        1,
        ["~ how packages are made: organisation", f"trustpack.lock: {needs}"],
    )
    said = (
        f"error: trustpack.lock: packages would be made otherwise than those of release {release}: "
        "organisation changed\n"
    )
    for command in ("lock", "build"):
        done = world.run(command)
        assert (done.code, done.err.startswith(said), "--bump" in done.err) == (11, True, True)
    planned = world.run("plan")
    assert planned.out.splitlines()[:2] == [
        f"release {release}.1, after {release}",
        "~ how packages are made: organisation",
    ]
    assert json.loads(world.run("lock", "--check", "--json").out)["packaging"] == ["organisation"]
    assert ((world.folder / "trustpack.lock").read_text(), world.files()) == (text, [])
    assert world.run("lock", "--bump").code == 0
    assert world.run("lock", "--check").code == 0
    assert world.run("build").code == 0
    assert f"acme-ca-1.{release}.1.tgz" in world.files()


def test_a_configured_release_does_not_hide_what_has_changed(world: World) -> None:
    """It is out already, and whoever bumps is told which line stands in the way."""
    world.write("trustpack.yaml", CONFIG + "release: 2026.10\n")
    assert world.run("lock").code == 0
    world.write("trustpack.yaml", OTHER + "release: 2026.10\n")
    assert world.run("lock", "--check").code == 1
    for command in ("lock", "build", "plan"):
        assert "release 2026.10: organisation changed" in world.run(command).err
    done = world.run("lock", "--bump")
    assert (done.code, done.err.splitlines()) == (
        6,
        [
            "error: release 2026.10: is out already",
            "hint: clients would never fetch it: raise it in trustpack.yaml:4, or take that line out",
        ],
    )


def test_a_lock_of_the_first_schema_pins_from_its_next_write_on(locked: World) -> None:
    """Without a release, and without an error before: nothing is known to differ."""
    world = locked
    lines = (world.folder / "trustpack.lock").read_text().replace("schema: 2", "schema: 1").splitlines()
    start, end = lines.index("packaging:"), lines.index("certificates:")
    old = [*lines[:start], *lines[end:]]
    world.write("trustpack.lock", "".join(f"{line}\n" for line in old if "packaging:" not in line))
    world.write("trustpack.yaml", OTHER)
    assert world.run("lock", "--check").code == 0
    assert world.run("build").code == 0
    assert world.run("lock").code == 0
    text = (world.folder / "trustpack.lock").read_text()
    assert ("schema: 2\n" in text, text.count("release: ")) == (True, 1)
    world.write("trustpack.yaml", CONFIG)
    assert world.run("lock", "--check").code == 1


def test_a_release_of_the_option_must_be_the_configured_one(world: World) -> None:
    """The error names the line, in place of two hints in a circle."""
    world.write("trustpack.yaml", CONFIG + "release: 2026.10\n")
    assert world.run("lock", "--release", "2026.10").code == 0
    done = world.run("lock", "--release", "2026.11")
    assert (done.code, done.err.splitlines()) == (
        6,
        [
            "error: trustpack.yaml:4: release is 2026.10 here, not 2026.11",
            "hint: change this line, or take it out and give --release: a build goes by what stands here",
        ],
    )
    world.write("trustpack.yaml", CONFIG + "release: 2026.9\n")
    done = world.run("build")
    assert (done.code, done.err.splitlines()) == (
        11,
        [
            "error: trustpack.yaml:4: release is 2026.9 here, and 2026.10 in trustpack.lock",
            "hint: take this line out: the lock's is higher",
        ],
    )


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("names: {nosuch: acme-x}", "names.nosuch: there is no such target"),
        ("names: {npm: Acme!}", "names.npm: 'Acme!' is not a name that npm packages can have"),
        ("names: {npm: left-pad}", "names.npm: 'left-pad' does not contain 'acme'"),
        ("settings: {npm: {a: b}}", "settings.npm.a: there is no such setting"),
        ("settings: {wheel: {activation: x}}", "settings.wheel.activation: 'x' is not one of auto, explicit"),
    ],
)
def test_what_no_build_could_make_is_not_pinned(world: World, choice: str, said: str) -> None:
    """A lock that a build then refuses would have been reviewed and committed for nothing."""
    world.write("trustpack.yaml", f"{CONFIG}{choice}\n")
    done = world.run("lock")
    assert (done.code, done.err.splitlines()[0]) == (3, f"error: trustpack.yaml:4: {said}")
    assert not (world.folder / "trustpack.lock").exists()


@pytest.mark.parametrize("name", ["more.txt", "__pycache__/more.txt", ".hidden/__pycache__/more.txt"])
def test_whatever_a_template_may_name_is_pinned(world: World, name: str) -> None:
    """Also where Python keeps what nobody looks at."""
    world.write("trustpack.yaml", CONFIG)
    assert world.run("recipes", "export", "npm").code == 0
    more = world.folder / "templates" / "npm" / name
    more.parent.mkdir(parents=True, exist_ok=True)
    more.write_text("one")
    assert world.run("lock").code == 0
    more.write_text("two")
    assert world.run("lock", "--check").code == 1
