"""Organisations to be built while something goes wrong, and what a plain build makes of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests import organisations
from tests.batch.disturbed.runs import outputs, plain

if TYPE_CHECKING:
    from pathlib import Path


class Organisations(NamedTuple):
    """A folder of organisations, how many, and the digest of each file of their undisturbed builds."""

    folder: Path
    total: int
    built: dict[str, str]


@pytest.fixture(scope="session")
def many(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Organisations:
    """Make the organisations, and build each by itself: 2,000 with --long."""
    count = 2000 if request.config.getoption("long") else 150
    folder = tmp_path_factory.mktemp("many")
    organisations.write(folder / "orgs", count)
    plain(folder / "orgs", folder / "plain")
    return Organisations(folder / "orgs", count, outputs(folder / "plain"))
