"""Three builds that every package test reads: the demo organisation, and Amazon RDS whole and cut down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.packages import rds
from tests.packages.built import DEMO, Built, build, fingerprints

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the packages of the demo organisation, two roots."""
    expected = frozenset().union(*(fingerprints(file.read_bytes()) for file in DEMO.glob("*.pem")))
    return build(tmp_path_factory.mktemp("demo"), "--config", DEMO / "trustpack.yaml", expected=expected)


@pytest.fixture(scope="session")
def rds_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of Amazon RDS's bundle."""
    return rds.fetch(tmp_path_factory.mktemp("rds"))


@pytest.fixture(scope="session")
def rds_kept(tmp_path_factory: pytest.TempPathFactory, rds_bundle: Path) -> Built:
    """Build all of Amazon RDS's certificates: the expired and the intermediate ones too."""
    expected = fingerprints(rds_bundle.read_bytes())
    options = ("--org", "rds", "--release", "20260102", "--expired", "keep", "--intermediates", "keep")
    return build(tmp_path_factory.mktemp("kept"), rds_bundle, *options, expected=expected)


@pytest.fixture(scope="session")
def rds_dropped(tmp_path_factory: pytest.TempPathFactory, rds_bundle: Path) -> Built:
    """Build Amazon RDS's live roots only."""
    expected = rds.live_roots(rds_bundle.read_bytes())
    options = ("--org", "rds", "--release", "20260102", "--expired", "drop", "--intermediates", "drop")
    return build(tmp_path_factory.mktemp("dropped"), rds_bundle, *options, expected=expected)


@pytest.fixture(params=["demo", "rds_kept", "rds_dropped"])
def built(request: pytest.FixtureRequest) -> Built:
    """Return each of the three builds in turn."""
    found: Built = request.getfixturevalue(request.param)
    return found
