"""`trustpack batch plan`: what the next batch would make of each organisation."""

from __future__ import annotations

from typing import Annotated

import typer

from builder.cli import batch_workers as workers
from builder.cli import ending, environment, options

_FAILED = 1


def plan(
    orgs: workers.Orgs,
    *,
    out: Annotated[
        str, typer.Option(help="The folder or the bucket of the releases before.", metavar="<path|s3://…>")
    ] = "dist",
    target: options.Targets = None,
    only: workers.Only = None,
    jobs: workers.Jobs = None,
    scheduler: workers.Scheduler = None,
    tls_ca_file: workers.TlsCaFile = None,
    tls_cert: workers.TlsCert = None,
    tls_key: workers.TlsKey = None,
    allow_urls: workers.AllowUrls = False,
    allow_recipes: workers.AllowRecipes = False,
    form: options.Form = None,
    json: options.Json = False,
    quiet: workers.Quiet = False,
    now: options.Now = None,
) -> None:
    """Show what the next batch would add and remove, and what each organisation's plan warns of.

    Of those that it would skip, it only counts how many there are. Exits with 0, with 1 where a plan warns or
    an organisation would fail. Writes nothing.
    """
    from builder.batch import places
    from builder.batch import plan as planning
    from builder.batch.build import BatchOrder

    as_json = options.chosen(form, json=json) == "json"
    pool = workers.Cluster(jobs, scheduler, tls_ca_file, tls_cert, tls_key).pool()
    order = BatchOrder(
        now=environment.clock(now),
        source_date_epoch=environment.source_date_epoch(),
        targets=target,
        only=only,
        allow_urls=allow_urls,
        allow_recipes=allow_recipes,
    )
    with (
        ending.alike(),
        places.orgs(orgs, workers.bucket) as place,
        places.outputs(out, workers.bucket) as before,
        workers.progress(shown=not (quiet or as_json)) as step,
    ):
        report = planning.plan(place, before, order, pool, progress=step)
    typer.echo(report.as_json() if as_json else report.as_text(), nl=False)
    if report.wants_attention:
        raise typer.Exit(_FAILED)
