"""How a project's packages are made: what its lock pins beside the CAs."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import msgspec

from builder import PACKAGING_REVISION
from builder.config import organisation, private_markers
from builder.lifecycle.packaging import Packaging
from builder.pipeline.choices import check_chosen, check_mentioned
from builder.pipeline.names import package_name
from builder.render import recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.model import Organisation
    from builder.pipeline.project import Project

# Parts of their own, and what no template sees.
_NOT_OF_THE_OWNER = ("site", "npm_scope", "private", "defaulted")
_Sources = dict[str, recipe.RecipeSource]


def packaging(project: Project) -> Packaging:
    """Return how a project's packages are made; raises ConfigError where no build could make them.

    Not by its paths, its CAs' owners or which targets are built: no package differs by them. A value that
    says what is so without it counts for none.
    """
    chosen, available = project.config, recipe.sources(project.beside)
    owner = organisation(chosen)
    # What a build refuses, no lock pins.
    check_mentioned(project, available)
    check_chosen(project, owner, (available[target] for target in sorted({*chosen.names, *chosen.settings})))
    fields = msgspec.structs.asdict(owner)
    stages = project.lifecycle.stages.items()
    return Packaging(
        revision=str(PACKAGING_REVISION),
        organisation=_digest({key: fields[key] for key in fields if key not in _NOT_OF_THE_OWNER}),
        names=_digest(_names(available, chosen.names, owner)),
        settings=_digest(_settings(available, chosen.settings)),
        npm_scope=_digest(owner.npm_scope),
        site=_digest(owner.site),
        # Without the site, which is a part of its own.
        publish=_digest(msgspec.structs.asdict(private_markers(chosen.publish, owner.slug, ""))),
        recipes=_digest(_own(available)),
        reasons=_digest(
            {
                key: [stage.distrust.since, stage.distrust.evidence]
                for key, stage in stages
                if stage.state == "distrusted"
            }
        ),
    )


def _names(available: _Sources, names: Mapping[str, str], owner: Organisation) -> dict[str, str]:
    """Return the names that are not the recipes' own."""
    return {target: name for target, name in names.items() if name != package_name(available[target], owner)}


def _settings(available: _Sources, settings: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return the choices that are not the recipes' first ones."""
    found: dict[str, dict[str, str]] = {}
    for target, choices in settings.items():
        known = recipe.read(available[target]).offered
        for key, value in choices.items():
            if value != known[key].choices[0]:
                found.setdefault(target, {})[key] = value
    return found


def _own(available: _Sources) -> dict[str, str]:
    """Return the digest of each recipe beside trustpack.yaml; a copy of a built-in one is none."""
    built_in = recipe.sources()
    found: dict[str, str] = {}
    for target, source in available.items():
        if not recipe.built_in(source):
            digest = recipe.pin(source)
            if target not in built_in or digest != recipe.pin(built_in[target]):
                found[target] = digest
    return found


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("ascii")).hexdigest()
