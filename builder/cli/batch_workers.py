"""What the commands of `trustpack batch` share: options, workers, and how far they are."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from builder.cli import options
from builder.cli.messages import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from builder.batch.engine import Pool
    from builder.repositories.stores.bucket import BucketStore

    Step = Callable[[int, int, str], None]

_EVERY = 5.0  # seconds between two lines of progress

Orgs = Annotated[
    str,
    typer.Argument(
        help="The folder or the bucket that has one folder for each organisation, with its trustpack.yaml.",
        metavar="<folder|s3://…>",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        help="Only these organisations: separated by commas, or one each time the option is given.",
        metavar="<slug>",
        callback=options.several,
    ),
]
Jobs = Annotated[
    int | None, typer.Option(min=1, max=512, help="How many processes work.  [default: one a processor]")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        help="Use the cluster of this Dask scheduler: tls://HOST:PORT.",
        metavar="<address>",
    ),
]
TlsCaFile = Annotated[
    Path | None,
    typer.Option(help="The CA of the cluster's certificates.", parser=options.path, metavar="<path>"),
]
TlsCert = Annotated[
    Path | None,
    typer.Option(help="Our certificate for the cluster.", parser=options.path, metavar="<path>"),
]
TlsKey = Annotated[
    Path | None,
    typer.Option(help="The private key of that certificate.", parser=options.path, metavar="<path>"),
]
AllowUrls = Annotated[
    bool, typer.Option("--allow-urls", help="Let organisations' bundles name pinned addresses.")
]
AllowRecipes = Annotated[
    bool, typer.Option("--allow-recipes", help="Let organisations bring recipes of their own.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress.")]
OpenMetrics = Annotated[
    Path | None,
    typer.Option(
        help="Write what came of it for Prometheus, such as for node_exporter.",
        parser=options.path,
        metavar="<path>",
    ),
]


class Cluster(NamedTuple):
    """Which workers the options ask for."""

    jobs: int | None
    scheduler: str | None
    ca_file: Path | None
    cert: Path | None
    key: Path | None

    def pool(self) -> Callable[[], AbstractContextManager[Pool]]:
        """Return what starts them; raises UsageError."""
        from builder.batch import cluster
        from builder.errors import UsageError

        files = {"--tls-ca-file": self.ca_file, "--tls-cert": self.cert, "--tls-key": self.key}
        if self.scheduler is None:
            options.refuse_idle(files, "is for a cluster's --scheduler")
            count = self.jobs or processors()
            return lambda: cluster.local(count)
        options.refuse_idle(
            {"--jobs": self.jobs}, "is for processes of this machine, and --scheduler has its own"
        )
        if missing := [name for name, value in files.items() if value is None]:
            raise UsageError(f"--scheduler: needs {' and '.join(missing)}, too", hint="Dask's wire runs code")
        remote = cluster.RemoteScheduler(self.scheduler, str(self.ca_file), str(self.cert), str(self.key))
        return lambda: cluster.remote(remote)


def bucket(place: str) -> BucketStore:
    """Open a bucket; who waits for another batch there is told once."""
    import secrets

    from builder.cli.patience import Patience
    from builder.repositories.stores import bucket as buckets

    return buckets.opened(place, os.environ, holder=secrets.token_hex(8), clock=Patience(place))


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def progress(*, shown: bool) -> Iterator[Step]:
    """Yield what is told how many are done, of how many, and how: a bar on a terminal, lines elsewhere."""
    if not shown:
        yield lambda *_: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=None)
            yield lambda done, total, said: bar.update(task, total=total, completed=done, description=said)
    else:
        yield _Lines().step


class _Lines:
    """Progress in lines."""

    def __init__(self) -> None:
        self._began = self._said = time.monotonic()

    def step(self, done: int, total: int, said: str) -> None:
        """Say how far it is, unless that was said just now."""
        now = time.monotonic()
        if now - self._said < _EVERY or not done:
            return
        self._said, rate = now, done / (now - self._began)
        left = max(0, total - done) / rate
        tell("progress", [f"{done} of {total}, {rate:.0f} a second, about {left:.0f} seconds left: {said}"])
