"""The wheel in Debian's PyPy, whose ssl is another one below the same names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.runtime.wheel.sides import check_servers, check_sides
from tests.runtime.wheel.world import STRANGER, TRUSTED, Environment, environment, trusts
from tests.tools import require

if TYPE_CHECKING:
    from builder.prove.authority import Leaf
    from tests.runtime.wheel.conftest import Authorities, Wheels


@pytest.fixture
def pypy(tmp_path: Path) -> Environment:
    """Make an environment of PyPy's, without the wheel."""
    return environment(tmp_path / "venv", python=Path(require("pypy3")))


def test_pypy_trusts_as_long_as_it_is_installed(
    pypy: Environment, wheels: Wheels, urls: dict[str, str]
) -> None:
    """It refuses the server, accepts it after the installation, and refuses it after the removal."""
    assert trusts(pypy, urls["good"]) == STRANGER
    pypy.uv("install", "--no-index", wheels.acme)
    assert {name: trusts(pypy, urls[name]) for name in ("good", "unrelated")} == {
        "good": TRUSTED,
        "unrelated": STRANGER,
    }
    found = json.loads(pypy.run("-m", "acme_certifi", "doctor", "--json").stdout)
    assert (found["runtime"]["name"], found["active"], found["problems"]) == ("pypy", True, [])
    pypy.uv("uninstall", "acme-certifi")
    assert trusts(pypy, urls["good"]) == STRANGER


def test_pypys_servers_accept_no_client(
    pypy: Environment, wheels: Wheels, authorities: Authorities, leaves: dict[str, Leaf], tmp_path: Path
) -> None:
    """A context trusts as a client's and not as a server's, however a connection is made."""
    pypy.uv("install", "--no-index", wheels.acme)
    check_sides(pypy, authorities.acme, leaves["good"], tmp_path / "ca.pem")
    check_servers(pypy, authorities.acme, leaves["good"])
