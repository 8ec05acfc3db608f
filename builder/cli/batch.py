"""`trustpack batch`: what other commands do, for many organisations at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import batch_check, batch_plan, batch_repo, batch_verify, ending, environment, options
from builder.cli.batch_workers import (
    AllowRecipes,
    AllowUrls,
    Cluster,
    Jobs,
    Only,
    OpenMetrics,
    Orgs,
    Quiet,
    Scheduler,
    TlsCaFile,
    TlsCert,
    TlsKey,
    bucket,
    progress,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.batch.report import BatchReport
    from builder.cli.batch_workers import Step

app = typer.Typer(
    help="Build, check and publish the packages of many organisations.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("build")
def build(
    orgs: Orgs,
    *,
    out: Annotated[
        str, typer.Option(help="The folder or the bucket to build into.", metavar="<path|s3://…>")
    ] = "dist",
    target: options.Targets = None,
    only: Only = None,
    jobs: Jobs = None,
    scheduler: Scheduler = None,
    tls_ca_file: TlsCaFile = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    allow_urls: AllowUrls = False,
    allow_recipes: AllowRecipes = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Build nothing, and say what would be built.")
    ] = False,
    openmetrics: OpenMetrics = None,
    form: options.Form = None,
    json: options.Json = False,
    quiet: Quiet = False,
    now: options.Now = None,
) -> None:
    """Build the packages of many organisations, each as 'trustpack build' does.

    What has not changed is skipped. What is wrong with one organisation stops no other; the exit status is 1
    then, and OUT/batch.json says which ones and why.
    """
    from builder.batch import build as building
    from builder.batch import places
    from builder.release.atomic import write

    as_json = options.chosen(form, json=json) == "json"
    pool = Cluster(jobs, scheduler, tls_ca_file, tls_cert, tls_key).pool()
    places.refuse_inside(orgs, out)
    if openmetrics:
        places.refuse_there(openmetrics, orgs, out)
    order = building.BatchOrder(
        now=environment.clock(now),
        source_date_epoch=environment.source_date_epoch(),
        targets=target,
        only=only,
        allow_urls=allow_urls,
        allow_recipes=allow_recipes,
        dry_run=dry_run,
    )
    with (
        ending.alike(),
        places.orgs(orgs, bucket) as place,
        places.outputs(out, bucket) as into,
        progress(shown=not (quiet or as_json or dry_run)) as step,
    ):
        report = building.build(place, into, order, pool, progress=_telling(step))
    text = report.as_json() if as_json else report.as_text(dry_run=dry_run)
    typer.echo(text, nl=False)
    if openmetrics and not dry_run:
        write(openmetrics, report.as_openmetrics())
    if report.unkept:
        raise report.unkept
    if report.failed and not dry_run:
        raise typer.Exit(1)


app.command("check")(batch_check.check)
app.command("plan")(batch_plan.plan)
app.command("verify")(batch_verify.verify)
app.command("repo")(batch_repo.repo)


def _telling(step: Step) -> Callable[[BatchReport], None]:
    return lambda report: step(len(report.rows), report.total, _counted(report))


def _counted(report: BatchReport) -> str:
    return ", ".join(f"{count} {status}" for status, count in report.counts.items() if count)
