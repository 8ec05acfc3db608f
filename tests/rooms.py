"""The rooms of `builder/`, from the ground up, and which others each may import: the one place for that.

The test beside it holds the code to the table, and the documentation's picture is drawn from it.
"""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

BUILDER = Path(__file__).parents[1] / "builder"

_GROUND = ("errors", "model", "rules")
ROOMS: dict[str, tuple[str, ...]] = {
    "errors": (),
    "model": ("errors",),
    "rules": ("errors", "model"),
    "text": ("errors",),
    "x509": ("errors", "model", "rules"),
    "formats": ("errors", "model", "text", "x509"),
    "config": ("errors", "model", "text", "x509"),
    "load": (*_GROUND, "text", "x509"),
    "lint": (*_GROUND, "text", "x509"),
    "render": ("errors", "model", "text", "x509", "formats"),
    "inspect": ("errors", "model", "text", "x509", "formats", "render"),
    "release": ("errors", "model", "text", "x509", "render"),
    "signing": ("errors", "model", "text", "x509", "formats", "release"),
    "lifecycle": ("errors", "model", "text", "x509", "config", "lint", "render", "signing"),
    "diff": ("errors", "model", "text", "load", "lint", "render", "inspect", "release", "lifecycle"),
    "pipeline": (
        *_GROUND, "text", "x509", "formats", "config", "load", "lint", "render", "release", "lifecycle",
    ),
    "repositories": (
        "errors", "model", "text", "formats", "render", "signing", "inspect", "release",
    ),
    "prove": (
        "errors", "model", "text", "x509", "formats", "config", "load", "render", "inspect", "release",
        "pipeline", "signing", "repositories",
    ),
    "publish": (
        "errors", "model", "text", "formats", "config", "inspect", "release", "signing", "repositories",
    ),
    "provenance": (
        "errors", "model", "text", "x509", "formats", "config", "render", "inspect", "release", "signing",
        "lifecycle", "diff", "pipeline", "repositories",
    ),
    "doctor": ("errors", "model", "text", "render", "release", "lifecycle"),
    "batch": (
        "errors", "model", "text", "x509", "config", "load", "lint", "render", "release", "lifecycle",
        "pipeline", "signing", "repositories", "provenance",
    ),
    "ci": ("text",),
    "docs": ("errors", "text"),
    "cli": (
        *_GROUND, "text", "config", "load", "lint", "render", "inspect", "release", "lifecycle", "diff",
        "pipeline", "signing", "repositories", "prove", "publish", "provenance", "doctor", "batch",
        "ci", "docs",
    ),
    "__main__": ("cli",),
}  # fmt: skip


def modules() -> dict[str, Path]:
    """Return the file of every module by its dotted name."""
    found = {}
    for path in sorted(BUILDER.rglob("*.py")):
        parts = path.relative_to(BUILDER.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports() -> dict[str, set[str]]:
    """Return which modules of ours each module imports: inside functions and for typing, too."""
    known = modules()
    return {name: _imported(path, known) for name, path in known.items()}


def _imported(path: Path, known: dict[str, Path]) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "builder"}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "builder":
            assert node.level == 0
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else str(node.module) for name in inner}
    return found


def room(module: str) -> str:
    """Return the room that a module lies in; empty for the package itself."""
    return ".".join(module.split(".")[1:2])


def picture() -> str:
    """Return the rooms as a Mermaid graph: an arrow to each that is imported, unless others lead there."""
    lines = ["graph BT"]
    for name, below in ROOMS.items():
        reached = {deeper for each in below for deeper in _below(each)}
        lines += [f"    {name} --> {each}" for each in below if each not in reached]
    return "\n".join(lines)


def _below(name: str) -> set[str]:
    return {*ROOMS[name], *(deeper for each in ROOMS[name] for deeper in _below(each))}


def order() -> list[str]:
    """Return the rooms so that each comes after all that it may import; raises CycleError."""
    return list(TopologicalSorter(ROOMS).static_order())
