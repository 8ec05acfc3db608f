"""CAs with domains in Chromium: handshakes with servers within and beyond them, in a copy of this machine."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.prove import authority
from builder.prove.sandbox import Sandbox, open_sandbox
from tests import limited, releases
from tests.limited import NAMELESS, NAMES, NETWORKS, SERVERS
from tests.tools import require, require_mounts
from tests.trust.browsers import Servers, chromium, servers

NOW = dt.datetime.now(dt.UTC)
LIMITED, FREE = (authority.create(f"Acme {name}", now=NOW) for name in ("Limited", "Free"))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    require("chromium")
    require_mounts()
    with open_sandbox(Path("/")) as opened:
        yield opened


@pytest.fixture(scope="module")
def asked() -> Iterator[Servers]:
    """Serve each leaf of the limited CA, and one beyond its domains of another CA."""
    asked = {**SERVERS, "nameless": NAMELESS}
    leaves = {name: (one.host, limited.leaf(LIMITED, one, now=NOW)) for name, one in asked.items()}
    free = SERVERS["outside"]
    with servers({**leaves, "of another CA": (free.host, limited.leaf(FREE, free, now=NOW))}) as opened:
        yield opened


@pytest.mark.parametrize(
    "domains", [NAMES, NETWORKS, (*NAMES, *NETWORKS), ()], ids=["names", "networks", "both", "none"]
)
def test_a_ca_is_trusted_for_its_domains_alone(
    sandbox: Sandbox, asked: Servers, tmp_path: Path, domains: tuple[str, ...]
) -> None:
    """All names of hosts and addresses of a leaf are within; Chromium looks at no other kind of name."""
    [package] = releases.build(
        tmp_path, "acme", [LIMITED, FREE], target="browsers-deb", limited={LIMITED.pem: domains}
    )
    sandbox.copy_in(f"/root/{package.name}", package.read_bytes())
    sandbox.run(["dpkg", "--install", f"/root/{package.name}"])
    expected = {name for name, one in SERVERS.items() if one.within(domains, all_kinds=False)}
    assert chromium(asked, sandbox) == expected | {"of another CA"}
