"""A registry redirects an upload to another host: what each client does by itself, and what publish says."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.publish import relay
from tests.publish.clients import CLIENTS, asked, built, clients, package
from tests.publish.conftest import BIN, SECONDS
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.conftest import Project
    from tests.publish.registries import Running
    from tests.publish.relay import Relay

SECRET = "s3cret-of-this-client"  # noqa: S105  of a test
STATUSES = [pytest.param(302, marks=pytest.mark.long), pytest.param(307, marks=pytest.mark.long), 308]


def upload(client: str, before: Relay, file: Path, home: Path) -> int:
    """Upload a file by a client itself, as people configure it; return its status."""
    words: dict[str, list[str | Path]] = {
        "uv": ["publish", "--trusted-publishing", "never", file],
        "twine": ["upload", "--non-interactive", file],
        "npm": ["publish", file, "--registry", before.url],
        "gem": ["push", "--host", before.url.rstrip("/"), file],
    }
    host = before.url.removeprefix("http:")
    (home / ".npmrc").write_text(f"{host}:_authToken={SECRET}\nupdate-notifier=false\nfetch-retries=0\n")
    variables = {
        "UV_PUBLISH_URL": before.url, "UV_PUBLISH_USERNAME": "u", "UV_PUBLISH_PASSWORD": SECRET,
        "TWINE_REPOSITORY_URL": before.url, "TWINE_USERNAME": "u", "TWINE_PASSWORD": SECRET,
        "GEM_HOST_API_KEY": SECRET,
    }  # fmt: skip
    path = f"{BIN}:{os.defpath}"
    command = [require(client), *words[client]]
    environment = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", **variables}
    return subprocess.run(
        command, cwd=home, env=environment, capture_output=True, check=False, timeout=SECONDS
    ).returncode


@pytest.mark.parametrize("client", clients("npm"))
@pytest.mark.parametrize("status", STATUSES)
def test_what_the_clients_themselves_do(project: Project, tmp_path: Path, client: str, status: int) -> None:
    """Only npm follows: with the package, and with the token where only the port is another."""
    project.configure(public=["pypi", "npm", "rubygems"])
    project.build(CLIENTS[client].target)
    for host, token in (("localhost", False), ("127.0.0.1", True)):
        with relay.relaying() as before, relay.relaying() as elsewhere:
            before.redirected = status, elsewhere.url.replace("127.0.0.1", host)
            ended = upload(client, before, package(project), tmp_path)
        [asked] = before.uploads
        assert asked.credential
        if client == "npm":
            [came] = elsewhere.uploads
            assert (ended, came.size) == (0, asked.size)
            assert (came.credential == asked.credential) is token
        else:
            assert ended != 0
            assert elsewhere.came == []


@pytest.mark.parametrize("client", clients("npm"))
@pytest.mark.parametrize("host", ["localhost", pytest.param("127.0.0.1", marks=pytest.mark.long)])
def test_nothing_goes_where_an_upload_is_redirected_to(
    request: pytest.FixtureRequest, project: Project, tmp_path: Path, client: str, host: str
) -> None:
    """The message names the place, if the client does; npm is not even started."""
    to, running = asked(request, client)
    with relay.relaying(running.url) as before, relay.relaying() as elsewhere:
        there = elsewhere.url.replace("127.0.0.1", host)
        before.redirected = 308, there
        project = built(project, client, running, tmp_path / "bin", url=before.url)
        said, hint = project.error("--to", to)
    assert elsewhere.came == []
    assert len(before.uploads) == (0 if client == "npm" else 1)
    assert there.rstrip("/") in said or client == "gem"
    assert "write that address into trustpack.yaml" in hint


@pytest.mark.long
def test_a_registry_for_which_the_question_is_too_much_is_published_to(
    project: Project, verdaccio: Running, tmp_path: Path
) -> None:
    """Only a redirect keeps npm from sending."""
    with relay.relaying(verdaccio.url) as before:
        before.troubled = True
        project = built(project, "npm", verdaccio, tmp_path / "bin", url=before.url)
        assert project.outcomes("--to", "npm") == {"npm": "sent"}
