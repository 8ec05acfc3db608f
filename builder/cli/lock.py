"""`trustpack lock`: show how the bundle differs from trustpack.lock, and write it down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options

if TYPE_CHECKING:
    from builder.lifecycle.lock import Lock

_DIFFERS = 1


def lock(
    *,
    config: options.Config = None,
    release: Annotated[
        str | None, typer.Option(help="The new release's version.  [default: the UTC date]")
    ] = None,
    again: Annotated[
        bool, typer.Option("--bump", help="Make a new release of unchanged certificates, too.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if the lock is not up to date.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the change, write nothing.")] = False,
    password_file: options.PasswordFile = None,
    now: options.Now = None,
) -> None:
    """Show what changes in the bundle, and write trustpack.lock.

    It lies beside trustpack.yaml. With a lock, a build refuses other certificates than it lists and takes its
    release from it: unchanged certificates keep their version. Changed ones get a new release, named when the
    lock is written; --bump makes one where only texts, names or recipes have changed. Review it like code.
    """
    from builder.lifecycle import lockfile
    from builder.lifecycle.lock import FILE_NAME
    from builder.pipeline.plan import following
    from builder.release.atomic import write

    project = environment.project(config=config, now=now)
    old = project.lock
    bundle = environment.accepted(project, password_file=password_file)
    new = following(project, bundle, release=release, again=again)
    file = project.lock_file or Path(FILE_NAME)
    _show(old, new, file)
    if new == old:
        return
    if check:
        raise typer.Exit(_DIFFERS)
    if not dry_run:
        write(file, lockfile.to_text(new))


def _show(old: Lock | None, new: Lock, file: Path) -> None:
    from builder.lifecycle.lock import compare
    from builder.text.quoting import visible

    if new == old:
        typer.echo(visible(f"{file}: is up to date: release {new.release.text}"))
        return
    for line in compare(old.certificates if old else (), new.certificates).lines:
        typer.echo(line)
    before = f", was {old.release.text}" if old else ""
    same = old is not None and old.history == new.history
    said = f"release {new.release.text} stays" if same else f"release {new.release.text}{before}"
    typer.echo(visible(f"{file}: {said}"))
