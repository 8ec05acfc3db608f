"""What a batch of organisations costs beside the plain loop: `python -m tests.bench.batch`.

The plain loop builds each in one process, as `trustpack build` does. Processor time is that of a command and
all that it starts; what one organisation costs leaves out the start, which is a run of as many organisations
as there are workers. Memory is the driver's own, at each tenth of the way.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from builder.batch.record import RECORD
from builder.pipeline import build as pipeline
from builder.pipeline.accept import accept
from builder.pipeline.project import find
from builder.pipeline.request import request
from tests import organisations
from tests.bench.needs import need

_TRUSTPACK = Path(sys.executable).with_name("trustpack")
_ENVIRONMENT = {"PATH": f"{_TRUSTPACK.parent}:{os.defpath}", "LANG": "C.UTF-8"}
_NOW = organisations.NOW.isoformat()
_PAUSE = 0.1
_TENTHS = 10


class Cost(NamedTuple):
    """What a command took: seconds by the clock and of processors, and its own memory in MB on the way."""

    wall: float
    cpu: float
    peak: float = 0.0
    way: tuple[float, ...] = ()


def main() -> None:
    """Build them in each way, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organisations", type=int, default=10_000)
    parser.add_argument("--few", type=int, default=100, help="for the small run, and for xargs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, help="in which to work; by default where temporary files go")
    parser.add_argument("--plain", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plain:
        _plain(*options.plain)
        return
    need(
        "batch",
        programs={"xargs": "apt install findutils"},
        modules={"distributed": "pip install distributed"},
    )
    with tempfile.TemporaryDirectory(prefix="trustpack-bench-", dir=options.folder) as name:
        _compare(Path(name), options.organisations, options.few, options.jobs)


def _compare(folder: Path, count: int, few: int, jobs: int) -> None:
    orgs, some, start = (folder / name for name in ("orgs", "some", "start"))
    for where, number in ((orgs, count), (some, few), (start, jobs)):
        organisations.write(where, number, jobs=jobs)
    print(f"{count} and {few} organisations, seven packages and a bundle of each, {jobs} workers")
    print(f"{'':<40}{'wall, s':>9}{'CPU, s':>9}{'CPU of each, ms':>17}{'peak, MB':>10}")
    plain = _row("plain loop", count, _measured(_plain_words(orgs, folder / "plain")))
    begin = _row("batch, the start", jobs, _batch(start, folder / "begin", jobs))
    small = _row(f"batch, {few}", few, _batch(some, folder / "small", jobs), begin)
    first = _row(f"batch, {count}", count, _batch(orgs, folder / "out", jobs), begin)
    same = _digest(folder / "plain") == _digest(folder / "out")
    idle = _row("batch, the start, nothing to do", jobs, _batch(start, folder / "begin", jobs))
    skip = _row("batch again, nothing to do", count, _batch(orgs, folder / "out", jobs), idle)
    for number in range(1, count, 100):  # of which none has a lock
        organisations.renew(orgs, number)
    second = _row("batch again, 1 % changed", count, _batch(orgs, folder / "out", jobs))
    by_xargs = _row(
        f"xargs -P{jobs} trustpack build, {few}", few, _measured(_xargs(some, folder / "x", jobs))
    )
    print(f"{'same bytes as the plain loop':<60}{'yes' if same else 'NO'}")
    _figure("CPU beside the plain loop", first.cpu / plain.cpu, "at most 1.3")
    _figure("CPU beside xargs, of each", (first.cpu / count) / (by_xargs.cpu / few), "")
    _figure(
        f"one of {count} beside one of {few}", _each(first, count, begin) / _each(small, few, begin), "1.1"
    )
    _figure("a second run beside the first, CPU", second.cpu / first.cpu, f"{1 / 15:.3f}")
    _figure("a second run beside the first, wall", second.wall / first.wall, f"{1 / 15:.3f}")
    _figure("a skip, ms of CPU", 1000 * _each(skip, count, idle), "0.4")
    print("driver's memory, MB, at each tenth of the way: " + " ".join(f"{size:.0f}" for size in first.way))


def _row(what: str, count: int, cost: Cost, begin: Cost | None = None) -> Cost:
    each = 1000 * _each(cost, count, begin)
    peak = f"{cost.peak:10.0f}" if cost.peak else ""
    print(f"{what:<40}{cost.wall:9.1f}{cost.cpu:9.1f}{each:17.2f}{peak}", flush=True)
    return cost


def _figure(what: str, value: float, limit: str) -> None:
    print(
        f"{what:<60}{value:.3f}" + (f"   wanted: at most {limit.removeprefix('at most ')}" if limit else "")
    )


def _each(cost: Cost, count: int, begin: Cost | None = None) -> float:
    """Return the processor seconds of one organisation, without those of the start."""
    return (cost.cpu - (begin.cpu if begin else 0)) / count


def _batch(orgs: Path, out: Path, jobs: int) -> Cost:
    words = [_TRUSTPACK, "batch", "build", orgs, "--out", out, "--jobs", jobs, "--now", _NOW]
    return _measured(list(map(str, words)), out, sum(1 for _ in orgs.iterdir()))


def _xargs(orgs: Path, out: Path, jobs: int) -> list[str]:
    out.mkdir()
    build = f"{_TRUSTPACK} build --quiet --config {orgs}/{{}}/trustpack.yaml --out {out}/{{}} --now {_NOW}"
    return ["sh", "-c", f"ls {orgs} | xargs -P{jobs} -I{{}} {build}"]


def _plain_words(orgs: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "tests.bench.batch", "--plain", str(orgs), str(out)]


def _plain(orgs: Path, out: Path) -> None:
    for folder in sorted(orgs.iterdir()):
        project = find([], None, folder / "trustpack.yaml", now=organisations.NOW)
        pipeline.build(request(project, accept(project).bundle), out / folder.name)


def _measured(words: list[str], out: Path | None = None, count: int = 0) -> Cost:
    """Run a command, and look at its memory and at how far it is while it runs."""
    before, begin = _used(), time.perf_counter()
    way: dict[int, float] = {}
    peak = 0.0
    with tempfile.TemporaryFile() as log:
        started = subprocess.Popen(words, env=_ENVIRONMENT, cwd=_cwd(), stdout=log, stderr=log)
        while started.poll() is None:
            now, most = _memory(started.pid)
            peak = max(peak, most)
            if out is not None and now:
                done = sum(1 for _ in os.scandir(out)) if out.is_dir() else 0
                way[done * _TENTHS // max(count, 1)] = now
            time.sleep(_PAUSE)
        if started.returncode:
            log.seek(0)
            raise SystemExit(log.read().decode()[-2000:])
    wall = time.perf_counter() - begin
    return Cost(wall, _used() - before, peak if out else 0.0, tuple(way[key] for key in sorted(way)))


def _cwd() -> Path:
    return Path(__file__).parents[2]


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory(pid: int) -> tuple[float, float]:
    """Return what a process holds now and held at most, in MB; zeros where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return 0.0, 0.0
    found = {line.partition(":")[0]: line.split()[1] for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return int(found.get("VmRSS", 0)) / 1024, int(found.get("VmHWM", 0)) / 1024


def _digest(out: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(out.glob("*/*")):
        if path.name != RECORD:
            found.update(f"{path.relative_to(out)}\0".encode() + path.read_bytes())
    return found.hexdigest()


if __name__ == "__main__":
    main()
