"""The packages of browsers, each through a whole trial, in a copy of this machine with Debian's Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.errors import ToolError
from builder.prove.clients import Programs
from builder.prove.sandbox import open_sandbox
from builder.prove.testbeds.browsers import NAMES, settle
from builder.prove.testbeds.system import STAND_IN
from builder.prove.trial import Status
from tests import targets
from tests.prove import stage
from tests.roots import root
from tests.tools import require, require_mounts
from tests.trust import distributions
from tests.trust.world import World, open_world

_ONLY = frozenset({"chromium"})


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_world(Programs()) as opened:
        yield opened


@pytest.mark.long
def test_the_deb_is_proven_in_a_copy_of_this_machine(world: World, tmp_path: Path) -> None:
    """Refused, accepted, as the new release says, refused; the machine's own policies stay as they were."""
    require("chromium")
    require_mounts()
    with stage.opened(tmp_path, target="browsers-deb", only=_ONLY) as testbed:
        assert testbed.absent() == ["chrome: it is not installed", "edge: it is not installed"]
        cells = stage.hold(testbed, world, tmp_path, target="browsers-deb", only=_ONLY)
    assert {name: (cell.status, cell.faults) for name, cell in cells.items()} == {
        "chromium": (Status.PROVEN, ())
    }
    assert cells["chromium"].version
    assert not any(Path("/etc").glob("*/policies/managed/acme-ca-browsers.json"))


@pytest.mark.long
def test_on_a_stand_in_the_rpm_is_tried_but_not_proven(world: World, tmp_path: Path) -> None:
    """By rpm in a copy of this machine, whose Chromium is Debian's: as promised, in a double of Fedora."""
    require("chromium")
    require("rpm")
    require_mounts()
    said = "Debian's Chromium, and rpm beside dpkg"
    chosen = targets.ALL["browsers-rpm"]
    with open_sandbox(Path("/")) as sandbox:
        sandbox.copy_in(
            "/root/ca-certificates.rpm", distributions.double_of(distributions.RPM, distributions.FEDORA)
        )
        sandbox.run(["rpm", "--install", "--nodeps", "--justdb", "/root/ca-certificates.rpm"])
        sandbox.copy_in(STAND_IN, said.encode())
        testbed = settle(sandbox, chosen.recipe, name=chosen.package(), only=_ONLY)
        cells = stage.hold(testbed, world, tmp_path, target="browsers-rpm", only=_ONLY)
    assert {name: (cell.status, cell.stand_in, cell.faults) for name, cell in cells.items()} == {
        "chromium": (Status.STAND_IN, said, ())
    }


def test_a_system_without_a_browser_says_so(tmp_path: Path) -> None:
    """Its clients are absent, and none is asked."""
    with stage.opened(tmp_path, target="browsers-deb", root=root("bookworm")) as testbed:
        assert testbed.clients() == ()
        assert testbed.absent() == [f"{name}: it is not installed" for name in NAMES]


def test_a_system_of_another_kind_is_said_to_be_one(tmp_path: Path) -> None:
    """Debian with rpm on it is no Fedora."""
    opened = stage.opened(tmp_path, target="browsers-rpm", root=root("trixie"))
    with pytest.raises(ToolError, match="has no ca-certificates that the browsers-rpm package"), opened:
        pass
