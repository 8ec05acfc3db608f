"""What a program or its user chose explicitly keeps its meaning beside the package."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.npm import world

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.runtime.npm.conftest import Authorities, Ports

_FLAGS = ("--require", "acme-ca/register")
_SYSTEM_CA = ("22", "24", "26")


@pytest.fixture(scope="session")
def roots(tmp_path_factory: pytest.TempPathFactory, authorities: Authorities) -> Path:
    """Write the other parties' roots, each to its file."""
    folder = tmp_path_factory.mktemp("roots")
    for name in ("globex", "unrelated"):
        (folder / f"{name}.pem").write_bytes(getattr(authorities, name).pem)
    return folder


def _choices(
    program: Sequence[str | Path],
    project: Path,
    roots: Path,
    servers: Ports,
    env: dict[str, str] | None = None,
) -> Any:
    chosen = {name: servers[name] for name in ("acme", "globex", "unrelated")}
    argv: list[str | Path] = [
        *program,
        world.PROGRAMS / "choices.mjs",
        json.dumps(chosen),
        roots / "unrelated.pem",
    ]
    return world.answer(argv, cwd=project, env=env)


@pytest.mark.parametrize("release", world.NODES)
def test_a_program_s_choices_keep_their_meaning(
    release: str, project: Path, roots: Path, servers: Ports
) -> None:
    """Who names CAs gets only those; roots added by NODE_EXTRA_CA_CERTS or as defaults stay, beside ours."""
    env = {"NODE_EXTRA_CA_CERTS": str(roots / "globex.pem")}
    beside = "acme globex"
    expected = {
        "tls.DEFAULT_CIPHERS": "ECDHE-ECDSA-CHACHA20-POLY1305",
        "nothing": beside,
        "a ca": "unrelated",
        "a list of ca": "unrelated",
        "an empty list of ca": "",
        "ca: undefined": beside,
        "ca: ''": beside,
        "an agent with a ca": "unrelated",
        "a context without a ca": beside,
        "a context with a ca": "unrelated",
        "a context with an inherited ca": "unrelated",
        # Node 18 and 20 themselves lose NODE_EXTRA_CA_CERTS there.
        "a context with a root added": "unrelated" if release in {"18", "20"} else "globex unrelated",
    }
    if release not in {"18", "20"}:
        expected["setDefaultCACertificates"] = "acme unrelated"
        expected["setDefaultCACertificates([])"] = "acme"
    program = [world.node(release), world.IPV4, *_FLAGS]
    assert expected == _choices(program, project, roots, servers, env)


@pytest.mark.parametrize("release", world.NODES)
def test_the_openssl_store_stays_beside_the_package(
    release: str, project: Path, roots: Path, servers: Ports
) -> None:
    """With --use-openssl-ca, an explicit SSL_CERT_FILE is trusted, and so is the package's bundle."""
    env = {"SSL_CERT_FILE": str(roots / "globex.pem"), "SSL_CERT_DIR": "/nonexistent"}
    program = [world.node(release), world.IPV4, "--use-openssl-ca", *_FLAGS]
    found = _choices(program, project, roots, servers, env)
    assert (found["nothing"], found["a ca"]) == ("acme globex", "unrelated")


@pytest.mark.parametrize("release", _SYSTEM_CA)
def test_the_system_store_stays_beside_the_package(
    release: str, project: Path, roots: Path, servers: Ports
) -> None:
    """With --use-system-ca, the system's roots are trusted, and so is the package's bundle."""
    env = {"SSL_CERT_FILE": str(roots / "globex.pem"), "SSL_CERT_DIR": "/nonexistent"}
    program = [world.node(release), world.IPV4, "--use-system-ca", *_FLAGS]
    found = _choices(program, project, roots, servers, env)
    assert (found["nothing"], found["a ca"]) == ("acme globex", "unrelated")


@pytest.mark.parametrize("runtime", ["bun", "deno"])
def test_bun_and_deno_keep_a_program_s_choices(
    runtime: str, project: Path, roots: Path, servers: Ports
) -> None:
    """A `ca` of their own means the same to Bun and Deno with the package as to Node."""
    program = [*world.other(runtime), "--preload", "./node_modules/acme-ca/register.js"]
    found = _choices(program, project, roots, servers)
    kept = ("nothing", "a ca", "a list of ca", "ca: undefined", "a context with a ca")
    assert [found[key] for key in kept] == ["acme", "unrelated", "unrelated", "acme", "unrelated"]
    env = {"NODE_EXTRA_CA_CERTS": str(roots / "globex.pem")}
    # Deno's https then names all its roots as an explicit `ca`, which stays as it is.
    beside = {"bun": "acme globex", "deno": "globex"}[runtime]
    assert _choices(program, project, roots, servers, env)["nothing"] == beside
