"""`trustpack lock`: show how the bundle differs from trustpack.lock, and write it down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder.cli import environment, options

if TYPE_CHECKING:
    from builder.lifecycle.lock import Lock
    from builder.model import CertificateSummary

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
    form: options.Form = None,
    json: options.Json = False,
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

    as_json = options.chosen(form, json=json) == "json"
    project = environment.project(config=config, now=now)
    old = project.lock
    bundle = environment.accepted(project, password_file=password_file)
    new = following(project, bundle, release=release, again=again)
    file = project.lock_file or Path(FILE_NAME)
    writing = new != old and not (check or dry_run)
    if writing:
        write(file, lockfile.to_text(new))
    if as_json:
        _print_json(old, new, file, written=writing)
    else:
        _show(old, new, file)
    if check and new != old:
        raise typer.Exit(_DIFFERS)


def _print_json(old: Lock | None, new: Lock, file: Path, *, written: bool) -> None:
    from builder.lifecycle.lock import compare
    from builder.text.printed import printed

    change = compare(old.certificates if old else (), new.certificates)
    value = {
        "file": str(file),
        "before": old.release.text if old else "",
        "release": new.release.text,
        "up_to_date": new == old,
        "written": written,
        "added": [_value(item) for item in change.added],
        "removed": [_value(item) for item in change.removed],
        "moved": [_value(item) | {"state_before": before.state} for before, item in change.moved],
    }
    typer.echo(printed(value), nl=False)


def _value(item: CertificateSummary) -> dict[str, Any]:
    import msgspec

    value: dict[str, Any] = msgspec.to_builtins(item)
    return value


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
