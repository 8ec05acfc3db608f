"""conda on a site: py-rattler, which pixi is made of, installs, upgrades and removes from the channel.

No OpenSSL of conda is to be had here. Debian's, pointed at the environment's folder, stands in for it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from builder.prove.server import serve
from tests import releases
from tests.pinned import pinned_folder
from tests.repositories.sites import SLUG, Release
from tests.tools import NO_HOME, require

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.prove.authority import Authority
    from tests.repositories.sites import Site

_HERE = Path(__file__).parent
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


@dataclass(frozen=True)
class Environment:
    """A conda environment in a folder, and the channel that it is made of."""

    folder: Path
    channel: str

    def hold(self, *specs: str) -> subprocess.CompletedProcess[str]:
        """Let it hold what satisfies these specs, and nothing else."""
        script = str(_HERE / "rattler" / "environment.py")
        words = [str(self.folder / "prefix"), str(self.folder / "cache"), self.channel, *specs]
        path = {"PYTHONPATH": str(pinned_folder("py-rattler", _HERE / "py-rattler.txt"))}
        return subprocess.run(
            [sys.executable, script, *words],
            env={"PATH": os.defpath, "HOME": str(self.folder), **path},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def files(self) -> set[str]:
        """Return the environment's files, but for what its own tools note."""
        prefix = self.folder / "prefix"
        paths = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}
        return {path for path in paths if not path.startswith(("conda-meta/", "CACHEDIR"))}

    def accepts(self, one: Authority, *, name: str = "localhost") -> bool:
        """Tell whether Debian's OpenSSL, with the environment's folder, accepts a leaf of a CA."""
        leaf = authority.issue(one, [name], now=dt.datetime.now(dt.UTC))
        with serve(leaf) as port:
            words = ["s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost"]
            strict = ["-verify_hostname", "localhost", "-verify_return_error"]
            done = subprocess.run(
                [require("openssl"), *words, *strict],
                env={
                    "PATH": os.defpath,
                    "HOME": NO_HOME,
                    "SSL_CERT_FILE": os.devnull,
                    "SSL_CERT_DIR": str(self.folder / "prefix/ssl/certs"),
                },
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
    environment = Environment(tmp_path, f"{site.url}/conda")
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
        seen.append([environment.accepts(one) for one in asked])
    first, second, nothing = [True, True, False, False], [True, False, True, False], [False] * 4
    assert seen == [first, first, second, nothing]
    assert environment.files() == set()


def test_a_wrong_name_is_refused(open_site: Callable[..., Site], packages: Packages, tmp_path: Path) -> None:
    """A leaf of the CA for another server."""
    environment = Environment(tmp_path, f"{open_site(packages.first).url}/conda")
    assert environment.hold(_NAME).returncode == 0
    assert not environment.accepts(packages.first.authorities["kept"], name="other.example")


def test_a_withdrawn_release_is_not_installed(
    open_site: Callable[..., Site], packages: Packages, tmp_path: Path
) -> None:
    """Not even by its number."""
    site = open_site(packages.first)
    site.add(packages.second)
    site.retire(packages.first)
    environment = Environment(tmp_path, f"{site.url}/conda")
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
    done = Environment(tmp_path, f"{site.url}/conda").hold(_NAME)
    assert (done.returncode != 0, "hash mismatch" in done.stderr) == (True, True), done.stderr


def test_every_platform_has_an_index(open_site: Callable[..., Site], packages: Packages) -> None:
    """Clients ask for their own, and take nothing from noarch where it is missing."""
    files = open_site(packages.first).snapshot()
    found = {path.split("/")[1] for path in files if path.startswith("conda/") and path.endswith(".json")}
    assert found >= {"noarch", "linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64"}
