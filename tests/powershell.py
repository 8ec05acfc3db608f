"""PowerShell, read by a grammar that is not Microsoft's: PowerShell itself is not to be had here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tree_sitter
import tree_sitter_powershell

if TYPE_CHECKING:
    from collections.abc import Iterator


def faults(text: bytes) -> list[str]:
    """Return where a script is none: line and column, both from 1."""
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language())).parse(text)
    wrong = (node.start_point for node in _nodes(tree.root_node) if node.is_error or node.is_missing)
    return [f"{row + 1}:{column + 1}" for row, column in wrong]


def _nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from _nodes(child)
