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
# What Node can list since 22.15, and set since 22.19.
_LISTED = (
    "the default roots",
    "the default roots and another",
    "the default roots in one text",
    "the default roots as bytes",
    "the default roots of Windows",
    "a context with the default roots",
    "after setDefaultCACertificates",
)
# The README says so: nobody can tell that such a context is to serve.
_TAKEN = "a context off a client socket"


def _ask(release: str, project: Path, folder: Path, authorities: Authorities, env: dict[str, str]) -> Any:
    (folder / "globex.pem").write_bytes(authorities.globex.pem)
    server, client = authorities.server(authorities.unrelated), authorities.client()
    question = {
        "cert": server.chain.decode(),
        "key": server.key.decode(),
        "clientCert": client.chain.decode(),
        "clientKey": client.key.decode(),
        "ca": authorities.acme.pem.decode(),
    }
    argv = [world.node(release), str(world.PROGRAMS / "mtls.mjs"), str(folder / "globex.pem")]
    return world.answer(argv, cwd=project, env=env, question=json.dumps(question))


@pytest.mark.parametrize("release", world.NODES)
@pytest.mark.parametrize(
    "env", [{}, {"NODE_OPTIONS": "--require acme-ca/register"}], ids=["plain", "register"]
)
def test_servers_stay_as_they_were(
    release: str, env: dict[str, str], project: Path, tmp_path: Path, authorities: Authorities
) -> None:
    """A server authorizes the organisation's clients only by a `ca` of its own or a client's context."""
    listed = _LISTED if int(release) >= 22 else ()
    expected = {**dict.fromkeys((*_WAYS, *listed), False), "a ca of its own": True, _TAKEN: bool(env)}
    assert expected == _ask(release, project, tmp_path, authorities, env)


def test_the_environment_widens_servers_as_the_readme_says(
    project: Path, tmp_path: Path, authorities: Authorities
) -> None:
    """NODE_EXTRA_CA_CERTS cannot tell servers from clients: Node adds its file to both."""
    env = {"NODE_EXTRA_CA_CERTS": str(project / "node_modules/acme-ca/roots.pem")}
    expected = dict.fromkeys((*_WAYS, *_LISTED, "a ca of its own", _TAKEN), True)
    assert expected == _ask("24", project, tmp_path, authorities, env)
