"""What a finished package calls itself, where a file that a recipe fills says that: only its own name."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING

from builder.errors import ConfigError
from builder.formats import READERS, format_of, names
from builder.formats.unpacked import Malformed
from builder.text.faults import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.model import Package

# By these names of files a package manager takes whatever it can read for its own.
_KINDS = {".deb": "deb", ".rpm": "rpm", ".apk": "apk", ".whl": "wheel", ".gem": "gem"}
# npm takes it from any folder of an archive, whose name it leaves out.
_DESCRIPTION = re.compile(r"/?[^/]+/package\.json")


def refuse_another_name(package: Package, data: bytes) -> None:
    """Raise ConfigError for a package that package managers would take for another than trustpack.yaml names.

    It would be installed in the place of somebody else's.
    """
    try:
        called = tuple(_called(package.filename, data))
    except Malformed as fault:
        raise ConfigError(f"{package.where}: {package.filename}: {fault}") from None
    for manager, found in called:
        if not names.same(manager, found, package.name):
            raise ConfigError(
                f"{package.where}: {package.filename}: calls itself {shown(found)}",
                hint=f"its name is '{package.name}', from the recipe's 'name' or from names.{package.target}",
            )


def _called(filename: str, data: bytes) -> Iterator[tuple[str, str]]:
    """Yield each package manager that would take a file for a package of its own, and by what name."""
    kind = format_of(data)
    wanted = next((kind for end, kind in _KINDS.items() if filename.lower().endswith(end)), kind)
    if kind != wanted:
        raise Malformed(f"is no {wanted} package that can be read")
    if not kind:
        return
    unpacked = READERS[kind].unpack(filename, data)
    if names.has_name(kind):
        yield kind, unpacked.name
        return
    for entry in unpacked.entries:
        if _DESCRIPTION.fullmatch(entry.path):
            with contextlib.suppress(ValueError, RecursionError, LookupError, TypeError):
                yield "npm", str(json.loads(entry.data)["name"])  # without one, npm installs none
