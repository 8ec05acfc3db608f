"""The one list of the built-in targets for tests: each is read from its recipe, so a new one is found here.

What a recipe cannot say of itself is said here, with the reason: what a target has no place for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder import config
from builder.model import Bundle, Release
from builder.render import recipe, target_release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model import Output, Recipe
    from builder.render.recipe import RecipeSource

# A plain file is installed by nobody, and has no field for who made it.
NOT_PROVABLE = {
    "doctor": "it changes no trust: tests/doctor holds what it says to what clients do",
    "jks": "it replaces a JVM's own roots, which no proof allows",
    "kubernetes": "no API server runs here: tests/trust mounts what a kubelet would",
    "msi": "there is no Windows here: the long tests ask Wine, which only stands in for it",
    "mobileconfig": "there is no Mac and no iPhone here",
    "pem": "no package manager installs a file",
    "snippets": "texts are put into something of one's own: tests/trust runs those that can run here",
    "windows": "there is no Windows here: the long tests ask Wine, which only stands in for it",
}
NO_FIELDS = {
    "doctor": "an application of Python has no field for who made it",
    "go": "a module has a path and a version, and no field for who made it",
    "jks": "a store of certificates says nothing but them",
    "pem": "a file of certificates says nothing but them",
    "snippets": "an archive of texts has no fields of its own",
}
NO_CHANGELOG = {
    "jks": "'trustpack diff' compares two",
    "mobileconfig": "a profile has one description, and 'trustpack diff' compares two",
    "msi": "'trustpack diff' compares two",
    "pem": "'trustpack diff' compares two",
    "windows": "'trustpack diff' compares two",
}


@dataclass(frozen=True)
class Target:
    """One target: its recipe, and what an organisation's packages are called."""

    name: str
    recipe: Recipe
    source: RecipeSource

    def words(self, slug: str = "acme", release: str = "2026.10") -> Mapping[str, str]:
        """Return the placeholders' values for a release of an organisation that configured nothing."""
        owner = config.organisation(config.minimal(slug, ["roots.pem"]))
        found = target_release(
            self.recipe, self.source.templates, owner, Bundle(()), Release(release), epoch=0
        )
        return found.words

    def package(self, slug: str = "acme") -> str:
        """Return what the package is called."""
        return self.words(slug)["name"]

    def files(self, slug: str = "acme", release: str = "2026.10") -> list[str]:
        """Return the artifacts' file names, in the recipe's order."""
        words = dict(self.words(slug, release))
        return [recipe.fill(output.filename, words, self.name) for output in self.recipe.outputs]

    def output(self, file: str) -> Output:
        """Return the part of the recipe that makes an artifact: most of the name is that one's fixed text."""
        fixed = {output.id: re.split(r"\{[a-z_]+\}", output.filename) for output in self.recipe.outputs}
        fitting = [
            output
            for output in self.recipe.outputs
            if re.fullmatch(".+".join(map(re.escape, fixed[output.id])), file)
        ]
        return max(fitting, key=lambda output: len("".join(fixed[output.id])))


def _targets() -> dict[str, Target]:
    return {name: Target(name, recipe.read(source), source) for name, source in recipe.sources().items()}


ALL: Mapping[str, Target] = _targets()
BY_DEFAULT = [name for name, target in ALL.items() if target.recipe.default]
# What makes a build make every one of them.
OPTIONS = [word for name in ALL for word in ("--target", name)]


def table() -> str:
    """Return what is built, in Markdown: targets, files, where the roots go, and what is left to do."""
    rows = [
        (
            f"`{name}`" + ("" if target.recipe.default else " (if named)"),
            "<br>".join(f"`{file}`" for file in target.files()),
            target.recipe.store,
            target.recipe.activation,
        )
        for name, target in ALL.items()
    ]
    head = [("target", "file", "where the roots go", "activation"), ("---",) * 4]
    return "".join(f"| {' | '.join(row)} |\n" for row in (*head, *rows))
