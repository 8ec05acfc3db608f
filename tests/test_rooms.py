"""The floors of `builder/`: every import leads downward, as the table in tests/rooms.py says."""

from graphlib import TopologicalSorter

from builder.cli import COMMANDS
from tests.rooms import BUILDER, ROOMS, imports, order, room


def test_the_table_is_a_house() -> None:
    """Its arrows have no circle, it has every room that there is, and each room says what it holds."""
    assert sorted(order()) == sorted(ROOMS)
    there = {
        path.stem for path in BUILDER.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert there - {"__init__"} == set(ROOMS)
    for name in ROOMS:
        file = BUILDER / f"{name}.py"
        text = (file if file.exists() else BUILDER / name / "__init__.py").read_text("utf-8")
        assert text.startswith('"""'), name


def test_every_import_between_rooms_is_in_the_table() -> None:
    """And every arrow of the table is some import: one that nobody needs any more is taken out."""
    found: dict[str, set[str]] = {name: set() for name in ROOMS}
    for module, imported in imports().items():
        here = room(module)
        found.setdefault(here, set()).update({room(other) for other in imported} - {here, ""})
    assert {name: set(below) for name, below in ROOMS.items()} == {k: v for k, v in found.items() if k}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not within a room either; a package may re-export what its own modules say."""
    graph = {name: {other for other in found if other != name} for name, found in imports().items()}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)


def test_nobody_imports_a_command() -> None:
    """A command parses, calls and prints: what two of them need lies in a room below."""
    named = {f"builder.cli.{module}" for module, _ in COMMANDS.values()}
    # Those of `repo` are modules of their own, which it lists.
    below = {name for name in imports() if name.startswith("builder.cli.repo_")}
    assert {
        (name, other)
        for name, found in imports().items()
        for other in found & (named | below)
        if not (name == "builder.cli.repo" and other in below)
    } == set()
