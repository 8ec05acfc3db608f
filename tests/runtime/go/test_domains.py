"""CAs with domains in Go: every client that trusts them does so for servers within these alone."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from builder.prove.server import serve
from tests import limited
from tests.limited import NAMELESS, NAMES, NETWORKS, SERVERS
from tests.runtime.go.conftest import VERSIONS
from tests.runtime.go.world import Programs, Root, go

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from builder.prove.authority import Authority, Leaf
    from tests.runtime.go.world import Authorities

_REACHED = (
    "http.Get",
    "DefaultTransport",
    "Transport",
    "tls.Dial",
    "tls.Config",
    "trust.Config",
    "trust.Add",
)
_ITSELF = ("inside", "outside", "mixed", "address")
_HOSTS = tuple(sorted({one.host for one in SERVERS.values()} - {"127.0.0.1"}))


@pytest.fixture(scope="module")
def appliances(authorities: Authorities) -> Mapping[str, tuple[Authority, Leaf]]:
    """Make CAs whose own certificates are servers', within the domains and beyond."""
    return {name: limited.itself(SERVERS[name], now=authorities.now) for name in _ITSELF}


@pytest.fixture(scope="module")
def names(
    authorities: Authorities,
    appliances: Mapping[str, tuple[Authority, Leaf]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Root]:
    """Serve each leaf of acme's CA, and one beyond its domains of the other CA; and CAs' own certificates."""
    with contextlib.ExitStack() as stack:
        leaves = {
            name: (one.host, limited.leaf(authorities.acme, one, now=authorities.now))
            for name, one in {**SERVERS, "nameless": NAMELESS}.items()
        }
        leaves |= {f"{name} itself": (SERVERS[name].host, leaf) for name, (_, leaf) in appliances.items()}
        free = SERVERS["outside"]
        leaves["of another CA"] = free.host, limited.leaf(authorities.globex, free, now=authorities.now)
        urls = {
            name: f"https://{host}:{stack.enter_context(serve(leaf))}/"
            for name, (host, leaf) in leaves.items()
        }
        made = Root(tmp_path_factory.mktemp("names"), urls)
        made.write(authorities, hosts=_HOSTS)
        yield made


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "domains",
    [
        pytest.param((*NAMES, *NETWORKS), id="both"),
        pytest.param(NAMES, id="names", marks=pytest.mark.long),
        pytest.param(NETWORKS, id="networks", marks=pytest.mark.long),
    ],
)
def test_a_ca_is_trusted_for_its_domains_alone(
    authorities: Authorities,
    appliances: Mapping[str, tuple[Authority, Leaf]],
    names: Root,
    *,
    tmp_path: Path,
    domains: tuple[str, ...],
    version: str,
) -> None:
    """All names of a leaf are within, and it has no other kinds; by import, everywhere, and by the pool."""
    programs = Programs(go(version), tmp_path)
    programs.write(authorities, domains, tuple(ca for ca, _ in appliances.values()))
    found = names.ask(programs.compiled("acme", "everywhere"))
    expected = {name for name, one in SERVERS.items() if one.within(domains)} | {"of another CA"}
    expected |= {f"{name} itself" for name in _ITSELF if SERVERS[name].within(domains)}
    assert {client: found.accepted(client) for client in _REACHED} == dict.fromkeys(_REACHED, expected)
    assert found.served("no ClientCAs") == {"public"}
