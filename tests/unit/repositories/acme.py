"""A small site of Acme's, not signed, of packages for apt and pip: what tests of moving sites begin with."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from builder.config import minimal, organisation
from builder.errors import SignatureError
from builder.prove.authority import create
from builder.repositories import site
from builder.repositories.publish import Order
from tests import releases as building

if TYPE_CHECKING:
    from pathlib import Path


class NoKeys:
    """Keys that have signed nothing."""

    def opened(self, _text: str) -> str:
        """Vouch for nothing."""
        raise SignatureError("the signed text: is signed by none of the keys")


def releases(folder: Path, slug: str = "acme", count: int = 3) -> list[Path]:
    """Return releases of one CA more each."""
    authorities = [create(f"Acme Root {number}", now=dt.datetime.now(dt.UTC)) for number in range(count)]
    found = []
    for number in range(count):
        where = folder / str(number)
        building.build(where, slug, authorities[: number + 1], target="deb", release=f"2026.{number + 1}")
        found.append(where / "dist")
    return found


def order(folder: Path) -> Order:
    """Return an order for the site in `folder`, an hour after its last publication."""
    found = site.read(folder, None)
    return Order(
        folder=folder,
        organisation=organisation(minimal("acme", ["roots.pem"])),
        url="https://packages.acme.example",
        now=found.status.time + 3600 if found else 1_796_000_000,
        valid=60,
        keep=None,
        architectures=("x86_64",),
        keys=None,
    )


def digest(data: bytes) -> str:
    """Return a file's digest as `tree` has it."""
    return hashlib.sha256(data).hexdigest()


def tree(folder: Path) -> dict[str, str]:
    """Return the digest of every file below a folder."""
    return {
        str(path.relative_to(folder)): digest(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def immutable(folder: Path) -> set[str]:
    """Return the files of a site that never change under their names."""
    found = site.read(folder, None)
    assert found is not None
    return {path for path, listed in found.files.items() if listed.kind.immutable}
