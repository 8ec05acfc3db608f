"""Which trustpack this is, to the byte: two that differ may make other packages of the same input."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from builder import PACKAGING_REVISION, __version__
from builder.render.shipped import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODE = Path(__file__).resolve().parents[1]
_LEFT_OUT = frozenset({"__pycache__", "docs"})


@cache
def product() -> str:
    """Return a SHA-256 of trustpack's version, its code, its tables, its recipes and its templates."""
    found = hashlib.sha256(f"{__version__} {PACKAGING_REVISION}".encode())
    for name, folder in (
        ("builder", _CODE),
        ("recipes", ROOT / "recipes"),
        ("templates", ROOT / "templates"),
    ):
        for path, file in sorted(_files(str(folder), name)):
            data = Path(file).read_bytes()
            found.update(f"\0{path}\0{len(data)}\0".encode() + data)
    return found.hexdigest()


def _files(folder: str, name: str) -> Iterator[tuple[str, str]]:
    for entry in os.scandir(folder):
        # In a wheel, the recipes and the templates lie beside the code.
        inside = name == "builder" and entry.name in {"recipes", "templates"}
        if entry.is_dir() and entry.name not in _LEFT_OUT and not inside:
            yield from _files(entry.path, f"{name}/{entry.name}")
        elif entry.is_file():
            yield f"{name}/{entry.name}", entry.path
