"""An organisation with a CA, its servers, and its npm package, built by trustpack and installed by npm."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove import authority
from tests.runtime.npm import world
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from builder.prove.authority import Authority, Leaf

NOW = dt.datetime.now(dt.UTC)
_DAY = dt.timedelta(days=1)

Ports = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Authorities:
    """The CAs of three parties: the organisation, a second one, and somebody unrelated."""

    acme: Authority
    globex: Authority
    unrelated: Authority

    def client(self) -> Leaf:
        """Issue a client certificate of the organisation."""
        return authority.issue(self.acme, ["client"], now=NOW, usage=ExtendedKeyUsageOID.CLIENT_AUTH)

    def server(self, issuer: Authority) -> Leaf:
        """Issue a server certificate for localhost."""
        return authority.issue(issuer, ["localhost", "127.0.0.1"], now=NOW)


@pytest.fixture(scope="session")
def authorities() -> Authorities:
    """Make the CAs; their keys stay in memory."""
    names = ("Acme Root", "Globex Root", "Unrelated Root")
    return Authorities(*(authority.create(name, now=NOW) for name in names))


@pytest.fixture(scope="session")
def servers(authorities: Authorities) -> Iterator[Ports]:
    """Serve HTTPS, WebSocket, HTTP/2 and gRPC: one good server, and one for each thing that can be wrong."""
    past = (NOW - 3 * _DAY, NOW - 2 * _DAY)
    leaves = {
        "acme": authorities.server(authorities.acme),
        "globex": authorities.server(authorities.globex),
        "unrelated": authorities.server(authorities.unrelated),
        "wrong host": authority.issue(authorities.acme, ["elsewhere.example"], now=NOW),
        "expired": authority.issue(authorities.acme, ["localhost", "127.0.0.1"], now=NOW, valid=past),
    }
    question = {
        name: {"cert": leaf.chain.decode(), "key": leaf.key.decode()} for name, leaf in leaves.items()
    }
    argv = [world.node("24"), str(world.PROGRAMS / "server.mjs")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={}) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        yield json.loads(process.stdout.readline())
        process.stdin.close()


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that builds an organisation's npm package with trustpack and returns the tarball."""

    def run(org: str, *roots: Authority, release: str = "20260102", config: str = "") -> Path:
        folder = tmp_path_factory.mktemp(org)
        (folder / "roots.pem").write_bytes(b"".join(root.pem for root in roots))
        (folder / "trustpack.yaml").write_text(
            f"organisation:\n  slug: {org}\nbundle:\n  paths: [roots.pem]\n{config}"
        )
        argv = [sys.executable, "-m", "builder", "build", "--target", "npm", "--quiet", "--release", release]
        subprocess.run(argv, cwd=folder, check=True)
        (tarball,) = (folder / "dist").glob("*.tgz")
        return tarball

    return run


@pytest.fixture(scope="session")
def tarball(build: Callable[..., Path], authorities: Authorities) -> Path:
    """Build the organisation's package."""
    return build("acme", authorities.acme)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, tarball: Path) -> Path:
    """Make a project with the package installed; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("project")
    world.npm_install(folder, tarball)
    probe = world.PROGRAMS / "probe.mjs"
    (folder / "first-line.mjs").write_text(f"import 'acme-ca/register';\nimport '{probe}';\n")
    (folder / "first-line.cjs").write_text(f"require('acme-ca/register');\nimport('{probe}');\n")
    (folder / "named.mjs").write_text(
        "import 'acme-ca/register';\nimport tls, { connect } from 'node:tls';\n"
        "console.log(connect === tls.connect);\n"
    )
    (folder / "call.mjs").write_text(
        f"import {{ register }} from 'acme-ca';\nregister();\nregister();\nawait import('{probe}');\n"
    )
    (folder / "call.cjs").write_text(f"require('acme-ca').register();\nimport('{probe}');\n")
    return folder


@pytest.fixture(scope="session")
def both(
    tmp_path_factory: pytest.TempPathFactory,
    tarball: Path,
    build: Callable[..., Path],
    authorities: Authorities,
) -> Path:
    """Make a project with the packages of two organisations, the second one's under an npm scope."""
    folder = tmp_path_factory.mktemp("both")
    world.npm_install(folder, tarball, build("globex", authorities.globex, config="npm_scope: '@globex'\n"))
    return folder


@pytest.fixture(scope="session")
def printed(project: Path) -> dict[str, str]:
    """Return the variables that the package's command prints."""
    variables: dict[str, str] = world.answer(
        [require("npx"), "--no", "acme-ca", "--", "env", "--json"], cwd=project
    )
    return variables
