"""`trustpack batch`: what other commands do, for many organisations at once."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options
from builder.cli.messages import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from builder.batch.engine import Pool
    from builder.batch.report import BatchReport

_EVERY = 5.0  # seconds between two lines of progress

app = typer.Typer(
    help="Build the packages of many organisations.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _batch() -> None:
    pass


@app.command("build")
def build(
    orgs: Annotated[
        Path,
        typer.Argument(
            help="The folder with a folder for each organisation: trustpack.yaml and what belongs to it.",
            metavar="<folder>",
        ),
    ],
    *,
    out: Annotated[
        Path, typer.Option(help="The folder to build into.", parser=options.path, metavar="<path>")
    ] = Path("dist"),
    target: options.Targets = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="Only these organisations: separated by commas, or one each time the option is given.",
            metavar="<slug>",
            callback=options.several,
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=512, help="How many processes build.  [default: one a processor]")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Build on the cluster of this Dask scheduler: tls://HOST:PORT.", metavar="<address>"
        ),
    ] = None,
    tls_ca_file: Annotated[
        Path | None,
        typer.Option(help="The CA of the cluster's certificates.", parser=options.path, metavar="<path>"),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(help="Our certificate for the cluster.", parser=options.path, metavar="<path>"),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(help="The private key of that certificate.", parser=options.path, metavar="<path>"),
    ] = None,
    allow_urls: Annotated[
        bool, typer.Option("--allow-urls", help="Let organisations' bundles name pinned addresses.")
    ] = False,
    allow_recipes: Annotated[
        bool, typer.Option("--allow-recipes", help="Let organisations bring recipes of their own.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Build nothing, and say what would be built.")
    ] = False,
    openmetrics: Annotated[
        Path | None,
        typer.Option(
            help="Write what came of it for Prometheus, such as for node_exporter.",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    form: options.Form = None,
    json: options.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress.")] = False,
    now: options.Now = None,
) -> None:
    """Build the packages of many organisations, each as 'trustpack build' does.

    What has not changed is skipped. What is wrong with one organisation stops no other; the exit status is 1
    then, and OUT/batch.json says which ones and why.
    """
    from builder.batch import build as building
    from builder.batch.organisations import opened
    from builder.batch.outputs import OutputsFolder
    from builder.release.atomic import write

    as_json = options.chosen(form, json=json) == "json"
    pool = _pool(jobs, scheduler, tls_ca_file, tls_cert, tls_key)
    _refuse_inside(orgs, out)
    order = building.BatchOrder(
        now=environment.clock(now),
        source_date_epoch=environment.source_date_epoch(),
        targets=target,
        only=only,
        allow_urls=allow_urls,
        allow_recipes=allow_recipes,
        dry_run=dry_run,
    )
    with opened(orgs) as place, _progress(shown=not (quiet or as_json or dry_run)) as step:
        report = building.build(place, OutputsFolder(out), order, pool, progress=step)
    if openmetrics and not dry_run:
        write(openmetrics, report.as_openmetrics())
    text = report.as_json() if as_json else report.as_text(dry_run=dry_run)
    typer.echo(text, nl=False)
    if report.failed and not dry_run:
        raise typer.Exit(1)


def _pool(
    jobs: int | None, scheduler: str | None, ca_file: Path | None, cert: Path | None, key: Path | None
) -> Callable[[], AbstractContextManager[Pool]]:
    """Return what starts the workers that the options ask for; raises UsageError."""
    from builder.batch import cluster
    from builder.errors import UsageError

    files = {"--tls-ca-file": ca_file, "--tls-cert": cert, "--tls-key": key}
    if scheduler is None:
        options.refuse_idle(files, "is for a cluster's --scheduler")
        count = (
            jobs or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        )
        return lambda: cluster.local(count)
    options.refuse_idle({"--jobs": jobs}, "is for processes of this machine, and --scheduler has its own")
    if missing := [name for name, value in files.items() if value is None]:
        raise UsageError(f"--scheduler: needs {' and '.join(missing)}, too", hint="Dask's wire runs code")
    return lambda: cluster.remote(cluster.RemoteScheduler(scheduler, str(ca_file), str(cert), str(key)))


def _refuse_inside(orgs: Path, out: Path) -> None:
    from builder.errors import UsageError

    if out.resolve().is_relative_to(orgs.resolve()):
        raise UsageError(
            f"--out {out}: lies in the folder of organisations",
            hint="choose another one: the next batch would take it for an organisation",
        )


@contextlib.contextmanager
def _progress(*, shown: bool) -> Iterator[Callable[[BatchReport], None]]:
    """Yield a function that is told after each organisation: a bar on a terminal, lines elsewhere."""
    if not shown:
        yield lambda _: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=None)
            yield lambda report: bar.update(
                task, total=report.total, completed=len(report.rows), description=_counted(report)
            )
    else:
        yield _Lines().step


class _Lines:
    """Progress in lines."""

    def __init__(self) -> None:
        self._began = self._said = time.monotonic()

    def step(self, report: BatchReport) -> None:
        """Say how far it is, unless that was said just now."""
        now, done = time.monotonic(), len(report.rows)
        if now - self._said < _EVERY:
            return
        self._said, rate = now, done / (now - self._began)
        left = (report.total - done) / rate
        said = f"{done} of {report.total}, {rate:.0f} a second, about {left:.0f} seconds left"
        tell("progress", [f"{said}: {_counted(report)}"])


def _counted(report: BatchReport) -> str:
    return ", ".join(f"{count} {status}" for status, count in report.counts.items() if count)
