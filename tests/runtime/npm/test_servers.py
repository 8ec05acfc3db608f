"""TLS servers never accept client certificates because of this package."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.npm import world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.npm.conftest import Authorities

_WAYS = (
    "tls.createServer",
    "https.createServer",
    "http2.createSecureServer",
    "setSecureContext",
    "addContext",
    "addContext with a context",
    "SNICallback",
    "new tls.TLSSocket",
    "a context that a client used",
)
# The README says so: nobody can tell that such a context is to serve.
_TAKEN = "a context off a client socket"


def _ask(release: str, project: Path, authorities: Authorities, env: dict[str, str]) -> Any:
    server, client = authorities.server(authorities.unrelated), authorities.client()
    question = {
        "cert": server.chain.decode(),
        "key": server.key.decode(),
        "clientCert": client.chain.decode(),
        "clientKey": client.key.decode(),
        "ca": authorities.acme.pem.decode(),
    }
    argv = [world.node(release), str(world.PROGRAMS / "mtls.mjs")]
    return world.answer(argv, cwd=project, env=env, question=json.dumps(question))


@pytest.mark.parametrize("release", world.NODES)
@pytest.mark.parametrize(
    "env", [{}, {"NODE_OPTIONS": "--require acme-ca/register"}], ids=["plain", "register"]
)
def test_servers_stay_as_they_were(
    release: str, env: dict[str, str], project: Path, authorities: Authorities
) -> None:
    """A server authorizes the organisation's clients only by a `ca` of its own or a client's context."""
    expected = {**dict.fromkeys(_WAYS, False), "a ca of its own": True, _TAKEN: bool(env)}
    assert expected == _ask(release, project, authorities, env)


def test_the_environment_widens_servers_as_the_readme_says(project: Path, authorities: Authorities) -> None:
    """NODE_EXTRA_CA_CERTS cannot tell servers from clients: Node adds its file to both."""
    env = {"NODE_EXTRA_CA_CERTS": str(project / "node_modules/acme-ca/roots.pem")}
    assert dict.fromkeys((*_WAYS, "a ca of its own", _TAKEN), True) == _ask("24", project, authorities, env)
