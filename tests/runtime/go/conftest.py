"""The Go that compiles, the CAs of two organisations, and servers with leaves of each."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

import pytest

from builder.prove.authority import issue
from builder.prove.server import serve
from tests.runtime.go.world import HOST, Authorities, Programs, Root, go

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@pytest.fixture(scope="session")
def authorities(now: dt.datetime) -> Authorities:
    return Authorities.made(now)


@pytest.fixture(scope="session")
def urls(authorities: Authorities) -> Iterator[Mapping[str, str]]:
    """Servers: a good leaf of each CA, and what no client may accept."""
    now, hour = authorities.now, dt.timedelta(hours=1)
    names = ("acme", "globex", "public", "stranger")
    leaves = {name: issue(getattr(authorities, name), [HOST], now=now) for name in names}
    leaves["wrong name"] = issue(authorities.acme, ["other.example"], now=now)
    leaves["expired"] = issue(authorities.acme, [HOST], now=now, valid=(now - 9 * hour, now - hour))
    with contextlib.ExitStack() as stack:
        yield {name: f"https://{HOST}:{stack.enter_context(serve(leaf))}/" for name, leaf in leaves.items()}


# Tests without a mark of their own run with these two in CI.
VERSIONS = [
    "machine",
    "1.22",
    *(pytest.param(one, marks=pytest.mark.long) for one in ("1.23", "1.24", "1.25", "1.27")),
]


@pytest.fixture(scope="session", params=VERSIONS)
def programs(
    request: pytest.FixtureRequest, authorities: Authorities, tmp_path_factory: pytest.TempPathFactory
) -> Programs:
    made = Programs(go(request.param), tmp_path_factory.mktemp("programs"))
    made.write(authorities)
    return made


@pytest.fixture(scope="session")
def root(authorities: Authorities, urls: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Root:
    """Make a root folder with one CA among the system's."""
    made = Root(tmp_path_factory.mktemp("root"), urls)
    made.write(authorities)
    return made


@pytest.fixture(scope="session")
def scratch(
    authorities: Authorities, urls: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Root:
    """Make a root folder without the system's CAs."""
    made = Root(tmp_path_factory.mktemp("scratch"), urls)
    made.write(authorities, system=False)
    return made
