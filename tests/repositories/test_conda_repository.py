"""conda on a site: py-rattler, which pixi is made of, installs, upgrades and removes from the channel.

test_conda_environment.py asks more of what an environment's programs then trust.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from builder.prove.server import serve
from tests import releases
from tests.repositories.environments import Environment
from tests.repositories.sites import SLUG, Release
from tests.tools import NO_HOME, require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from builder.prove.authority import Authority
    from tests.repositories.sites import Site

_NAME = "acme-ca-certs"


@dataclass(frozen=True)
class Packages:
    """Two releases of Acme's conda package alone."""

    first: Release
    second: Release
    stranger: Authority


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    now = dt.datetime.now(dt.UTC)
    made = {name: authority.create(f"Acme {name}", now=now) for name in ("kept", "old", "new", "stranger")}
    stranger = made.pop("stranger")
    old, new = made.pop("old"), made.pop("new")
    return Packages(
        _release(tmp_path_factory.mktemp("first"), "2026.10", {**made, "old": old}),
        _release(tmp_path_factory.mktemp("second"), "2026.11", {**made, "new": new}),
        stranger,
    )


def _release(folder: Path, version: str, authorities: Mapping[str, Authority]) -> Release:
    file = releases.build(folder, SLUG, [*authorities.values()], target="conda", release=version)[-1]
    return Release(file.parent, version, authorities)


def _accepts(environment: Environment, one: Authority) -> bool:
    """Tell whether Debian's OpenSSL, with the environment's folder, accepts a leaf of a CA."""
    leaf = authority.issue(one, ["localhost"], now=dt.datetime.now(dt.UTC))
    with serve(leaf) as port:
        words = ["s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost"]
        strict = ["-verify_hostname", "localhost", "-verify_return_error"]
        where = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": str(environment.prefix / "ssl/certs")}
        done = subprocess.run(
            [require("openssl"), *words, *strict],
            env={"PATH": os.defpath, "HOME": NO_HOME, **where},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
    return done.returncode == 0


def test_an_environment_follows_the_channel(
    open_site: Callable[..., Site], packages: Packages, tmp_path: Path
) -> None:
    """Installed, upgraded and removed: what a stand-in for its OpenSSL accepts changes with it."""
    site = open_site(packages.first)
    environment = Environment(tmp_path, (f"{site.url}/conda",))
    kept, old = packages.first.authorities["kept"], packages.first.authorities["old"]
    new = packages.second.authorities["new"]
    asked = (kept, old, new, packages.stranger)
    seen = []
    for step in ((_NAME,), "add", (f"{_NAME}=2026.10",), (_NAME,), ()):
        if step == "add":
            site.add(packages.second)
            continue
        done = environment.hold(*step)
        assert done.returncode == 0, done.stderr
        seen.append([_accepts(environment, one) for one in asked])
    first, second, nothing = [True, True, False, False], [True, False, True, False], [False] * 4
    assert seen == [first, first, second, nothing]
    assert environment.files() == {}


def test_a_withdrawn_release_is_not_installed(
    open_site: Callable[..., Site], packages: Packages, tmp_path: Path
) -> None:
    """Not even by its number."""
    site = open_site(packages.first)
    site.add(packages.second)
    site.retire(packages.first)
    environment = Environment(tmp_path, (f"{site.url}/conda",))
    assert environment.hold(f"{_NAME}=2026.10").returncode != 0
    assert environment.hold(_NAME).returncode == 0
    index = json.loads(site.snapshot()["conda/noarch/repodata.json"])
    assert (index["removed"], [*index["packages.conda"]]) == (
        [f"{_NAME}-2026.10-0.conda"],
        [f"{_NAME}-2026.11-0.conda"],
    )


def test_a_forged_package_is_refused(
    open_site: Callable[..., Site], packages: Packages, tmp_path: Path
) -> None:
    """Its bytes are not what the channel's index says."""
    site = open_site(packages.first)
    site.overwrite(site.path("conda", packages.first), packages.second.file("conda").read_bytes())
    done = Environment(tmp_path, (f"{site.url}/conda",)).hold(_NAME)
    assert (done.returncode != 0, "hash mismatch" in done.stderr) == (True, True), done.stderr


def test_every_platform_has_an_index(open_site: Callable[..., Site], packages: Packages) -> None:
    """Clients ask for their own, and take nothing from noarch where it is missing."""
    files = open_site(packages.first).snapshot()
    found = {path.split("/")[1] for path in files if path.startswith("conda/") and path.endswith(".json")}
    assert found >= {"noarch", "linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64"}
