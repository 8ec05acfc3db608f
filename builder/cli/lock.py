"""`trustpack lock`: show how the bundle differs from trustpack.lock, and write it down."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.lifecycle.lock import Lock
    from builder.pipeline.project import Project

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
    change_scheme: options.ChangeScheme = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the change, write nothing.")] = False,
    password_file: options.PasswordFile = None,
    now: options.Now = None,
) -> None:
    """Show what changes in the bundle, and write trustpack.lock.

    It lies beside trustpack.yaml. With a lock, a build refuses other certificates than it lists and takes its
    release from it: unchanged certificates keep their version. Changed ones get a new release, named when the
    lock is written. Texts, names, settings and recipes are pinned, too: where only they have changed, --bump
    makes one. What 'trustpack plan' warns of is shown, and stops it where lifecycle.fail_on says so.
    Review the lock like code.
    """
    from builder.lifecycle import lockfile
    from builder.lifecycle.lock import FILE_NAME
    from builder.model.release import one_way
    from builder.pipeline.plan import following, unbumped, warnings
    from builder.release.atomic import write

    project = environment.project(config=config, now=now)
    file = project.lock_file or Path(FILE_NAME)
    writing = not (check or dry_run)
    with _alone(file.parent, writing=writing):
        old = project.lock
        bundle = environment.accepted(project, password_file=password_file)
        if old and not again and (parts := unbumped(project, bundle, release=release)):
            _refuse_without_bump(old, project, parts, file, check=check)
        new = following(project, bundle, release=release, again=again)
        environment.heed(project, warnings(project, bundle))
        if writing and new != old:
            if old:
                environment.agree_to_scheme(old.release, new.release, given=change_scheme)
            write(file, lockfile.to_text(new))
        elif old:
            environment.warn(filter(None, [one_way(old.release, new.release)]))
        _show(old, new, file)
        if check and _differs(old, new):
            raise typer.Exit(_DIFFERS)


@contextlib.contextmanager
def _alone(folder: Path, *, writing: bool) -> Iterator[None]:
    """Keep other runs out from before the lock is read until it is written: one of the two would be lost."""
    from builder.release import atomic

    if not writing:
        yield
        return
    atomic.clear_up(folder)
    with atomic.alone(folder, "another 'trustpack lock' is running here"):
        yield


def _refuse_without_bump(
    old: Lock, project: Project, parts: tuple[str, ...], file: Path, *, check: bool
) -> None:
    from builder.lifecycle import lock as locks
    from builder.lifecycle.packaging import told
    from builder.pipeline.packaging import packaging
    from builder.text.quoting import visible

    if not check:
        locks.refuse_other_packaging(old, packaging(project), str(file))
    typer.echo(f"~ how packages are made: {told(parts)}")
    said = f"release {old.release.text} needs a new one: 'trustpack lock --bump' makes it"
    typer.echo(visible(f"{file}: {said}"))
    raise typer.Exit(_DIFFERS)


def _differs(old: Lock | None, new: Lock) -> bool:
    """Tell whether the lock is not up to date; one that does not pin the packaging yet is."""
    from msgspec.structs import replace

    if old is None or old.packaging:
        return new != old
    unpinned = replace(new.history[0], packaging="")
    return replace(new, packaging=None, history=(unpinned, *new.history[1:])) != old


def _show(old: Lock | None, new: Lock, file: Path) -> None:
    from builder.lifecycle.lock import compare
    from builder.lifecycle.packaging import told
    from builder.pipeline.plan import changed
    from builder.text.quoting import visible

    if not _differs(old, new):
        pins = "" if new == old else ", which does not pin yet how packages are made"
        typer.echo(visible(f"{file}: is up to date: release {new.release.text}{pins}"))
        return
    for line in compare(old.certificates if old else (), new.certificates).lines:
        typer.echo(line)
    if parts := changed(old, new):
        typer.echo(f"~ how packages are made: {told(parts)}")
    before = f", was {old.release.text}" if old else ""
    same = old is not None and old.release == new.release
    said = f"release {new.release.text} stays" if same else f"release {new.release.text}{before}"
    typer.echo(visible(f"{file}: {said}"))
