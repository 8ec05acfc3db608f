"""A batch in the process of a test: with one worker, which is this process."""

from __future__ import annotations

import contextlib
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

from builder.batch.build import BatchOrder, build
from builder.batch.organisations import opened
from builder.batch.outputs import OutputsFolder
from tests.batch import folders
from tests.batch.here import Here

if TYPE_CHECKING:
    from builder.batch.engine import Pool
    from builder.batch.report import BatchReport

NOW = dt.datetime.fromisoformat(folders.NOW)


def batch(
    folder: Path,
    *,
    pool: Pool | None = None,
    now: dt.datetime = NOW,
    targets: list[str] | None = None,
    allow_recipes: bool = False,
    dry_run: bool = False,
) -> BatchReport:
    """Build the organisations in folder/orgs into folder/out, from there."""
    order = BatchOrder(now, targets=targets, allow_recipes=allow_recipes, dry_run=dry_run)
    with contextlib.chdir(folder), opened(Path("orgs")) as place:
        workers = pool or Here()
        return build(place, OutputsFolder(Path("out")), order, lambda: contextlib.nullcontext(workers))
