"""Targets in general: no list of their names stands in code, and documents follow the recipes."""

import re
from pathlib import Path

import pytest

from tests import generated, targets

ROOT = Path(__file__).parents[1]


def test_the_readme_has_every_target(request: pytest.FixtureRequest) -> None:
    """What is built, where the roots go and what is left to do: as the recipes say it."""
    update = request.config.getoption("--update-golden")
    generated.check(ROOT / "README.md", "targets", targets.table(), update=update)


def test_every_artifact_is_found_by_its_name() -> None:
    """So that tests know which part of which recipe has made it."""
    for target in targets.ALL.values():
        assert [target.output(file) for file in target.files()] == list(target.recipe.outputs)


# Modules that may name built-in targets, and why.
_MAY_NAME = {
    "cli/__init__.py": "the command that is called as what it prints is: doctor",
    "cli/demo.py": "it builds the wheel, and says so",
    "cli/demo_clients.py": "the client that shows what each of a demo's packages does",
    "prove/offer.py": "package managers, some of which are called as their format is",
    "prove/testbeds/system.py": "package managers, as above",
}


def test_no_module_is_a_list_of_targets() -> None:
    """A target is a recipe: Python that is keyed by a built-in one's name would leave all others out."""
    names = "|".join(targets.ALL)
    key = re.compile(rf"""["'](?:{names})["']: |== ["'](?:{names})["']""")
    found = {
        str(path.relative_to(ROOT / "builder"))
        for room in ("cli", "lifecycle", "pipeline", "prove", "release", "render", "diff")
        for path in (ROOT / "builder" / room).rglob("*.py")
        if key.search(path.read_text("utf-8"))
    }
    assert found == _MAY_NAME.keys()


# Where package managers are what it is about: how each finds its packages, on which site or registry.
_OF_PACKAGE_MANAGERS = {"formats", "repositories", "signing", "publish"}


def test_a_target_on_a_known_format_costs_no_python() -> None:
    """Arch's is a recipe: elsewhere its package manager is in the tables of these, and its name nowhere."""
    word = re.compile(r"\b(?:arch|pacman)\b")
    found = {
        str(path.relative_to(ROOT)): sorted({name.lower() for name in word.findall(path.read_text("utf-8"))})
        for path in (ROOT / "builder").rglob("*.py")
        if not _OF_PACKAGE_MANAGERS & {*path.parts}
    }
    assert {path: names for path, names in found.items() if names} == {
        "builder/model/packagemanagers.py": ["pacman"],
        "builder/prove/offer.py": ["pacman"],
        "builder/prove/testbeds/system.py": ["pacman"],
    }
    assert targets.ALL["arch"].recipe.manager == "pacman"
    assert [path.name for path in (ROOT / "templates" / "arch").glob("*.*")] == ["README.j2"]
