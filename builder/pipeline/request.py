"""A build request: what a project's accepted bundle is built into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.config import organisation
from builder.lifecycle.history import revisions
from builder.pipeline.accept import locked
from builder.pipeline.choices import check_chosen, check_mentioned
from builder.pipeline.domains import refuse_unkept
from builder.pipeline.names import refuse_shared
from builder.render import recipe

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from builder.lifecycle.states import Lifecycle
    from builder.model import Bundle, Organisation, Release, Revision
    from builder.pipeline.project import Project


class BuildRequest(msgspec.Struct, frozen=True):
    """What to build: for whom, from what, and for which targets.

    `history` is what packages' changelogs tell; without it, they tell of this release alone.
    Without `release` the version is `today`, with a counter when today's has other content.
    `source_date_epoch` is in seconds since 1970. `lifecycle` has the states that the manifest tells.
    """

    organisation: Organisation
    bundle: Bundle
    sources: Sequence[recipe.RecipeSource]
    today: dt.date
    release: Release | None = None
    source_date_epoch: int | None = None
    history: tuple[Revision, ...] = ()
    names: Mapping[str, str] = msgspec.field(default_factory=dict)
    settings: Mapping[str, Mapping[str, str]] = msgspec.field(default_factory=dict)
    lifecycle: Lifecycle | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What those who wrote the recipes should know, with file and line."""
        return tuple(text for source in self.sources for text in recipe.read(source).warnings)


def request(
    project: Project,
    bundle: Bundle,
    *,
    targets: list[str] | None = None,
    release: str | None = None,
    anchor: str = "",
) -> BuildRequest:
    """Return the request for a project's bundle; `targets` and `release` replace the configuration's.

    `anchor` is the digest of what must be among the lock's approvals; empty for none. Raises UsageError,
    ConfigError with file and line, ReleaseError, or LockError where the lock does not fit or is not approved.
    """
    chosen = project.config
    available = recipe.sources(project.beside)
    check_mentioned(project, available)
    sources = recipe.select(available, targets or chosen.targets)
    owner = organisation(chosen)
    check_chosen(project, owner, sources)
    refuse_shared(project, sources)
    refuse_unkept(project, bundle, sources)
    return BuildRequest(
        organisation=owner,
        bundle=bundle,
        sources=sources,
        today=project.today,
        release=_release(project, bundle, owner, sources, release, anchor),
        source_date_epoch=project.source_date_epoch,
        history=revisions(project.lock.history) if project.lock else (),
        names=chosen.names,
        settings=chosen.settings,
        lifecycle=project.lifecycle,
    )


def _release(
    project: Project,
    bundle: Bundle,
    owner: Organisation,
    sources: Sequence[recipe.RecipeSource],
    release: str | None,
    anchor: str,
) -> Release | None:
    chosen = locked(project, bundle, release=release, anchor=anchor)
    if project.lock and chosen:
        from builder.pipeline.versions import refuse_lower  # a build without a lock does without it

        refuse_lower(project, owner, sources, chosen)
    return chosen
