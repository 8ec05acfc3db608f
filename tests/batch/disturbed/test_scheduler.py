"""A cluster's scheduler ends or is out of reach: the command says so, and the next run goes on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.batch.disturbed import runs
from tests.batch.disturbed.cluster import Wire, cluster
from tests.tools import require_linux

if TYPE_CHECKING:
    from pathlib import Path

    from tests.batch.disturbed.conftest import Organisations

_LOST = "the connection to the scheduler is lost"


def test_the_scheduler_is_killed(many: Organisations, tmp_path: Path) -> None:
    """What is done stays done, and a new scheduler's workers do the rest."""
    require_linux()
    out = tmp_path / "out"
    with cluster(tmp_path / "first") as first, runs.running(many.folder, out, *first.options()) as run:
        run.wait_for(1)
        first.scheduler.kill()
        status, said = run.end(), run.said
    _expect_lost(many, out, status, said)
    with cluster(tmp_path / "second") as second:
        status, said = runs.run(many.folder, out, *second.options())
    _expect_whole(many, out, status, said)


def test_the_connection_is_lost(many: Organisations, tmp_path: Path) -> None:
    """The cluster is there still; what it was asked for is asked for again."""
    require_linux()
    out = tmp_path / "out"
    with cluster(tmp_path / "cluster") as found:
        wire = Wire(found.address)
        with runs.running(many.folder, out, *found.options(wire.address)) as run:
            run.wait_for(1)
            wire.cut()
            status, said = run.end(), run.said
        _expect_lost(many, out, status, said)
        status, said = runs.run(many.folder, out, *found.options())
    _expect_whole(many, out, status, said)


def _expect_lost(many: Organisations, out: Path, status: int, said: str) -> None:
    assert 0 < runs.released(out) < many.total, said
    assert 7 == status, said
    assert _LOST in said
    assert "Traceback" not in said


def _expect_whole(many: Organisations, out: Path, status: int, said: str) -> None:
    assert 0 == status, said
    assert many.built == runs.outputs(out)
    assert 0 < sum(one["status"] == "skipped" for one in runs.report(out)["results"])
