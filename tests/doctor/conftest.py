"""The organisation whose CA machines are to trust, and a server that it has certified."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from builder.prove.server import listen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.prove.authority import Authority
    from builder.prove.server import Listener

_NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="session")
def acme() -> Authority:
    """Make the organisation's CA; its key stays in memory."""
    return authority.create("Acme Root CA", now=_NOW)


@pytest.fixture(scope="session")
def other() -> Authority:
    """Make somebody else's CA."""
    return authority.create("Other Root CA", now=_NOW)


@pytest.fixture(scope="session")
def server(acme: Authority) -> Iterator[Listener]:
    """Serve HTTPS for localhost with a certificate of the organisation's."""
    with listen(authority.issue(acme, ["localhost"], now=_NOW)) as listener:
        yield listener


@pytest.fixture
def pem(tmp_path: Path, acme: Authority) -> Path:
    """Write the organisation's root to a file."""
    path = tmp_path / "acme.pem"
    path.write_bytes(acme.pem)
    return path
