"""A CI job without a secret: its identity is exchanged for a token, and files are sent with that."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.publish import trusting
from tests.publish.registries import PASSWORD, USER
from tests.publish.trusting import TOKEN, identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.publish.conftest import Project
    from tests.publish.registries import Running
    from tests.publish.trusting import Trusting


def basic(user: str, password: str) -> str:
    """Return the header of a name and a password."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


# By destination: the audience that is asked for, the target, the upload's header, and GitLab's variable.
ASKED = {
    "pypi": ("pypi", "wheel", basic("__token__", TOKEN), "PYPI_ID_TOKEN"),
    "npm": ("npm:127.0.0.1", "npm", f"Bearer {TOKEN}", "NPM_ID_TOKEN"),
    "rubygems": ("127.0.0.1", "gem", TOKEN, "RUBYGEMS_ID_TOKEN"),
}


@pytest.fixture(params=["pypi", "npm", pytest.param("rubygems", marks=pytest.mark.long)])
def trust(request: pytest.FixtureRequest) -> Iterator[tuple[str, Trusting]]:
    """Run each registry behind a server that hands out tokens."""
    name: str = request.param
    server = {"pypi": "pypiserver", "npm": "verdaccio", "rubygems": "gem_server"}[name]
    running: Running = request.getfixturevalue(server)
    theirs = {
        "pypi": basic(USER, PASSWORD),
        "npm": f"Bearer {running.variables.get('NODE_AUTH_TOKEN')}",
        "rubygems": PASSWORD,
    }
    with trusting.trusting(ASKED[name][0], running.url, Authorization=theirs[name]) as found:
        yield name, found


def test_a_job_publishes_by_its_identity(project: Project, trust: tuple[str, Trusting]) -> None:
    """On GitHub: refused while nobody is registered, then sent with the token, and there."""
    name, found = trust
    _, target, header, _ = ASKED[name]
    project.configure(**{name: {"url": found.url}})
    project.build(target)
    project.variables.update(found.variables)
    found.registered = False
    said, hint = project.error("--to", name)
    assert "answers 422" in said
    assert "no publisher is registered" in said
    assert "register this workflow there as a trusted publisher" in hint
    assert found.credentials == []
    found.registered = True
    listed = project.publish("--to", name, "--dry-run").stdout
    assert "issuer" in listed
    assert project.outcomes("--to", name) == {name: "sent"}
    assert set(found.credentials) == {header}
    assert found.exchanges == (["acme-ca", "acme-ca"] if name == "npm" else [])


@pytest.mark.long
def test_gitlab_gives_an_identity_in_a_variable(project: Project, trust: tuple[str, Trusting]) -> None:
    """One for another audience is refused, and nothing is sent."""
    name, found = trust
    _, target, header, variable = ASKED[name]
    project.configure(**{name: {"url": found.url}})
    project.build(target)
    project.variables[variable] = identity("somebody-else")
    said, _ = project.error("--to", name)
    assert "answers 422" in said
    assert found.credentials == []
    project.variables[variable] = identity(found.audience)
    assert project.outcomes("--to", name) == {name: "sent"}
    assert set(found.credentials) == {header}
