"""What a finished package calls itself, where a file that a recipe fills says that: only its own name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.errors import ConfigError
from builder.formats import READERS
from builder.formats.unpacked import Malformed
from builder.text.faults import shown

if TYPE_CHECKING:
    from builder.model import Package

_NAMELESS = frozenset({"tarball", "pem"})  # they take their name from the file's
# What a package manager takes for one name: PEP 503's rule, and a class's, which has no signs.
_SIGNS = {"wheel": (r"[-_.]+", "-"), "formula": (r"[^a-z0-9]+", "")}


def refuse_another_name(package: Package, data: bytes) -> None:
    """Raise ConfigError for a package that package managers would take for another than trustpack.yaml names.

    It would be installed in the place of somebody else's.
    """
    kind = next((kind for kind, reader in READERS.items() if reader.recognises(data)), "")
    if not kind or kind in _NAMELESS:
        return
    try:
        found = READERS[kind].unpack(package.filename, data).name
    except Malformed as fault:
        raise ConfigError(f"{package.where}: {package.filename}: {fault}") from None
    if _normal(kind, found) != _normal(kind, package.name):
        raise ConfigError(
            f"{package.where}: {package.filename}: calls itself {shown(found)}",
            hint=f"its name is '{package.name}', from the recipe's 'name' or from names.{package.target}",
        )


def _normal(kind: str, name: str) -> str:
    return re.sub(*_SIGNS[kind], name.lower()) if kind in _SIGNS else name
