"""What a project's next release is: the lock that follows, and the plan that leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from builder.lifecycle import lock as locks
from builder.lifecycle import plan as plans
from builder.release import manifest as manifests
from builder.render import recipe

if TYPE_CHECKING:
    from pathlib import Path

    from builder.lifecycle.lock import Lock
    from builder.lifecycle.plan import Plan
    from builder.model import Bundle, CertificateSummary
    from builder.pipeline.project import Project
    from builder.release.manifest import Manifest


def following(project: Project, bundle: Bundle, *, release: str | None = None, again: bool = False) -> Lock:
    """Return the lock that a project's bundle leads to; raises ReleaseError, LockError or ConfigError.

    It has a new release where the content is new, or `again` is set: `release`, else the configuration's.
    """
    return locks.advance(
        project.lock,
        locks.describe(bundle, project.lifecycle),
        organisation=project.slug,
        today=project.today,
        wanted=project.release(release),
        again=again,
    )


def plan(project: Project, bundle: Bundle, out: Path) -> Plan:
    """Return what the next release changes since the lock's or, without a lock, since the one in `out`."""
    lock = project.lock
    manifest = None if lock else manifests.read_manifest(out)
    new = following(project, bundle)
    sources = recipe.select(recipe.sources(project.beside), project.config.targets)
    return plans.make(
        lock.certificates if lock else _released(manifest),
        new.certificates,
        lock=lock,
        before=lock.release.text if lock else manifest.release if manifest else "",
        release=new.release.text,
        lifecycle=project.lifecycle,
        distrust={source.target: recipe.read(source).distrust for source in sources},
        today=project.today,
    )


def _released(manifest: Manifest | None) -> list[CertificateSummary]:
    """Return the certificates of a release with states; of what is shipped, it knows no others."""
    if manifest is None:
        return []
    return [
        *(replace(item, state="active") for item in manifest.certificates),
        *(replace(item, state="distrusted") for item in manifest.distrusted),
    ]
