"""`trustpack batch verify`: whether the releases of many organisations are what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from builder.cli import batch_workers as workers
from builder.cli import ending, environment, options
from builder.errors import UsageError

_DIFFERS = 1


def verify(
    out: Annotated[
        Path,
        typer.Argument(help="The folder with a release's folder for each.", metavar="[<folder>]"),
    ] = Path("dist"),
    *,
    keys: Annotated[
        Path | None,
        typer.Option(
            help="A folder with public keys of each organisation: a folder of its name, or ORG.asc.",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="There are no signatures, or none that you can verify.")
    ] = False,
    only: workers.Only = None,
    jobs: workers.Jobs = None,
    form: options.Form = None,
    json: options.Json = False,
    quiet: workers.Quiet = False,
    now: options.Now = None,
) -> None:
    """Verify the release of each organisation, as 'trustpack verify' does, without trusting who made it.

    One that batch.json tells of and that is not there is a fault. Exits with 0 where nothing differs, with 1
    where something does, or a release could not be verified.
    """
    from builder.batch import verify as verifying

    as_json = options.chosen(form, json=json) == "json"
    if (keys is not None) == unsigned:
        raise UsageError(
            "--keys and --unsigned: give one of them",
            hint="--keys FOLDER verifies signatures; with --unsigned nobody vouches for a release but itself",
        )
    with ending.alike(), workers.progress(shown=not (quiet or as_json)) as step:
        report = verifying.verify(
            out,
            keys,
            now=environment.clock(now),
            jobs=jobs or workers.processors(),
            only=only,
            progress=step,
        )
    typer.echo(report.as_json() if as_json else report.as_text(), nl=False)
    if not report.holds:
        raise typer.Exit(_DIFFERS)
