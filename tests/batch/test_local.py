"""The local cluster: what it listens on, what it is sent, and what becomes of workers that die."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from builder.batch import cluster, engine
from builder.batch.job import Job, JobSettings
from builder.batch.product import product
from tests.batch import folders
from tests.batch.running import trustpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.batch.cluster import DaskPool

_RECIPE = """\
title: Endless
name: "{slug}-thing"
name_pattern: "[a-z0-9-]+"
version: "{release}"
outputs:
  - id: thing
    container: tar
    filename: "{name}-{version}.tar.gz"
    files:
      - path: thing
        template: thing.j2
install: ""
verify: ""
remove: ""
"""
_ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


@pytest.fixture(scope="module")
def pool() -> Iterator[DaskPool]:
    """Start two workers."""
    with cluster.local(2) as found:
        yield found


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _endless(orgs: Path, slug: str) -> Path:
    folder = folders.organisation(orgs, slug, "targets: [thing]\n")
    (folder / "recipes").mkdir()
    (folder / "recipes" / "thing.yaml").write_text(_RECIPE)
    (folder / "templates" / "thing").mkdir(parents=True)
    (folder / "templates" / "thing" / "thing.j2").write_text(_ENDLESS)
    return folder


@pytest.mark.usefixtures("pool")
def test_nothing_listens_beyond_loopback() -> None:
    """Neither a scheduler, nor a worker, nor what watches over one."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    found = [one for each in processes for one in each.net_connections()]
    listening = {one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_who_keeps_a_worker_too_long_fails_alone(pool: DaskPool, tmp_path: Path) -> None:
    """It ends its worker, is tried again alone, and fails; all others are done."""
    _endless(tmp_path, "evil")
    for number in range(12):
        folders.organisation(tmp_path, f"org-{number:02}", "targets: [pem]\n")
    settings = JobSettings(
        "building", "orgs", dt.datetime.fromisoformat(folders.NOW), product(), allow_recipes=True, seconds=4
    )
    jobs = [Job(folder.name, _files(folder)) for folder in sorted(tmp_path.iterdir())]
    found = {one.slug: one.fault for one in engine.run(pool, jobs, settings)}
    evil = found.pop("evil")
    assert evil is not None
    assert evil.message == (
        "orgs/evil: the process that builds it ends, each time, or takes longer than 4 seconds"
    )
    assert (len(found), {*found.values()}) == (12, {None})


def test_an_endless_template_is_ended_where_own_recipes_are_allowed(tmp_path: Path) -> None:
    """By the limit of its own process, which says in which line it was; and nothing is left anywhere.

    Nor does a configuration of Dask in the home folder have a say.
    """
    _endless(tmp_path / "orgs", "evil")
    folders.organisation(tmp_path / "orgs", "good", "targets: [pem]\n")
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    (tmp_path / ".config" / "dask").mkdir(parents=True)
    preload = "{preload: [builder.there_is_no_such_module]}"
    (tmp_path / ".config" / "dask" / "mine.yaml").write_text(
        f"distributed: {{worker: {preload}, nanny: {preload}, scheduler: {preload}}}\n"
    )
    words = ("batch", "build", "orgs", "--out", "out", "--now", folders.NOW, "--json", "--allow-recipes")
    done = trustpack(*words, cwd=tmp_path, TMPDIR=str(scratch))
    rows = {row["slug"]: row for row in json.loads(done.stdout)["results"]}
    assert (done.returncode, rows["good"]["status"]) == (1, "built")
    evil = rows["evil"]
    assert (evil["where"], evil["line"], evil["message"]) == (
        "orgs/evil/templates/thing/thing.j2", 1, "takes longer than 10 seconds"
    )  # fmt: skip
    assert not list(scratch.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".config", "orgs", "out", "tmp"]


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """What failed, and why, is known to nobody else."""
    folders.organisation(tmp_path / "orgs", "acme", "targets: [pem]\n")
    folders.organisation(tmp_path / "orgs", "evil", "targets: [nonsense]\n")
    (tmp_path / "out" / "batch.json").mkdir(parents=True)
    words = ("batch", "build", "orgs", "--out", "out", "--now", folders.NOW)
    done = trustpack(*words, cwd=tmp_path)
    assert "orgs/evil" in done.stdout
    assert done.stdout.endswith("2 organisations: 1 built, 0 skipped, 1 failed\n")
    assert "out/batch.json: cannot be written" in done.stderr
    again = trustpack(*words, "--json", cwd=tmp_path)
    statuses = [row["status"] for row in json.loads(again.stdout)["results"]]
    assert (done.returncode, again.returncode, statuses) == (8, 8, ["skipped", "failed"])


def test_two_batches_do_not_write_to_one_place(tmp_path: Path) -> None:
    """The second one is refused, as a second build is."""
    folders.organisation(tmp_path / "orgs", "acme", "targets: [pem]\n")
    out = tmp_path / "out"
    out.mkdir()
    descriptor = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        done = trustpack("batch", "build", "orgs", "--out", "out", cwd=tmp_path)
    finally:
        os.close(descriptor)
    assert (done.returncode, done.stderr) == (
        8, "error: out: another batch is writing here\nhint: wait for it to end\n"
    )  # fmt: skip


def test_workers_that_cannot_be_started_are_told(tmp_path: Path) -> None:
    """Such as in a folder that is there no more, with what the system says and no traceback."""
    folders.organisation(tmp_path / "orgs", "acme", "targets: [pem]\n")
    gone = tmp_path / "gone"
    gone.mkdir()
    command = [
        sys.executable,
        "-m",
        "builder",
        "batch",
        "build",
        tmp_path / "orgs",
        "--out",
        tmp_path / "out",
    ]
    done = subprocess.run(
        ["sh", "-c", 'rmdir ../gone && exec "$@"', "sh", *map(str, command)],
        cwd=gone, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()) == (
        7,
        [
            "error: batch: its workers cannot be started: No such file or directory",
            "hint: is the current folder still there, and may more processes be started?",
        ],
    )


def test_without_dask_the_way_out_is_told(tmp_path: Path) -> None:
    """Where nothing is to be built, it is not even missed."""
    folders.organisation(tmp_path / "orgs", "acme", "targets: [pem]\n")
    program = (
        "import sys; sys.modules['distributed'] = None; sys.argv = ['trustpack', 'batch', 'build', 'orgs'];"
        "from builder.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.splitlines()) == (
        7,
        [
            "error: batch: needs Dask, which is not installed",
            "hint: install trustpack with it: pip install 'trustpack[batch]'",
        ],
    )
