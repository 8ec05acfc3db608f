"""The system packages, each through a whole trial in a copy of an unpacked system, or in its stand-in."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from builder.errors import ToolError
from builder.prove import authority, clients, trial
from builder.prove.clients import Programs
from builder.prove.command import server_at
from builder.prove.sandbox import Sandbox, open_sandbox
from builder.prove.testbeds.system import System, settle
from builder.prove.trial import Status, TrialSetup
from tests import targets
from tests.prove import stage
from tests.roots import root
from tests.tools import require, require_mounts
from tests.trust import alpine, distributions
from tests.trust.prepared import Preparations
from tests.trust.world import World, build, open_world

_DOUBLE = Path(__file__).parent / "apk-double"
_ASKED = frozenset({"curl", "openssl", "urllib"})


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_world(Programs()) as opened:
        yield opened


def _prove(
    sandbox: Sandbox, world: World, out: Path, *, target: str
) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Hold a trial in a sandbox that is a double; return each cell's status, double and faults."""
    chosen = targets.ALL[target]
    testbed = settle(sandbox, chosen.recipe, name=chosen.package(), programs=Programs(), only=_ASKED)
    cells = stage.hold(testbed, world, out, target=target, only=_ASKED)
    return {name: (cell.status, cell.stand_in, cell.faults) for name, cell in cells.items()}


def test_the_deb_is_proven_in_an_unpacked_system(world: World, tmp_path: Path) -> None:
    """Refused, accepted, as the new release says, refused; what was not asked for is not in the matrix."""
    only = frozenset({"curl", "node"})
    with stage.opened(tmp_path, target="deb", root=root("bookworm"), only=only) as testbed:
        cells = stage.hold(testbed, world, tmp_path, target="deb", only=only)
    assert {name: (cell.note, cell.status, cell.faults) for name, cell in cells.items()} == {
        "curl": ("", Status.PROVEN, ()),
        "node": ("", Status.PROVEN, ()),
    }
    assert cells["curl"].version.startswith("7.88")


def test_the_deb_is_proven_in_a_copy_of_this_machine(world: World, tmp_path: Path) -> None:
    """Without a root, the machine's own system is copied; the machine itself stays as it was."""
    require("dpkg")
    only = frozenset({"curl"})
    with stage.opened(tmp_path, target="deb", only=only) as testbed:
        cells = stage.hold(testbed, world, tmp_path, target="deb", only=only)
    assert {name: (cell.status, cell.faults) for name, cell in cells.items()} == {"curl": (Status.PROVEN, ())}
    assert not Path("/usr/share/acme-ca-certs").exists()


@pytest.mark.parametrize(("manager", "distribution"), distributions.STANDINS)
def test_on_a_stand_in_a_package_is_tried_but_not_proven(
    manager: distributions.Manager, distribution: distributions.Distribution, world: World, tmp_path: Path
) -> None:
    """In a double of Fedora, openSUSE or Arch all is as promised, which is worth a status of its own."""
    with distributions.open_system(Preparations(), manager, distribution, world, {}) as system:
        if "zypper" in manager.install:
            system.sandbox.run(["rm", "/usr/bin/dnf"])
        found = _prove(system.sandbox, world, tmp_path, target=manager.family.target)
    assert found == dict.fromkeys(_ASKED, (Status.STAND_IN, distribution.stand_in, ()))


def test_the_apk_is_tried_but_not_proven(world: World, tmp_path: Path) -> None:
    """In a double of Alpine, apk included, all is as promised, which is worth a status of its own."""
    with alpine.open_system(Preparations(), world) as system:
        system.sandbox.copy_in("/usr/bin/apk", _DOUBLE.read_bytes(), mode=0o755)
        found = _prove(system.sandbox, world, tmp_path, target="apk")
    assert found == dict.fromkeys(_ASKED, (Status.STAND_IN, alpine.NOTE, ()))


_NOT_DEBIANS = [name for name, one in targets.ALL.items() if one.recipe.manager not in {"", "apt"}]


@pytest.mark.parametrize("target", _NOT_DEBIANS)
def test_a_system_of_another_kind_is_said_to_be_one(target: str, tmp_path: Path) -> None:
    """Debian with the rpm tools on it is no Fedora: the target is absent, because of that."""
    sandbox = stage.opened(tmp_path, target=target, root=root("trixie"), only=_ASKED)
    with pytest.raises(ToolError, match=rf"has no ca-certificates that the {target} package"), sandbox:
        pass


def test_root_finds_its_own_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where PATH has no sbin, as in cron's jobs and after `su`: chroot lies there on Debian."""
    require_mounts()
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with open_sandbox(root("bookworm")) as sandbox:
        assert sandbox.run(["cat", "/etc/hosts"]).out.startswith("127.0.0.1 ")


def test_a_server_of_another_kind_is_enough(world: World, tmp_path: Path) -> None:
    """At the default port, with errors for answers: every client of a system judges its certificate alone."""
    leaf = authority.issue(world.kept, ["proof.example"], now=world.now)
    package = build(tmp_path, "acme", [world.kept], "1", target="deb")
    plan = TrialSetup("deb", package, None, (server_at("https://proof.example"),))
    with (
        stage.somebody(leaf, "127.83.4.3", 443),
        stage.opened(tmp_path, target="deb", root=root("bookworm")) as testbed,
    ):
        cast("System", testbed).sandbox.copy_in("/etc/hosts", b"127.83.4.3 proof.example\n")
        cells = {cell.client: (cell.status, cell.faults) for cell in trial.run(plan, testbed)}
    assert cells == dict.fromkeys((client.name for client in clients.CLIENTS), (Status.PROVEN, ()))
