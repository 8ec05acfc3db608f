"""A single file as it is: a formula, a PEM bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.formats.control import Unwritable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.formats.metadata import MetadataKey
    from builder.model import Package

SCRIPTS: frozenset[str] = frozenset()
METADATA: Mapping[str, MetadataKey] = {}


def write(package: Package) -> bytes:
    """Return the package's only file."""
    if len(package.files) != 1:
        raise Unwritable(f"a 'file' output holds exactly one file, not {len(package.files)}")
    return package.files[0].data
