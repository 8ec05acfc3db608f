"""The JSON Schema of recipes: editors mark what a build would refuse, and nothing that it takes."""

import importlib
import os
from typing import Any, get_args

import msgspec
import pytest
import yaml

from builder.model import TestbedName
from builder.model.packagemanagers import MANAGERS
from builder.prove import testbeds
from builder.render import recipe, recipe_file
from tests.targets import NOT_PROVABLE
from tests.unit import bundles

RECIPE = bundles.MINIMAL_RECIPE


def complaints(text: str) -> list[str]:
    """Return where the schema finds fault with a recipe that an editor reads, by the jsonschema library."""
    try:
        jsonschema = importlib.import_module("jsonschema")
    except ImportError:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain("jsonschema is not installed; tests/run installs it")
    validator = jsonschema.Draft202012Validator(recipe_file.schema())
    validator.check_schema(recipe_file.schema())
    return [error.json_path for error in validator.iter_errors(yaml.safe_load(text))]


@pytest.mark.parametrize("source", recipe.sources().values(), ids=recipe.sources())
def test_the_schema_accepts_every_built_in_recipe(source: recipe.RecipeSource) -> None:
    """Nothing is said against what ships."""
    assert complaints(source.file.read_text("utf-8")) == []


@pytest.mark.parametrize("more", ["", "default: false\n", "testbed: system\nmanager: apt\n"])
def test_the_schema_accepts_what_a_build_accepts(more: str) -> None:
    """A recipe with the keys that must be there, and with others."""
    assert complaints(RECIPE + more) == []


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("title:", "titel:", "$"),
        ("install: tar xf {filename}\n", "", "$"),
        ("content: bundle", "contnet: bundle", "$.outputs[0].files[0]"),
        ("content: bundle", "content: bundel", "$.outputs[0].files[0].content"),
        ("content: bundle", "content: bundle\n        mode: 644", "$.outputs[0].files[0].mode"),
        ("content: bundle", 'content: bundle\n        mode: "644"', "$.outputs[0].files[0].mode"),
        ("title:", "testbed: windows\ntitle:", "$.testbed"),
        ("title:", "testbed: system\nmanager: atp\ntitle:", "$.manager"),
        ("title:", "default: perhaps\ntitle:", "$.default"),
        ("title:", 'distrust: "two\\nlines"\ntitle:', "$.distrust"),
    ],
)
def test_the_schema_refuses_what_a_build_refuses(old: str, new: str, path: str) -> None:
    """Keys that are missing or unknown, and values that no build takes."""
    assert path in complaints(RECIPE.replace(old, new))


def test_every_key_is_described() -> None:
    """An editor shows what each is for."""
    nameless = [
        f"{name}.{key}"
        for name, section in recipe_file.schema()["$defs"].items()
        for key, value in section["properties"].items()
        if not any(part.get("description") for part in (value, *value.get("anyOf", ())))
    ]
    assert nameless == []


def _patterns(value: Any) -> list[Any]:
    if isinstance(value, dict):
        own = [value] if isinstance(value.get("pattern"), str) else []
        return own + [found for item in value.values() for found in _patterns(item)]
    return [found for item in value for found in _patterns(item)] if isinstance(value, list) else []


def test_every_pattern_is_described_in_words() -> None:
    """A value that it refuses is answered with them."""
    found = _patterns(recipe_file.schema())
    assert found != []
    assert [part for part in found if not part.get("description")] == []


@pytest.mark.parametrize("target", recipe.sources())
def test_every_built_in_recipe_says_all_that_it_can(target: str) -> None:
    """Where it is proven, what distrust does, what names are allowed, and what the README's table shows."""
    what = recipe.read(recipe.sources()[target])
    section = yaml.safe_load(recipe.sources()[target].file.read_text("utf-8"))
    assert section.keys() >= {"distrust", "name_rule", "store", "activation"}
    assert (what.testbed is None) is (target in NOT_PROVABLE)


def test_a_recipe_may_name_every_testbed_that_there_is() -> None:
    """Each is a module that opens one, and what people may name has one each."""
    source = recipe.sources()["deb"]
    for testbed in get_args(TestbedName):
        what = msgspec.structs.replace(recipe.read(source), testbed=testbed)
        assert callable(getattr(testbeds.opener(what), "open_testbed", None))


def test_every_package_manager_is_whole() -> None:
    """Each has a program at least, and each program's commands begin with it."""
    for manager in MANAGERS.values():
        assert manager.programs
        for commands in manager.programs:
            each = (commands.install, commands.upgrade, commands.remove)
            assert {words[0] for words in each} == {commands.program}
