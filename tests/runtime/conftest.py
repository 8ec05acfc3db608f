"""The CAs of the organisation that the tests of the language packages install, and of one they do not."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from builder.prove.authority import create

if TYPE_CHECKING:
    from builder.prove.authority import Authority


@pytest.fixture(scope="session")
def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@pytest.fixture(scope="session")
def acme(now: dt.datetime) -> Authority:
    return create("Acme Root CA", now=now)


@pytest.fixture(scope="session")
def stranger(now: dt.datetime) -> Authority:
    return create("Stranger Root CA", now=now)
