"""A release goes to real registries, and real clients install it from there by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.publish import registries
from tests.publish.conftest import BIN, Project
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.registries import Running


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    """Run a client with an empty environment, and return what it prints."""
    environment = {"PATH": f"{BIN}:{os.defpath}", "HOME": str(folder), "LANG": "C.UTF-8", **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def with_only(program: str, folder: Path) -> str:
    """Return a PATH on which the one client of PyPI is."""
    folder.mkdir()
    (folder / program).symlink_to(BIN / program)
    return f"{folder}:{os.defpath}"


@pytest.mark.parametrize("client", ["uv", "twine"])
@pytest.mark.parametrize("server", ["pypiserver", "devpi"])
def test_a_wheel_is_published_and_installed_by_name(
    project: Project, other: Project, tmp_path: Path, server: str, client: str
) -> None:
    """By either client, to either index: twice is once, and other bytes are refused."""
    programs = with_only(client, tmp_path / "bin")
    with getattr(registries, server)(tmp_path / "server") as running:
        for one in (project, other):
            one.take(running)
            object.__setattr__(one, "programs", programs)
            one.build("wheel")
        assert [{"pypi": "sent"}, {"pypi": "there"}] == [project.outcomes("--to", "pypi") for _ in range(2)]
        said, hint = other.error("--to", "pypi")
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "--no-cache-dir",
        ]
        run(*command, "-i", running.index, "--target", "there", "acme-certifi", folder=tmp_path)
    assert "is not our acme_certifi-1.2026.10-py3-none-any.whl: it has SHA-256" in said
    assert "acme_certifi/roots.pem changed" in said
    assert "build a release of a higher number" in hint
    installed = tmp_path / "there" / "acme_certifi" / "roots.pem"
    assert installed.read_bytes().endswith((project.folder / "roots.pem").read_bytes())


def test_an_npm_package_is_published_and_installed_by_name(
    project: Project, other: Project, verdaccio: Running, tmp_path: Path
) -> None:
    """Twice is once, which npm itself takes for an error, and other bytes are refused."""
    for one in (project, other):
        one.take(verdaccio)
        one.build("npm")
    assert [{"npm": "sent"}, {"npm": "there"}] == [project.outcomes("--to", "npm") for _ in range(2)]
    said, _ = other.error("--to", "npm")
    assert "is not our acme-ca-1.2026.10.tgz" in said
    (tmp_path / ".npmrc").write_text(
        f"registry={verdaccio.url}\n{verdaccio.url.removeprefix('http:')}:_authToken=${{TOKEN}}\n"
    )
    token = verdaccio.variables["NODE_AUTH_TOKEN"]
    run(require("npm"), "install", "--no-audit", "--no-fund", "acme-ca", folder=tmp_path, TOKEN=token)
    told = json.loads((tmp_path / "node_modules" / "acme-ca" / "package.json").read_text())
    assert told["version"] == "1.2026.10"


def test_a_gem_is_published_and_installed_by_name(
    project: Project, other: Project, gem_server: Running, tmp_path: Path
) -> None:
    """Twice is once, and other bytes are refused."""
    for one in (project, other):
        one.take(gem_server)
        one.build("gem")
    assert [{"rubygems": "sent"}, {"rubygems": "there"}] == [
        project.outcomes("--to", "rubygems") for _ in range(2)
    ]
    said, _ = other.error("--to", "rubygems")
    assert "is not our acme-ca-1.2026.10.gem" in said
    command = ["gem", "install", "--clear-sources", "--source", gem_server.url, "--no-document"]
    run(*command, "--install-dir", "there", "acme-ca", folder=tmp_path)
    assert (tmp_path / "there" / "gems" / "acme-ca-1.2026.10").is_dir()
