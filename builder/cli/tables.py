"""Plain tables: columns aligned with spaces, the same on a terminal and in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

_KILO = 1000


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print `rows` below `head`, each column as wide as its widest cell."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        typer.echo(line.rstrip())


def size(count: int) -> str:
    """Return a number of bytes in decimal units, as people read file sizes."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < _KILO:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KILO
    return f"{value:.1f} GB"
