"""A registry with a certificate of the organisation's own CA: trustpack and each client believe it."""

from __future__ import annotations

import datetime as dt
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from tests.publish import relay
from tests.publish.clients import CLIENTS, built, clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.publish.conftest import Project
    from tests.publish.registries import Running
    from tests.publish.relay import Relay

HOST = "registry.acme.internal"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the CA's certificate; a server's certificate and key are beside it."""
    now = dt.datetime.now(dt.UTC)
    made = authority.create("Acme Registry Root", now=now)
    leaf = authority.issue(made, ["127.0.0.1", HOST], now=now)
    (tmp_path / "server.pem").write_bytes(leaf.chain + leaf.key)
    (tmp_path / "root.pem").write_bytes(made.pem)
    return tmp_path / "root.pem"


@pytest.fixture
def secure(request: pytest.FixtureRequest, client: str, root: Path) -> Iterator[tuple[Running, Relay]]:
    """Run a client's registry behind TLS."""
    running: Running = request.getfixturevalue(CLIENTS[client].server)
    with relay.relaying(running.url, certificate=root.with_name("server.pem")) as before:
        yield running, before


@pytest.mark.parametrize("client", clients("gem"))
def test_a_registry_of_an_own_ca_is_believed_by_its_file(
    project: Project, tmp_path: Path, root: Path, secure: tuple[Running, Relay], client: str
) -> None:
    """Without it, nothing is sent, and the option is in the hint."""
    running, before = secure
    project = built(project, client, running, tmp_path / "bin", url=before.url)
    to = CLIENTS[client].to
    said, hint = project.error("--to", to)
    assert "its certificate is not trusted" in said
    assert "--ca-file" in hint
    assert before.came == []
    assert project.outcomes("--to", to, "--ca-file", str(root)) == {to: "sent"}
    assert len(before.uploads) == 1


@pytest.mark.parametrize("client", clients("twine", "npm"))
def test_what_the_system_trusts_is_trusted_by_every_client(
    request: pytest.FixtureRequest, project: Project, tmp_path: Path, root: Path, client: str
) -> None:
    """Through a proxy, too: uv, twine and npm bring lists of their own, with no organisation's CA."""
    running: Running = request.getfixturevalue(CLIENTS[client].server)
    with relay.relaying(running.url, certificate=root.with_name("server.pem"), name=HOST) as before:
        project = built(project, client, running, tmp_path / "bin", url=before.url)
        system = Path(ssl.get_default_verify_paths().openssl_cafile)
        public = system.read_bytes() if system.exists() else b""
        (tmp_path / "system.pem").write_bytes(public + root.read_bytes())
        relative = os.path.relpath(tmp_path / "system.pem", project.folder)
        project.variables.update(HTTPS_PROXY=before.proxy, SSL_CERT_FILE=relative)
        to = CLIENTS[client].to
        assert project.outcomes("--to", to) == {to: "sent"}
    assert len(before.uploads) == 1
