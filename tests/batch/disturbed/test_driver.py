"""The command itself is ended halfway, or has no room for its outputs: the next run goes on from there."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.batch.disturbed import runs
from tests.organisations import NOW
from tests.tools import require_linux, require_mounts

if TYPE_CHECKING:
    from pathlib import Path

    from tests.batch.disturbed.conftest import Organisations

_FULL = """
set -eu
mount -t tmpfs -o size=$1 tmpfs "$2"
set +e
"$4" batch build "$3" --out "$2" --now "$5" --jobs 2
echo "status $?"
set -e
mount -o remount,size=1g "$2"
"$4" batch build "$3" --out "$2" --now "$5" --jobs 2
cp -a "$2/." "$6"
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_ended_halfway(many: Organisations, tmp_path: Path, number: signal.Signals) -> None:
    """Nothing that it started outlives it, and a second run leads to what an undisturbed one does.

    Ctrl-C is told to all that a terminal runs, and a service's end to one process: both leave a report.
    """
    require_linux()
    out = tmp_path / "out"
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    with runs.running(many.folder, out, "--jobs", "2", environment={"TMPDIR": str(scratch)}) as run:
        run.wait_for(2)  # so of one, all is written
        workers = run.workers()
        assert workers
        runs.send(run.process.pid, number, group=number is signal.SIGINT)
        status = run.end()
        runs.wait_until(lambda: not any(b"spawn_main" in runs.command(pid) for pid in workers))
        said = run.said
    assert 0 < runs.released(out) < many.total, said
    if number is not signal.SIGKILL:
        assert 130 == status, said
        assert not list(scratch.iterdir())
        found = runs.report(out)["results"]
        # Of one, the release may be out, and not yet told.
        assert runs.released(out) - sum(one["status"] == "built" for one in found) in {0, 1}
        assert "Traceback" not in said
    status, said = runs.run(many.folder, out, "--jobs", "2")
    assert 0 == status, said
    assert many.built == runs.outputs(out)
    assert 0 < sum(one["status"] == "skipped" for one in runs.report(out)["results"])


def test_a_question_ended_halfway(many: Organisations, tmp_path: Path) -> None:
    """Processes that verify releases end with the command, whichever signal ends it."""
    require_linux()
    words = ["verify", str(many.folder.with_name("plain")), "--unsigned", "--jobs", "2"]
    with runs.started(tmp_path / "out", *words) as run:
        runs.wait_until(lambda: len(run.workers()) == 2 or run.process.poll() is not None)
        workers = run.workers()
        runs.send(run.process.pid, signal.SIGTERM)
        assert 130 == run.end(), run.said
        runs.wait_until(lambda: not any(runs.command(pid) for pid in workers))


def test_a_full_disk(many: Organisations, tmp_path: Path) -> None:
    """It says that there is no room, and with room the next run goes on."""
    require_mounts()
    (tmp_path / "out").mkdir()
    (tmp_path / "kept").mkdir()
    size = f"{many.total * 20}k"  # an organisation needs some 60
    words = [size, tmp_path / "out", many.folder, runs.TRUSTPACK, NOW.isoformat(), tmp_path / "kept"]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", _FULL, "sh", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        env=runs.clean(),
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    # Of many, there may be no room for the report either: it is told all the same.
    assert "status 1\n" in done.stdout or "status 8\n" in done.stdout
    assert f"{many.total} organisations: " in done.stdout
    assert "No space left on device" in done.stdout
    assert many.built == runs.outputs(tmp_path / "kept")
