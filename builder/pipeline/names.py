"""What the packages of a project's targets are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder import render
from builder.config import organisation
from builder.model import Bundle, Release
from builder.pipeline.choices import check_chosen, check_mentioned
from builder.render import recipe

if TYPE_CHECKING:
    from builder.model import Organisation, Recipe
    from builder.pipeline.project import Project


def package_names(project: Project) -> list[tuple[Recipe, str]]:
    """Return each target's recipe and its packages' name; raise ConfigError or UsageError as a build does."""
    available = recipe.sources(project.beside)
    check_mentioned(project, available)
    owner, sources = organisation(project.config), recipe.select(available, project.config.targets)
    check_chosen(project, owner, sources)
    chosen = project.config.names
    return [
        (recipe.read(source), package_name(source, owner, chosen.get(source.target))) for source in sources
    ]


def package_name(source: recipe.RecipeSource, owner: Organisation, chosen: str | None = None) -> str:
    """Return what a target's packages are called: the name that is `chosen`, else the recipe's own."""
    what, nothing = recipe.read(source), Release("0")
    target = render.target_release(what, source.templates, owner, Bundle(()), nothing, epoch=0, name=chosen)
    return target.name
