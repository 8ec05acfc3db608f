"""A single file as it is: a formula, a PEM bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.errors import ConfigError

if TYPE_CHECKING:
    from builder.model import Package


def assemble(package: Package) -> bytes:
    """Return the package's only file."""
    if len(package.files) != 1:
        raise ConfigError(
            f"recipe {package.target}: a 'file' output holds exactly one file, not {len(package.files)}"
        )
    return package.files[0].data
