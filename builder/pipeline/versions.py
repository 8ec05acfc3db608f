"""Versions that package managers would take for older ones, by the releases that a lock has had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder import render
from builder.errors import ReleaseError
from builder.model import Bundle, Release
from builder.model.release import sorts_below
from builder.render import recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.model import Organisation
    from builder.pipeline.project import Project


def refuse_lower(
    project: Project, owner: Organisation, sources: Sequence[recipe.RecipeSource], release: Release
) -> None:
    """Raise ReleaseError where the lock has had a release whose package clients would take for a newer one.

    A package of a configured name is left out: which name its earlier releases had is not known.
    """
    past = [Release(record.release) for record in project.lock.history] if project.lock else []
    if not any(one.is_old for one in past):
        return  # all are made by one rule, by which versions rise as releases do
    for source in sources:
        what = recipe.read(source)
        if source.target in project.config.names:
            continue
        new, *old = (
            render.target_release(what, source.templates, owner, Bundle(()), one, epoch=0)
            for one in (release, *past)
        )
        if higher := next((one.version for one in old if sorts_below(new.version, one.version)), None):
            raise ReleaseError(
                f"recipe {source.target}: {new.name} {new.version} sorts below {higher}, "
                f"which {project.lock_file} has released",
                hint=f"clients that have {higher} keep it, and its roots: give the package another name by "
                f"names.{source.target}; where none has it, write that release in the lock with two numbers",
            )
