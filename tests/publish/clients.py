"""The clients that publish: to which registry each does, and which of our packages."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.publish.conftest import BIN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.conftest import Project
    from tests.publish.registries import Running


class Way(NamedTuple):
    """What a client is for: the destination's name, the fixture that runs one, and the target."""

    to: str
    server: str
    target: str


CLIENTS = {
    "uv": Way("pypi", "pypiserver", "wheel"),
    "twine": Way("pypi", "pypiserver", "wheel"),
    "npm": Way("npm", "verdaccio", "npm"),
    "gem": Way("rubygems", "gem_server", "gem"),
}


def clients(*often: str) -> list[Any]:
    """Return each client as a test's parameter; only these are tried without --long."""
    return [one if one in often else pytest.param(one, marks=pytest.mark.long) for one in CLIENTS]


def asked(request: pytest.FixtureRequest, client: str) -> tuple[str, Running]:
    """Return the destination that a client is for, and the registry that runs for it."""
    way = CLIENTS[client]
    return way.to, request.getfixturevalue(way.server)


def built(project: Project, client: str, running: Running, folder: Path, *, url: str = "") -> Project:
    """Return a project with a package that the client publishes to a registry, or to what is before it."""
    to, _, target = CLIENTS[client]
    project.configure(**{to: {"url": url or running.url}})
    project.variables.update(running.variables)
    project.build(target)
    return dataclasses.replace(project, programs=with_only(client, folder)) if to == "pypi" else project


def package(project: Project) -> Path:
    """Return the one package that was built."""
    [path] = [path for path in project.dist.iterdir() if path.suffix in {".whl", ".tgz", ".gem"}]
    return path


def with_only(program: str, folder: Path) -> str:
    """Return a PATH on which the one client of PyPI is."""
    folder.mkdir()
    (folder / program).symlink_to(BIN / program)
    return f"{folder}:{os.defpath}"
