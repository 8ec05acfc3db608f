"""`trustpack plan`: what the next release adds and removes, and whether the rotation overlaps enough."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options

if TYPE_CHECKING:
    from builder.model import CertificateSummary, State
    from builder.release.manifest import Manifest

_WARNED = 1


def plan(
    *,
    config: options.Config = None,
    out: Annotated[Path, typer.Option(help="The release to compare with where there is no lock.")] = Path(
        "dist"
    ),
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    password_file: options.PasswordFile = None,
    now: options.Now = None,
) -> None:
    """Show what the next release adds and removes.

    Compared with trustpack.lock, or with the release in dist/. Warns where an overlap is missing: a new root
    must be out for `lifecycle.overlap` (30d) before its issuer is used, and before the CA that it succeeds is
    removed or expires. With distrusted CAs, says what each target can do about them. Exits with 0, with 1
    where it warns, 2 or more for an error. Writes nothing.
    """
    from builder.lifecycle import lock as locks
    from builder.lifecycle import plan as plans
    from builder.release import manifest as manifests
    from builder.render import recipe

    project = environment.project(config=config, now=now)
    stages, lock = project.lifecycle, project.lock
    bundle = environment.accepted(project, password_file=password_file, quiet=True)
    new = locks.describe(bundle, stages)
    manifest = None if lock else manifests.read_manifest(out)
    following = locks.advance(
        lock,
        new,
        organisation=project.slug,
        today=project.today,
        wanted=project.release(),
    )
    sources = recipe.select(recipe.sources(project.beside), project.config.targets)
    found = plans.make(
        lock.certificates if lock else _released(manifest),
        new,
        lock=lock,
        before=lock.release.text if lock else manifest.release if manifest else "",
        release=following.release.text,
        lifecycle=stages,
        distrust={source.target: recipe.read(source).distrust for source in sources},
        today=project.today,
    )
    typer.echo((plans.as_json if json else plans.as_text)(found), nl=False)
    raise typer.Exit(_WARNED if found.warnings else 0)


def _released(manifest: Manifest | None) -> list[CertificateSummary]:
    """Return the certificates of a release as a lock lists them; of what is shipped, it knows no states."""
    from builder.model import CertificateSummary

    trusted, distrusted = (manifest.certificates, manifest.distrusted) if manifest else ((), ())
    states: list[tuple[CertificateSummary, State]] = [
        *((item, "active") for item in trusted),
        *((item, "distrusted") for item in distrusted),
    ]
    return [
        CertificateSummary(
            sha256=item.sha256,
            subject=item.subject,
            not_before=item.not_before,
            not_after=item.not_after,
            state=state,
        )
        for item, state in states
    ]
