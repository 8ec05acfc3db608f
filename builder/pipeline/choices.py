"""What a configuration chooses of targets: that they are there, and offer what is chosen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from builder import render
from builder.errors import ConfigError
from builder.render import recipe
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.model import Organisation
    from builder.pipeline.project import Project


def check_mentioned(project: Project, available: Mapping[str, recipe.RecipeSource]) -> None:
    """Raise ConfigError, with file and line, for a target that no recipe makes."""
    for key in ("targets", "names", "settings"):
        mentioned = [
            name for name in getattr(project.config, key) or () if (key, name) != ("targets", recipe.ALL)
        ]
        recipe.check(dict(available), mentioned, partial(_where, project, key))


def check_chosen(project: Project, owner: Organisation, sources: Iterable[recipe.RecipeSource]) -> None:
    """Raise ConfigError, with file and line, for a name or a setting that a target does not have."""
    for source in sources:
        what, target = recipe.read(source), source.target
        try:
            if target in project.config.names:
                key = "names"
                render.check_name(what, owner, project.config.names[target])
            if target in project.config.settings:
                key = "settings"
                recipe.choose(what, project.config.settings[target])
        except ConfigError as error:
            raise ConfigError(f"{project.where((key, target))}: {error}", hint=error.hint) from None


def _where(project: Project, key: str, target: str) -> str:
    return f"{project.where((key, target))}: {key}.{visible(target)}"
