"""What the programs of a conda environment trust while it holds the package, without any variable.

The environment is py-rattler's, its OpenSSL Debian's, with the environment's paths in it: environments.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove import authority, clients
from builder.prove.clients import Programs
from builder.prove.sandbox import open_sandbox
from tests.repositories.environments import Environment, InSystem, channel
from tests.roots import root
from tests.trust.world import HOST, World, build, open_world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Which of the system's programs leave it to OpenSSL where it looks for roots.
_NAMES = ("openssl", "urllib", "ruby", "php")
_ACME, _BETA = "acme-ca-certs", "acme-2-ca-certs"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_world(Programs()) as opened:
        yield opened


@pytest.fixture(scope="module")
def channels(world: World, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Make a channel of each organisation: Acme's two releases, and one of Acme 2's, who share a CA."""
    out = tmp_path_factory.mktemp("channels")
    acme = [
        build(out, "acme", [world.kept, other], version, target="conda")
        for version, other in (("1", world.old), ("2", world.new))
    ]
    beta = build(out, "acme-2", [world.beta, world.kept], "1", target="conda")
    return {"acme": channel(out / "acme", *acme), "beta": channel(out / "beta", beta)}


@pytest.fixture
def system(world: World, channels: Mapping[str, str], tmp_path: Path) -> Iterator[InSystem]:
    """Open a Debian system with an empty environment in it, which trusts one CA."""
    with open_sandbox(root("bookworm")) as sandbox:
        opened = InSystem(sandbox, Environment(tmp_path, tuple(channels.values())))
        opened.equip(world.public.pem)
        yield opened


def _holding(system: InSystem, *specs: str) -> None:
    done = system.environment.hold(*specs)
    assert done.returncode == 0, done.stderr
    system.follow()


def test_every_program_on_openssl_follows_the_environment(world: World, system: InSystem) -> None:
    """Beside what the environment trusts: installed, upgraded, beside another organisation's, and removed."""
    asked = system.clients(clients.equip(system.sandbox, world.programs, only=_NAMES))
    assert {client.name for client in asked} == {*_NAMES}
    seen = []
    for specs in ((), (f"{_ACME}=1",), (_ACME,), (_ACME, _BETA), (_BETA,), ()):
        _holding(system, *specs)
        seen.append(world.trusted(system.sandbox, asked))
    expected = [
        {"public"},
        {"public", "kept", "old"},
        {"public", "kept", "new"},
        {"public", "kept", "new", "beta"},
        {"public", "kept", "beta"},  # which both have: its file is the other's now
        {"public"},
    ]
    assert seen == [dict.fromkeys(_NAMES, roots) for roots in expected]
    assert system.environment.files() == {}


def test_who_names_roots_gets_those_alone(world: World, system: InSystem) -> None:
    """By the variables that OpenSSL knows for both of its places."""
    _holding(system, _ACME)
    system.sandbox.copy_in("/own/roots.pem", world.beta.pem)
    equipped = clients.equip(system.sandbox, world.programs, only=_NAMES)
    asked = system.clients(equipped, SSL_CERT_FILE="/own/roots.pem", SSL_CERT_DIR="/nowhere")
    assert world.trusted(system.sandbox, asked) == {name: {"beta"} for name in _NAMES}


def test_a_server_accepts_no_client_because_of_it(world: World, system: InSystem) -> None:
    """One that asks clients for certificates, and judges them by the default roots."""
    _holding(system, f"{_ACME}=1")
    names = ("public", "kept", "old", "beta")
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    asking = {
        name: authority.issue(getattr(world, name), [HOST], now=world.now, usage=usage) for name in names
    }
    server = authority.issue(world.kept, [HOST], now=world.now)
    assert system.served(server, asking) == {"public"}
