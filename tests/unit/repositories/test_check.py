"""A site is held to what it says of itself: every byte of every file, every index, every signature."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builder import config
from builder.errors import SignatureError, SiteError, TrustpackError
from builder.prove.authority import create
from builder.repositories import check, listing, publish, status
from builder.repositories import site as sites
from builder.repositories.publish import Order
from builder.repositories.stores import JOURNAL
from builder.signing import gpgv, new, site_keys, site_verifier
from tests import releases
from tests import site_keys as made
from tests.tools import require

if TYPE_CHECKING:
    from builder.repositories.check import SiteCheck
    from builder.signing.keyring import Keyring

NOW = 1_796_000_000
TARGETS = ("deb", "rpm", "apk", "wheel", "npm", "gem")
CHANGES = 1000


def order(folder: Path, keys: Keyring | None, *, now: int = NOW) -> Order:
    """Return an order for the site in `folder`."""
    return Order(
        folder=folder / "site",
        organisation=config.organisation(config.minimal("acme", ["roots.pem"])),
        url="https://packages.acme.example",
        now=now,
        valid=60,
        keep=None,
        architectures=("x86_64", "riscv64"),
        keys=keys,
    )


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    """Make the site's keys."""
    return key_folder(tmp_path_factory.mktemp("keys"), 1)


def key_folder(folder: Path, number: int) -> Keyring:
    """Make the keys of a number."""
    pairs = (made.pair(number), made.pair(number + 1))
    new.create(folder / "keys", organisation="acme", user_id="Acme <pki@acme.example>", time=NOW, pairs=pairs)
    return site_keys.read(folder / "keys")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Build two releases."""
    folder = tmp_path_factory.mktemp("releases")
    authority = create("Acme Root", now=dt.datetime.now(dt.UTC))
    for number in (1, 2):
        releases.build_all(folder / str(number), "acme", [authority], targets=TARGETS, release=f"2026.{number}")
    return [folder / "1" / "dist", folder / "2" / "dist"]
