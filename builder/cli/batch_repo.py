"""`trustpack batch repo`: a signed site for each of many organisations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from builder.cli import batch_workers as workers
from builder.cli import ending, environment, options

_FAILED = 1


def repo(
    orgs: workers.Orgs,
    *,
    keys: Annotated[
        Path,
        typer.Option(
            help="The folder with a folder of keys for each, as 'trustpack keys new' makes it.",
            parser=options.path,
            metavar="<path>",
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="The folder of the releases.", parser=options.path, metavar="<path>")
    ] = Path("dist"),
    site: Annotated[
        Path, typer.Option(help="The folder of the sites.", parser=options.path, metavar="<path>")
    ] = Path("sites"),
    url: Annotated[
        str | None,
        typer.Option(help="Where all sites are served, each below its name.  [default: each one's site:]"),
    ] = None,
    password_file: options.KeyPasswordFile = None,
    only: workers.Only = None,
    jobs: workers.Jobs = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing, and say what would be published.")
    ] = False,
    form: options.Form = None,
    json: options.Json = False,
    quiet: workers.Quiet = False,
    now: options.Now = None,
) -> None:
    """Put each organisation's release on a signed site of its own: SITES/ORG, by the keys in KEYS/ORG.

    As 'trustpack repo build' does it for one. What is signed with is no organisation's choice, and signing is
    done by processes of this machine. One without keys, or without a release, fails alone: the status is 1.
    """
    from builder.batch import places
    from builder.batch import repo as sites
    from builder.config import address

    as_json = options.chosen(form, json=json) == "json"
    order = sites.SitesOrder(
        out=out,
        sites=site,
        keys=keys,
        now=int(environment.clock(now).timestamp()),
        url=address(url, "--url") if url is not None else "",
        passwords=environment.key_passwords(password_file).given,
        dry_run=dry_run,
    )
    with (
        ending.alike(),
        places.orgs(orgs, workers.bucket) as place,
        workers.progress(shown=not (quiet or as_json)) as step,
    ):
        report = sites.repo(place, order, jobs=jobs or workers.processors(), only=only, progress=step)
    typer.echo(report.as_json() if as_json else report.as_text(), nl=False)
    if report.faults:
        raise typer.Exit(_FAILED)
