"""`trustpack batch check`: which CAs of many organisations end soon."""

from __future__ import annotations

from typing import Annotated

import typer

from builder.cli import batch_workers as workers
from builder.cli import ending, environment, options

_DUE = 1


def check(
    orgs: workers.Orgs,
    *,
    within: Annotated[str, typer.Option(help="How many days to look ahead.", metavar="<days>")] = "90d",
    only: workers.Only = None,
    jobs: workers.Jobs = None,
    scheduler: workers.Scheduler = None,
    tls_ca_file: workers.TlsCaFile = None,
    tls_cert: workers.TlsCert = None,
    tls_key: workers.TlsKey = None,
    allow_urls: workers.AllowUrls = False,
    allow_recipes: workers.AllowRecipes = False,
    openmetrics: workers.OpenMetrics = None,
    form: options.Form = None,
    json: options.Json = False,
    quiet: workers.Quiet = False,
    now: options.Now = None,
) -> None:
    """Tell which CAs of many organisations have expired or soon will, or are to be removed.

    In the order of their ends. Exits with 0 where none does, 1 where one does, or where an organisation could
    not be looked at. Distrusted CAs do not count.
    """
    from builder.batch import check as checking
    from builder.batch import places
    from builder.batch.job import JobSettings
    from builder.batch.product import product
    from builder.release.atomic import write

    as_json = options.chosen(form, json=json) == "json"
    span = options.days(within)
    if openmetrics:
        places.refuse_there(openmetrics, orgs)
    pool = workers.Cluster(jobs, scheduler, tls_ca_file, tls_cert, tls_key).pool()
    with (
        ending.alike(),
        places.orgs(orgs, workers.bucket) as place,
        workers.progress(shown=not (quiet or as_json)) as step,
    ):
        settings = JobSettings(
            verb="checking",
            orgs=place.name,
            now=environment.clock(now),
            product=product(),
            allow_urls=allow_urls,
            allow_recipes=allow_recipes,
        )
        report = checking.check(place, settings, pool, within=span, only=only, progress=step)
    typer.echo(report.as_json() if as_json else report.as_text(), nl=False)
    if openmetrics:
        write(openmetrics, report.as_openmetrics())
    if report.due or report.faults:
        raise typer.Exit(_DUE)
