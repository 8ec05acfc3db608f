"""The npm package, the gem, the image and the formula, each through a whole trial in its own testbed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from builder.formats.formula import beside
from builder.prove.clients import Programs
from builder.prove.testbeds import conda, maven
from builder.prove.trial import Status
from tests.prove import stage
from tests.repositories.environments import RATTLER
from tests.tools import require
from tests.trust.world import World, build, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.prove.testbed import Testbed  # which pytest would take for a class of tests


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_world(Programs()) as opened:
        yield opened


class _Forgetful:
    """A testbed in which nothing is ever removed."""

    def __init__(self, testbed: Testbed) -> None:
        self._testbed = testbed

    def __getattr__(self, name: str) -> object:
        return getattr(self._testbed, name)

    def remove(self) -> None:
        """Leave everything as it is."""


def test_the_npm_package_is_proven_in_a_fresh_project(world: World, tmp_path: Path) -> None:
    """Refused, accepted, as the new release says, refused: by flag, by NODE_OPTIONS and by variable."""
    require("npm")
    with stage.opened(tmp_path, target="npm") as testbed:
        cells = stage.hold(testbed, world, tmp_path, target="npm")
    asked = {name: (cell.note, cell.faults) for name, cell in cells.items() if name.startswith("node ")}
    reached = {f"node {client}": ("with --import", ()) for client in ("https", "http2", "tls", "fetch")}
    libraries = ("undici", "axios", "ws", "@grpc/grpc-js")
    fetched = {f"node {library}": ("", ()) for library in libraries}  # offline: absent
    others = {
        "node https env": ("with environment", ()),
        "node NODE_OPTIONS": ("with NODE_OPTIONS", ()),
    }
    assert asked == {**reached, **others, **fetched}
    statuses = {name: cells[name].status for name in asked}
    assert statuses == dict.fromkeys({**reached, **others}, Status.PROVEN) | dict.fromkeys(
        fetched, Status.ABSENT
    )


def test_the_gem_is_proven_in_a_fresh_home(world: World, tmp_path: Path) -> None:
    """Refused, accepted, as the new release says, refused: by `require`, and by a Gemfile."""
    only = frozenset({"typhoeus", "bundler"})
    require("ruby")
    with stage.opened(tmp_path, target="gem") as testbed:
        cells = stage.hold(testbed, world, tmp_path, target="gem", only=only)
    assert {name: (cell.note, cell.status, cell.faults) for name, cell in cells.items()} == {
        "typhoeus": ("with require", Status.PROVEN, ()),
        "bundler": ("with a Gemfile", Status.PROVEN, ()),
    }


def test_the_image_is_proven_beside_this_machines_roots(world: World, tmp_path: Path) -> None:
    """Refused, accepted, as the new release says, refused: unpacked by skopeo and umoci, by SSL_CERT_DIR."""
    only = frozenset({"curl", "openssl", "urllib"})
    for program in ("skopeo", "umoci", "curl"):
        require(program)
    with stage.opened(tmp_path, target="oci", only=only) as testbed:
        cells = stage.hold(testbed, world, tmp_path, target="oci", only=only)
    assert {name: (cell.note, cell.status, cell.faults) for name, cell in cells.items()} == dict.fromkeys(
        sorted(only), ("with SSL_CERT_DIR", Status.PROVEN, ())
    )


def test_the_jar_is_proven_as_an_agent(world: World, tmp_path: Path) -> None:
    """Refused, accepted, as the new release says, refused; offline, what must be fetched is absent."""
    require("java")
    only = frozenset({"HttpsURLConnection", "java.net.http", "OkHttp"})
    with stage.opened(tmp_path, target="maven") as testbed:
        cells = stage.hold(testbed, world, tmp_path, target="maven", only=only)
    assert {name: (cell.note, cell.status, cell.faults) for name, cell in cells.items()} == {
        "HttpsURLConnection": ("with -javaagent", Status.PROVEN, ()),
        "java.net.http": ("with -javaagent", Status.PROVEN, ()),
        "OkHttp": ("", Status.ABSENT, ()),
    }
    assert cells["OkHttp"].reason == "nothing is fetched offline"


@pytest.mark.long
def test_the_jar_is_proven_with_libraries(world: World, tmp_path: Path) -> None:
    """Every library that Maven Central has for it follows the JVM's default trust."""
    require("java")
    require("mvn")
    with stage.opened(tmp_path, target="maven", offline=False) as testbed:
        cells = stage.hold(testbed, world, tmp_path, target="maven")
    assert {name: (cell.status, cell.faults) for name, cell in cells.items()} == dict.fromkeys(
        maven.NAMES, (Status.PROVEN, ())
    )


def test_the_go_module_is_proven_in_a_program_of_its_own(world: World, tmp_path: Path) -> None:
    """Refused, accepted, as the new release says, refused: by either import; gRPC is absent offline."""
    require("go")
    with stage.opened(tmp_path, target="go") as testbed:
        cells = stage.hold(testbed, world, tmp_path, target="go")
    assert {name: (cell.note, cell.status, cell.faults) for name, cell in cells.items()} == {
        "http.Get": ("with import of trust", Status.PROVEN, ()),
        "Transport.Clone": ("with import of trust", Status.PROVEN, ()),
        "http.Transport": ("with import of trust/everywhere", Status.PROVEN, ()),
        "tls.Dial": ("with import of trust/everywhere", Status.PROVEN, ()),
        "grpc-go": ("", Status.ABSENT, ()),
    }


def test_the_conda_package_is_tried_but_not_proven(world: World, tmp_path: Path) -> None:
    """In an environment of py-rattler's all is as promised, by an OpenSSL that is none of conda's."""
    require("openssl")
    with stage.opened(tmp_path, target="conda", offline=False) as testbed:
        cells = stage.hold(testbed, world, tmp_path, target="conda")
    assert {name: (cell.status, cell.faults) for name, cell in cells.items()} == dict.fromkeys(
        ("openssl", "urllib"), (Status.STAND_IN, ())
    )
    assert {cell.stand_in for cell in cells.values()} == {
        "this machine's OpenSSL in the place of the environment's"
    }


def test_conda_environments_are_made_by_the_version_that_tests_pin() -> None:
    """The probe calls its functions as that version has them; nothing is fetched offline."""
    assert f"{conda.RATTLER} \\\n" in RATTLER.read_text("utf-8")
    assert conda.fetched(frozenset()) == (conda.RATTLER,)


@pytest.mark.long
def test_the_go_module_is_proven_for_grpc(world: World, tmp_path: Path) -> None:
    """Which is fetched, in the versions whose sums are in go.sum."""
    require("go")
    with stage.opened(tmp_path, target="go", offline=False) as testbed:
        cells = stage.hold(testbed, world, tmp_path, target="go")
    assert (cells["grpc-go"].status, cells["grpc-go"].faults) == (Status.PROVEN, ())


def test_the_formula_is_tried_but_not_proven(world: World, tmp_path: Path) -> None:
    """In a double of Homebrew everything is as promised, which is worth a status of its own."""
    require("ruby")
    with stage.opened(tmp_path, target="homebrew") as testbed:
        cells = stage.hold(testbed, world, tmp_path, target="homebrew")
    assert {name: (cell.status, cell.faults) for name, cell in cells.items()} == dict.fromkeys(
        ("openssl", "curl", "urllib"), (Status.STAND_IN, ())
    )
    assert {cell.stand_in.partition(",")[0] for cell in cells.values()} == {"a double of Homebrew"}


def test_a_formula_is_tried_with_the_archives_beside_it(world: World, tmp_path: Path) -> None:
    """Where the organisation has a site, nobody asks it: the release under proof is not there yet."""
    artifact = build(tmp_path, "acme", [world.kept], "1", target="homebrew")
    formula = next(artifact.parent.glob("*.rb")).read_text("utf-8")
    published = formula.replace("file://#{__dir__}", "https://pki.acme.example/brew")
    assert published.count("https://pki.acme.example/brew") == 2
    assert beside(published) == formula


def test_a_package_that_stays_behind_fails_its_clients(world: World, tmp_path: Path) -> None:
    """Where removing leaves something behind, the trial sees it, and by both its ways."""
    require("ruby")
    only = frozenset({"openssl"})
    with stage.opened(tmp_path, target="homebrew") as testbed:
        forgetful = cast("Testbed", _Forgetful(testbed))
        cell = stage.hold(forgetful, world, tmp_path, target="homebrew", only=only)["openssl"]
    assert cell.status is Status.FAILED
    assert [fault.partition(": ")[0] for fault in cell.faults] == ["removed, kept", "removed, new", "removed"]
