"""Testbeds: where packages are proven, one module for each kind that a recipe may name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from builder.render import recipe as recipes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from builder.model import Recipe
    from builder.prove.case import Case
    from builder.prove.testbed import Testbed
    from builder.render.recipe import RecipeSource


class Opener(Protocol):
    """A testbed's module.

    `NAMES` has every client it can ask, there or not; `SECONDS` is how long it takes to be made, and how long
    each client, on a machine of two cores.
    """

    NAMES: tuple[str, ...]
    SECONDS: tuple[float, float]

    def fetched(self, only: frozenset[str]) -> tuple[str, ...]:
        """Return what is fetched for the clients in `only` (empty: for all)."""
        ...

    def open_testbed(
        self,
        *,
        recipe: Recipe,
        name: str,
        settings: Mapping[str, str],
        root: Path | None,
        folder: Path,
        offline: bool,
        only: frozenset[str],
    ) -> AbstractContextManager[Testbed]:
        """Open a clean testbed for a recipe's package, called `name`, which is not yet installed in it.

        `name` is the manifest entry's: what the target's package manager calls the package. `settings` are
        the recipe's choices: a promise that was not made is not proven. `root` is the unpacked
        system of --root (None: not given; language targets ignore it). `folder` is empty, the testbed's own,
        and removed afterwards. With `offline` nothing is fetched: what is not there is absent.
        `only` names the clients asked for (empty: all), so that nothing needs be prepared for others.

        The testbed's install and upgrade get the path of the target's last artifact in the recipe's order;
        its other artifacts lie beside it (a formula stands last, beside its archive and its bottle).
        The testbed's run is called from several threads at once, but not while it installs or removes.

        Raises ToolError where the testbed cannot be made because something is missing: the target is then
        reported as absent, with the error's words. Any other TrustpackError ends the proof.
        """
        ...


def opener(recipe: Recipe) -> Opener | None:
    """Return the module that opens testbeds for a recipe's target, or None where the recipe names none."""
    # By name, so that proving one target imports what that target needs.
    return cast("Opener", import_module(f"{__name__}.{recipe.testbed}")) if recipe.testbed else None


def open_for(
    case: Case, source: RecipeSource, module: Opener, folder: Path
) -> AbstractContextManager[Testbed]:
    """Open the testbed of a case's target in an empty folder, as its module does."""
    recipe = recipes.read(source)
    return module.open_testbed(
        recipe=recipe,
        name=next(entry.name for entry in case.manifest.artifacts if entry.target == source.target),
        settings=recipes.choose(recipe, dict(case.settings.get(source.target, {}))),
        root=case.root,
        folder=folder,
        offline=case.offline,
        only=case.clients,
    )


def names(known: Iterable[Recipe]) -> tuple[str, ...]:
    """Return the names of the clients that these recipes' testbeds can ask, each once."""
    modules = {recipe.testbed: opener(recipe) for recipe in known}
    return tuple(dict.fromkeys(name for module in modules.values() if module for name in module.NAMES))
