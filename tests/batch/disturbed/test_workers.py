"""Workers are killed and stopped, and inputs kill or hang theirs: all else is built, to the same bytes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.batch.disturbed import runs
from tests.tools import require_linux

if TYPE_CHECKING:
    from tests.batch.disturbed.conftest import Organisations

# What a worker does when it opens a file of one organisation, as where a decoder crashes.
_POISON = """
import os
import signal
import sys

def _heed(event, values):
    if event == "open" and "/{slug}/" in str(values[0]):
        os.kill(os.getpid(), signal.SIGKILL)

if any("spawn_main" in word for word in sys.orig_argv):
    sys.addaudithook(_heed)
"""
# A chunk that is to take no more than a second, whose organisation never ends.
_ENDLESS = """
import datetime as dt, re, sys, time, msgspec
from builder.batch import work
from builder.batch.job import Chunk, Job, JobSettings
from builder.batch.product import product

def endless(event, values):
    if event == "open" and "/acme/" in str(values[0]):
        {act}

settings = JobSettings("building", "orgs", dt.datetime.now(dt.UTC), product(), seconds=1)
chunk = msgspec.msgpack.encode(Chunk(settings, [Job("acme", {{"trustpack.yaml": b""}})]))
sys.addaudithook(endless)
print("began", flush=True)
work.chunk(chunk)
print("ended")
"""
_ACTS = {"Python": "time.sleep(100_000)", "C": 're.match("(a+)+$", "a" * 60 + "b")'}


def test_workers_killed_several_times(many: Organisations, tmp_path: Path) -> None:
    """A worker that is killed is started anew, and its organisations are built by another."""
    require_linux()
    with runs.running(many.folder, tmp_path / "out", "--jobs", "2") as run:
        for part in (1, many.total // 3, many.total // 2):
            run.wait_for(part)
            for pid in run.workers()[:1]:
                runs.send(pid, signal.SIGKILL)
        assert 0 == run.end(), run.said
    assert many.built == runs.outputs(tmp_path / "out")


def test_a_worker_stopped_for_a_while(many: Organisations, tmp_path: Path) -> None:
    """A machine that is suspended for some seconds delays its own organisations alone."""
    require_linux()
    with runs.running(many.folder, tmp_path / "out", "--jobs", "2") as run:
        run.wait_for(1)
        [stopped, *_] = run.workers()
        runs.send(stopped, signal.SIGSTOP)
        time.sleep(3)
        runs.send(stopped, signal.SIGCONT)
        assert 0 == run.end(), run.said
    assert many.built == runs.outputs(tmp_path / "out")


def test_an_input_that_ends_its_worker(many: Organisations, tmp_path: Path) -> None:
    """It is found and named however often it takes a worker with it, and all others are built."""
    require_linux()
    slug = sorted(folder.name for folder in many.folder.iterdir())[many.total // 2]
    (tmp_path / "sitecustomize.py").write_text(_POISON.format(slug=slug), "utf-8")
    out = tmp_path / "out"
    status, said = runs.run(many.folder, out, "--jobs", "2", environment={"PYTHONPATH": str(tmp_path)})
    assert 1 == status, said
    failed = [one for one in runs.report(out)["results"] if one["status"] == "failed"]
    assert [slug] == [one["slug"] for one in failed]
    assert {k: v for k, v in many.built.items() if not k.startswith(f"{slug}/")} == runs.outputs(out)
    # Without what poisoned it, the next run builds the rest.
    assert (0, many.total) == (runs.run(many.folder, out)[0], runs.released(out))
    assert many.built == runs.outputs(out)


@pytest.mark.parametrize("busy_in", _ACTS)
def test_an_input_that_never_ends(busy_in: str) -> None:
    """Its worker ends itself when its time is over, even where Python has no turn any more."""
    program = _ENDLESS.format(act=_ACTS[busy_in])
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
        cwd=Path(__file__).parents[3],
    )
    assert (1, "began\n", "") == (done.returncode, done.stdout, done.stderr)
