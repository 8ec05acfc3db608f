"""A release goes to real registries, and real clients install it from there by name."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.publish import registries, relay
from tests.publish.clients import with_only
from tests.publish.conftest import BIN
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.conftest import Project
    from tests.publish.registries import Running


def run(*command: str | Path, folder: Path, **variables: str) -> str:
    """Run a client with an empty environment, and return what it prints."""
    environment = {"PATH": f"{BIN}:{os.defpath}", "HOME": str(folder), "LANG": "C.UTF-8", **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


INSTALL = {
    "uv": ["uv", "pip", "install", "-q", "--no-cache", "--python", sys.executable],
    "twine": ["python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-cache-dir"],
}


@pytest.mark.parametrize(
    ("server", "client"),
    [
        ("devpi", "uv"),
        pytest.param("pypiserver", "twine", marks=pytest.mark.long),
        pytest.param("devpi", "twine", marks=pytest.mark.long),
        pytest.param("pypiserver", "uv", marks=pytest.mark.long),
    ],
)
def test_a_wheel_is_published_and_installed_by_name(
    request: pytest.FixtureRequest,
    project: Project,
    other: Project,
    tmp_path: Path,
    server: str,
    client: str,
) -> None:
    """By either client, to either index: twice is once, and other bytes are refused."""
    programs = with_only(client, tmp_path / "bin")
    running: Running = request.getfixturevalue(server)
    for one in (project, other):
        one.take(running)
        object.__setattr__(one, "programs", programs)
        one.build("wheel")
    assert [{"pypi": "sent"}, {"pypi": "there"}] == [project.outcomes("--to", "pypi") for _ in range(2)]
    said, hint = other.error("--to", "pypi")
    name = f"acme-certifi==1.{project.release}"
    run(*INSTALL[client], "--index-url", running.index, "--target", "there", name, folder=tmp_path)
    assert f"is not our acme_certifi-1.{project.release}-py3-none-any.whl: it has SHA-256" in said
    assert "acme_certifi/roots.pem changed" in said
    assert "build a release of a higher number" in hint
    installed = tmp_path / "there" / "acme_certifi" / "roots.pem"
    assert installed.read_bytes().endswith((project.folder / "roots.pem").read_bytes())


def tags(verdaccio: Running) -> dict[str, str]:
    """Return which version each tag of the package means."""
    header = {"Authorization": f"Bearer {verdaccio.variables['NODE_AUTH_TOKEN']}"}
    found: dict[str, str] = registries.asked("GET", f"{verdaccio.url}acme-ca", **header)["dist-tags"]
    return found


def test_an_npm_package_is_published_and_installed_by_name(
    project: Project, other: Project, verdaccio: Running, tmp_path: Path
) -> None:
    """Twice is once, which npm itself takes for an error; an older release is not what people get."""
    for one in (project, other):
        one.take(verdaccio)
        one.build("npm")
    assert [{"npm": "sent"}, {"npm": "there"}] == [project.outcomes("--to", "npm") for _ in range(2)]
    said, _ = other.error("--to", "npm")
    assert f"is not our acme-ca-1.{project.release}.tgz" in said
    shutil.rmtree(other.dist)
    older = dataclasses.replace(other, release=f"2025.{project.release.partition('.')[2]}")
    older.configure(**verdaccio.section)
    older.build("npm")
    assert older.outcomes("--to", "npm") == {"npm": "sent"}
    assert tags(verdaccio)["latest"] == f"1.{project.release}"
    assert tags(verdaccio)["previous"] == f"1.{older.release}"
    (tmp_path / ".npmrc").write_text(
        f"registry={verdaccio.url}\n{verdaccio.url.removeprefix('http:')}:_authToken=${{TOKEN}}\n"
    )
    token = verdaccio.variables["NODE_AUTH_TOKEN"]
    run(require("npm"), "install", "--no-audit", "--no-fund", "acme-ca", folder=tmp_path, TOKEN=token)
    told = json.loads((tmp_path / "node_modules" / "acme-ca" / "package.json").read_text())
    assert told["version"] == f"1.{project.release}"


@pytest.mark.long
def test_an_older_release_does_not_become_the_latest_beside_a_newer_one(
    project: Project, other: Project, verdaccio: Running
) -> None:
    """Neither looks before the other is sent: the tag is put right afterwards."""
    newer = dataclasses.replace(other, release=f"2027.{project.release.partition('.')[2]}")
    with relay.relaying(verdaccio.url) as before:
        for one in (project, newer):
            one.configure(npm={"url": before.url})
            one.variables.update(verdaccio.variables)
            one.build("npm")

        def publish_newer() -> None:
            before.sent = lambda: None
            assert newer.outcomes("--to", "npm") == {"npm": "sent"}

        before.sent = publish_newer
        assert project.outcomes("--to", "npm") == {"npm": "sent"}
    assert tags(verdaccio)["latest"] == f"1.{newer.release}"


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
    assert f"is not our acme-ca-1.{project.release}.gem" in said
    command = ["gem", "install", "--clear-sources", "--source", gem_server.url, "--no-document"]
    run(*command, "--install-dir", "there", "acme-ca", folder=tmp_path)
    assert (tmp_path / "there" / "gems" / f"acme-ca-1.{project.release}").is_dir()
    (tmp_path / "Gemfile").write_text(f'source "{gem_server.url}" do\n  gem "acme-ca"\nend\n')
    run(require("bundle"), "install", folder=tmp_path, BUNDLE_PATH="vendor")
    [installed] = tmp_path.glob(f"vendor/ruby/*/gems/acme-ca-1.{project.release}/lib/acme_ca/roots.pem")
    assert installed.read_bytes().endswith((project.folder / "roots.pem").read_bytes())
