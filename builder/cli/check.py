"""`trustpack check`: which CAs expire soon, for cron and CI."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options

if TYPE_CHECKING:
    import datetime as dt

    from builder.diff.snapshot import TrustSnapshot
    from builder.pipeline.project import Project

_DUE = 1
_SPAN = re.compile(r"([0-9]{1,5})d?")


def check(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Bundles, locks, dist folders or packages; without any, trustpack.yaml's bundle."
        ),
    ] = None,
    *,
    config: options.Config = None,
    within: Annotated[str, typer.Option(help="How many days to look ahead, such as 90d.")] = "90d",
    form: options.Form = None,
    json: options.Json = False,
    prometheus: Annotated[
        Path | None, typer.Option(help="Write metrics for the textfile collector to this file, - to print.")
    ] = None,
    ics: Annotated[
        Path | None,
        typer.Option(help="Write a calendar of every certificate's end to this file, - to print."),
    ] = None,
    password_file: options.PasswordFile = None,
    now: options.Now = None,
) -> None:
    """Tell which CA certificates have expired or soon will.

    Judged by the real clock. Exits with 0 where none does, 1 where one does, 2 or more for an error.
    Distrusted CAs do not count. --prometheus and --ics replace their files whole, and list every certificate,
    due or not.
    """
    from builder.errors import UsageError
    from builder.lifecycle import expiry

    as_json = options.chosen(form, json=json) == "json"
    if [str(prometheus), str(ics), "-" * as_json].count("-") > 1:
        raise UsageError("--prometheus -, --ics - and --json: only one of them can be printed")
    span = _span(within)
    project = environment.project(config=config, now=now) if not inputs else None
    moment = project.now if project else environment.clock(now)
    expiries = expiry.judge(_snapshots(inputs or [], project, password_file), now=moment, within=span)
    printed = Path("-") in (prometheus, ics)
    if prometheus:
        _put(prometheus, expiry.as_prometheus(expiries, now=moment, within=span))
    if ics:
        _put(ics, expiry.as_ics(expiries, now=moment, within=span))
    if as_json:
        typer.echo(expiry.as_json(expiries, now=moment, within=span), nl=False)
    elif not printed:
        typer.echo(expiry.as_text(expiries, within=span), nl=False)
    raise typer.Exit(_DUE if any(one.due for one in expiries) else 0)


def _snapshots(inputs: list[str], project: Project | None, password_file: Path | None) -> list[TrustSnapshot]:
    """Return what is named; without anything, the bundle as it would be shipped but for what lint refuses."""
    from dataclasses import replace

    from builder.diff.read import take
    from builder.diff.snapshot import of_bundle
    from builder.pipeline.accept import survey

    access = environment.access(password_file)
    if project is None:
        return [take(name, access) for name in inputs]
    found = of_bundle(str(project.file), survey(project, access=access), project.lifecycle)
    return [replace(found, organisation=project.slug)]


def _span(text: str) -> dt.timedelta:
    import datetime as dt

    from builder.errors import UsageError

    found = _SPAN.fullmatch(text)
    if found is None:
        most = " up to 99999" if text.rstrip("d").isdigit() else ""
        raise UsageError(f"--within '{text}': is not a number of days{most}", hint="write it like 90d")
    return dt.timedelta(days=int(found[1]))


def _put(file: Path, text: str) -> None:
    """Write a file, or print where it is `-`."""
    from builder.release.atomic import write

    if str(file) == "-":
        typer.echo(text.encode("utf-8"), nl=False)
    else:
        write(file, text)
