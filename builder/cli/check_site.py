"""`trustpack check --site`: whether a published site is signed for long enough, and goes only forward."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import typer

from builder.cli import site_access

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from builder.repositories.publication import StatusOpener
    from builder.repositories.watch import SiteHealth

DAYS = "21d"
_DUE = 1


def look(
    site: str,
    *,
    within: dt.timedelta,
    now: dt.datetime,
    keys: StatusOpener | None,
    record: Path | None,
    ca_file: Path | None,
) -> SiteHealth:
    """Look at a site as its clients do; remember in the file `record` which publication it is."""
    from builder.repositories import records, watch

    seen = records.read(record) if record else None
    reader = site_access.reader(site, ca_file)
    with contextlib.ExitStack() as stack:
        if close := getattr(reader, "close", None):
            stack.callback(close)
        health = watch.look(reader, keys, now=now, within=within, seen=seen)
    if record:
        records.write(record, health.status)
    return health


def end(health: SiteHealth) -> typer.Exit:
    """Return how the command ends: 13 for what is wrong, 1 for what is due."""
    from builder.errors import SiteError

    return typer.Exit(SiteError.exit_code if health.problems else _DUE if health.due else 0)
