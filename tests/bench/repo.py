"""One more release on a site of many packages, beside createrepo_c and apt-ftparchive.

`python -m tests.bench.repo`. The other side indexes as many hard links of a .deb and an .rpm, as both
programs do it without options; createrepo_c then writes sqlite too: its time without is told apart.
CPU seconds are user and system time, by the kernel's count. All sites are grown here from one release: a
package's lines and entry are copied under other versions. What is measured is `trustpack repo add` of another
real release: with its imports done, and the whole process. Both sides take turns; the least of several runs
counts. `--check` fails where ours needs more than 1/8, and the whole process more than 1/4; or where memory
grows by more than 15 % from the smallest size to the largest.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

from msgspec.structs import replace

from builder import config
from builder.repositories import publish, take
from builder.repositories.draft import Came, Draft
from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.publish import Order
from tests.bench.build import _roots
from tests.bench.needs import need

if TYPE_CHECKING:
    from builder.repositories.entry import SiteEntry
    from builder.repositories.publication import Publication

_PROGRAMS = {"createrepo_c": "apt install createrepo-c", "apt-ftparchive": "apt install apt-utils"}
_SIZES = (10, 1_000, 10_000)
_FIRST, _NEXT = "2026.10000", "2026.99999"  # of one length, as are all in between
_NOW = 1_700_000_000
_URL = "https://packages.acme.example"
_SYSTEMS = "deb,rpm"
_ALL = "deb,rpm,apk,arch,wheel,npm,gem,homebrew,pem"
_SHARE, _WHOLE, _GROWTH = 1 / 8, 1 / 4, 1.15
_ROOT = Path(__file__).parents[2]


def main() -> None:
    """Measure, and print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--add", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.add:
        print(json.dumps(_add(options.add)))
        return
    need("repo", programs=_PROGRAMS)
    with tempfile.TemporaryDirectory(prefix="trustpack-bench-") as name:
        worlds = {count: grown(Path(name) / f"systems-{count}", count) for count in _SIZES}
        share, whole = _compare(Path(name), worlds[_SIZES[-1]], options.runs)
        growth = _memory(worlds)
        _every_ecosystem(Path(name), options.runs)
    if options.check and (share > _SHARE or whole > _WHOLE or growth > _GROWTH):
        raise SystemExit(
            f"repo: {share:.3f} of the others' CPU time, {whole:.3f} with the whole process; "
            f"{growth:.2f} times the memory"
        )


def _memory(worlds: dict[int, Path]) -> float:
    """Print the memory that one more .deb and .rpm take at each size; return how much more the largest is."""
    megabytes = {}
    for count, world in worlds.items():
        fresh(world)
        megabytes[count] = child(world)["megabytes"]
    print("memory for one more release on so many .deb and as many .rpm")
    for count, size in megabytes.items():
        print(f"  {count:>6}: {size:5.1f} MB")
    return megabytes[max(megabytes)] / megabytes[min(megabytes)]


def _compare(folder: Path, world: Path, runs: int) -> tuple[float, float]:
    """Print both sides' CPU seconds at the largest size; return our shares of the others'."""
    count = _SIZES[-1]
    links = _linked(folder / "links", world / "first", count)
    theirs = {
        "createrepo_c": ["createrepo_c", "--quiet", "rpm"],
        "apt-ftparchive": ["apt-ftparchive", "packages", "deb"],
    }
    without = ["createrepo_c", "--no-database", "--quiet", "rpm"]
    least: dict[str, float] = {}
    for _ in range(runs):
        for name, command in theirs.items():
            _least(least, name, _cpu(command, links))
        _least(least, "createrepo_c, no sqlite", _cpu(without, links))
        fresh(world)
        _least(least, "repo add", child(world)["cpu"])
        fresh(world)
        _least(least, "repo add, whole process", _cpu(_command(world), world))
    base = sum(least[name] for name in theirs)
    plain = least["createrepo_c, no sqlite"] + least["apt-ftparchive"]
    print(f"one more release on {count} .deb and {count} .rpm, least CPU seconds of {runs} runs")
    for name, seconds in least.items():
        shares = f"{seconds / base:6.3f} of both programs, {seconds / plain:.3f} without sqlite"
        print(f"  {name:<26}{seconds:7.3f} s   {shares}")
    return least["repo add"] / base, least["repo add, whole process"] / base


def _every_ecosystem(folder: Path, runs: int) -> None:
    """Print what one more release of all targets costs at each size, by ecosystem, and the largest memory."""
    print(f"one more release of all targets on a site of so many releases, least of {runs} runs")
    for count in _SIZES:
        world = grown(folder / f"all-{count}", count, _ALL)
        least: dict[str, float] = {}
        for _ in range(runs):
            fresh(world)
            for name, seconds in child(world).items():
                _least(least, name, seconds)
        memory = least.pop("megabytes")
        total, wall = least.pop("cpu"), least.pop("wall")
        print(f"  {count:>6}: {total:6.3f} s CPU, {wall:6.3f} s, {memory:5.0f} MB: ", end="")
        print(", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in least.items()))
        shutil.rmtree(world)


def grown(world: Path, count: int, targets: str = _SYSTEMS) -> Path:
    """Publish a site of `count` releases of `targets`, and build one more."""
    bundle = _roots(world)
    for name, release in (("first", _FIRST), ("next", _NEXT)):
        command = [
            sys.executable,
            "-m",
            "builder",
            "build",
            str(bundle),
            "--org",
            "acme",
            "--target",
            targets,
        ]
        command += ["--release", release, "--out", str(world / name), "--quiet"]
        subprocess.run(command, check=True, cwd=_ROOT)
    names = [f"2026.{int(_FIRST.split('.')[1]) + number}" for number in range(count)]

    def growing(draft: Draft, publication: Publication) -> Draft:
        return _multiplied(take.release(draft, world / "first", publication), names)

    with mock.patch("os.fsync"):  # nothing is lost by a power failure that would not be grown again
        publish._publish(_order(world / "grown", _NOW), growing, new=True)  # noqa: SLF001
    return world


def _multiplied(draft: Draft, names: list[str]) -> Draft:
    """Return the draft with its one release under each of `names`, all of the same content."""
    state = draft.state
    came = {
        key: {
            _renamed(path, name): Came(
                _called(one.entry, name),
                tuple(line.replace(_FIRST.encode(), name.encode()) for line in one.lines),
            )
            for name in names
            for path, one in packages.items()
        }
        for key, packages in draft.came.items()
    }
    published = {path for packages in draft.came.values() for path in packages}
    files = {}
    for file in draft.files:
        for name in names if file.path in published or _FIRST in file.path else names[:1]:
            path = _renamed(file.path, name) if file.path in published else file.path.replace(_FIRST, name)
            files[path] = replace(file, path=path)
    releases = tuple(replace(state.releases[0], release=name) for name in names)
    return replace(draft, state=replace(state, releases=releases), files=tuple(files.values()), came=came)


def _called(entry: SiteEntry, name: str) -> SiteEntry:
    return replace(
        entry,
        release=name,
        version=entry.version.replace(_FIRST, name),
        path=_renamed(entry.path, name),
        others=tuple(path.replace(_FIRST, name) for path in entry.others),
    )


def _renamed(path: str, name: str) -> str:
    """Return another version's path; a tap's file is named by its content, which stays the same here."""
    return path.replace(_FIRST, name) if _FIRST in path else f"{path}.{name}"


def _linked(folder: Path, dist: Path, count: int) -> Path:
    """Lay out hard links of a release's .deb and .rpm for the other side."""
    for ending in ("deb", "rpm"):
        (folder / ending).mkdir(parents=True)
        (package,) = dist.glob(f"*.{ending}")
        for number in range(count):
            os.link(package, folder / ending / f"{number}.{ending}")
    return folder


def fresh(world: Path) -> None:
    """Let the site be as it was grown: by hard links, since each write replaces its file."""
    shutil.rmtree(world / "site", ignore_errors=True)
    shutil.copytree(world / "grown", world / "site", copy_function=os.link)


def _order(folder: Path, now: int) -> Order:
    organisation = config.organisation(config.minimal("acme", ["roots.pem"]))
    return Order(
        folder=folder,
        organisation=organisation,
        url=_URL,
        now=now,
        valid=60,
        keep=None,
        architectures=("x86_64", "aarch64"),
        keys=None,
    )


def _add(world: Path) -> dict[str, float]:
    """Add the next release in this process; return CPU and wall seconds, megabytes, and each ecosystem's."""
    publish.build(_order(world / "warm", _NOW), [world / "next"])  # imports what is imported late
    shutil.rmtree(world / "warm")
    taken: dict[str, float] = {}
    start = last = time.process_time()
    wall = time.perf_counter()

    def progress(name: str) -> None:
        nonlocal last
        now = time.process_time()
        taken[name if name in ECOSYSTEMS else "before"], last = now - last, now

    publish.build(_order(world / "site", _NOW + 60), [world / "next"], only=True, progress=progress)
    taken["after"] = time.process_time() - last
    # Not ru_maxrss: that begins with what the process held by which this one was started.
    [peak] = [
        line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    ]
    total = {"cpu": time.process_time() - start, "wall": time.perf_counter() - wall}
    return {**total, "megabytes": int(peak) / 1024, **taken}


def child(world: Path) -> dict[str, float]:
    """Add the next release in a process of its own; return what that takes: see `_add`."""
    command = [sys.executable, "-m", "tests.bench.repo", "--add", str(world)]
    done = subprocess.run(command, check=True, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _command(world: Path) -> list[str]:
    """Return the command that adds the next release, with a configuration beside it."""
    (world / "trustpack.yaml").write_text(
        f"organisation:\n  slug: acme\nbundle:\n  paths: [roots.pem]\nsite: {_URL}\n", "utf-8"
    )
    program = str(Path(sys.executable).with_name("trustpack"))
    return [program, "repo", "add", "next", "--unsigned"]


def _cpu(command: list[str], where: Path) -> float:
    """Run a program; return the CPU seconds that it, and what it started, took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _least(rows: dict[str, float], name: str, value: float) -> None:
    rows[name] = min(value, rows.get(name, value))


if __name__ == "__main__":
    main()
