"""What a finished package calls itself, where a file that a recipe fills says that: only its own name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.errors import ConfigError
from builder.formats import READERS, names
from builder.formats.unpacked import Malformed
from builder.text.faults import shown

if TYPE_CHECKING:
    from builder.model import Package


def refuse_another_name(package: Package, data: bytes) -> None:
    """Raise ConfigError for a package that package managers would take for another than trustpack.yaml names.

    It would be installed in the place of somebody else's.
    """
    kind = next((kind for kind, reader in READERS.items() if reader.recognises(data)), "")
    if not kind or not names.has_name(kind):
        return
    try:
        found = READERS[kind].unpack(package.filename, data).name
    except Malformed as fault:
        raise ConfigError(f"{package.where}: {package.filename}: {fault}") from None
    if not names.same(kind, found, package.name):
        raise ConfigError(
            f"{package.where}: {package.filename}: calls itself {shown(found)}",
            hint=f"its name is '{package.name}', from the recipe's 'name' or from names.{package.target}",
        )
