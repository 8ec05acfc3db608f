"""The ground on which `trustpack prove` tries system packages, with the trial itself."""

import shutil
from pathlib import Path

import pytest

from builder.errors import ToolError
from builder.prove import authority, trial
from builder.prove.grounds import system
from builder.prove.trial import Plan, Question, Status
from tests.roots import root
from tests.trust.world import HOST, World, build

_ASKED = frozenset({"git", "openssl", "urllib"})


def _question(name: str, world: World, *accepted: str) -> Question:
    issuer: authority.Authority = getattr(world, name)
    return Question(name, authority.issue(issuer, [HOST], now=world.now), frozenset(accepted))


@pytest.mark.parametrize("suite", ["bookworm"])
def test_a_trial_on_a_debian_system_proves_every_client(world: World, tmp_path: Path, suite: str) -> None:
    """Every client asked refuses, accepts, follows the upgrade, and refuses again once it is removed."""
    plan = Plan(
        target="deb",
        first=build(tmp_path, "acme", [world.kept, world.old], "1", target="deb"),
        second=build(tmp_path, "acme", [world.kept, world.new], "2", target="deb"),
        questions=(
            Question(
                "kept",
                authority.issue(world.kept, [HOST], now=world.now),
                frozenset({"installed", "upgraded"}),
            ),
            Question("old", authority.issue(world.old, [HOST], now=world.now), frozenset({"installed"})),
            Question("new", authority.issue(world.new, [HOST], now=world.now), frozenset({"upgraded"})),
            Question("stranger", authority.issue(world.beta, [HOST], now=world.now)),
        ),
    )
    with system.open_ground(
        target="deb",
        name="acme-ca-certs",
        settings={},
        root=root(suite),
        folder=tmp_path,
        offline=True,
        only=_ASKED,
    ) as ground:
        assert ground.stand_in == ""
        assert all(client.version for client in ground.clients())
        cells = trial.run(plan, ground, _ASKED)
    assert dict.fromkeys(_ASKED, (Status.PROVEN, ())) == {
        cell.client: (cell.status, cell.faults) for cell in cells
    }


def test_a_client_that_is_not_there_is_named_with_its_reason(tmp_path: Path) -> None:
    """What cannot be asked is reported, not passed over: here Alpine's shell is all there is of a system."""
    bare = tmp_path / "system"
    for folder in ("bin", "etc", "proc", "dev", "root", "opt", "usr/bin"):
        (bare / folder).mkdir(parents=True)
    shutil.copy(root("trixie") / "usr/bin/busybox", bare / "bin/busybox")
    for applet in ("sh", "cat", "chmod", "dirname", "mkdir", "rm", "env"):
        (bare / "bin" / applet).symlink_to("busybox")
    (bare / "bin/apk").symlink_to("busybox")
    with system.open_ground(
        target="apk",
        name="x",
        settings={},
        root=bare,
        folder=tmp_path,
        offline=True,
        only=frozenset({"curl", "ruby"}),
    ) as ground:
        assert ground.absent() == ["curl: the system has no curl", "ruby: the system has no ruby"]


def test_without_a_system_the_target_is_absent_with_a_hint(tmp_path: Path) -> None:
    """No --root is not a failure of the package: the error says how to make a system."""
    with (
        pytest.raises(ToolError) as caught,
        system.open_ground(
            target="deb", name="x", settings={}, root=None, folder=tmp_path, offline=True, only=frozenset()
        ),
    ):
        pass
    assert "--root" in caught.value.hint


def test_a_system_without_the_package_manager_says_what_was_looked_for(tmp_path: Path) -> None:
    """A Debian system proves no .apk."""
    with (
        pytest.raises(ToolError, match="has no package manager for apk"),
        system.open_ground(
            target="apk",
            name="x",
            settings={},
            root=root("bookworm"),
            folder=tmp_path,
            offline=True,
            only=frozenset({"curl"}),
        ),
    ):
        pass
