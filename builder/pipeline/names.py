"""What the packages of a project's targets are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder import render
from builder.config import organisation
from builder.errors import ConfigError
from builder.model import Bundle, Release
from builder.pipeline.choices import check_chosen, check_mentioned
from builder.render import recipe
from builder.text.faults import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def refuse_shared(project: Project, sources: Iterable[recipe.RecipeSource]) -> None:
    """Raise ConfigError, with file and line, for a target whose packages have a sibling's name.

    A machine that has both would take either for a release of the other.
    """
    siblings = [(config, organisation(config)) for config in project.siblings]
    own, owner = project.config, organisation(project.config)
    for source in sources if siblings else ():
        target = source.target
        name = package_name(source, owner, own.names.get(target))
        for config, other in siblings:
            if _one(name) == _one(package_name(source, other, config.names.get(target))):
                key = ("names", target) if target in own.names else ("organisation", "slug")
                raise ConfigError(
                    f"{project.where(key)}: {target}: {shown(name)} is what {other.slug}'s are called, too",
                    hint=f"give a realm a name of its own, by names.{target} in it",
                )


def _one(name: str) -> str:
    """Return what is the same of two names that some package manager takes for one."""
    return re.sub(r"[-_.]+", "-", name.lower())


def package_name(source: recipe.RecipeSource, owner: Organisation, chosen: str | None = None) -> str:
    """Return what a target's packages are called: the name that is `chosen`, else the recipe's own."""
    what, nothing = recipe.read(source), Release("0")
    target = render.target_release(what, source.templates, owner, Bundle(()), nothing, epoch=0, name=chosen)
    return target.name
