"""What the wheel costs each start of Python that uses no TLS, beside pip-system-certs and a bare environment.

Run it as `python -m tests.bench.wheel_startup [RUNS]`. The starts of the environments take turns, in every
order, so that what else the machine does meets all alike. The fastest tell the cost: the slower ones waited
for something.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from builder.prove import authority
from tests.bench.needs import need

_RUNS = 100
_PIP_SYSTEM_CERTS = "pip-system-certs==5.3"
_PROGRAM = ["-c", "pass"]
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+_acme_certifi")


@dataclass(frozen=True, slots=True)
class Start:
    """One start: wall-clock and processor time in milliseconds."""

    wall: float
    cpu: float


def main() -> None:
    """Make the environments, start each many times, and print what a start costs."""
    need("wheel_startup")
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else _RUNS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = _wheel(folder)
        pythons = {
            "bare": _environment(folder / "bare"),
            "this wheel": _environment(folder / "ours", str(wheel)),
            "pip-system-certs": _environment(folder / "theirs", _PIP_SYSTEM_CERTS),
        }
        _measure(pythons, runs=5)  # compiled files and the page cache are there after this
        starts = _measure(pythons, runs=runs)
        _report(starts, runs)
        imported = min(_import_time(pythons["this wheel"]) for _ in range(runs // 3))
        print(f"\n-X importtime of our one module, fastest of {runs // 3}: {imported / 1000:.3f} ms")
        if shutil.which("valgrind"):  # else only the clock tells
            _instructions(pythons)


def _wheel(folder: Path) -> Path:
    ca = authority.create("Benchmark Root", now=dt.datetime.now(dt.UTC))
    (folder / "roots.pem").write_bytes(ca.pem)
    build = [sys.executable, "-m", "builder", "build", str(folder / "roots.pem"), "--org", "acme"]
    _run([*build, "--target", "wheel", "--out", str(folder / "dist"), "--quiet"])
    return next((folder / "dist").glob("*.whl"))


def _environment(folder: Path, *packages: str) -> Path:
    _run([sys.executable, "-m", "venv", str(folder)])
    python = folder / "bin" / "python"
    if packages:
        _run([str(python), "-m", "pip", "install", "--quiet", *packages])
    return python


def _measure(pythons: dict[str, Path], *, runs: int) -> dict[str, list[Start]]:
    found: dict[str, list[Start]] = {name: [] for name in pythons}
    # Who starts behind the one that reads most finds the caches as it left them: that falls on each alike.
    orders = itertools.cycle(itertools.permutations(pythons))
    for order in itertools.islice(orders, runs):
        for name in order:
            found[name].append(_start(pythons[name]))
    return found


def _start(python: Path) -> Start:
    began = time.perf_counter()
    process = os.posix_spawn(python, [str(python), *_PROGRAM], {})
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"{python}: failed with {status}")
    return Start(wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000)


def _report(starts: dict[str, list[Start]], runs: int) -> None:
    print(f"python {sys.version.split()[0]}, {runs} starts of each, milliseconds (and what is beyond bare)\n")
    print(f"{'':<18}{'fastest tenth, wall':>24}{'fastest tenth, cpu':>24}{'median, wall':>24}")
    bare = _figures(starts["bare"])
    for name, each in starts.items():
        cells = (
            f"{figure:.2f} ({figure - base:+.2f})" for figure, base in zip(_figures(each), bare, strict=True)
        )
        print(f"{name:<18}" + "".join(f"{cell:>24}" for cell in cells))


def _figures(starts: list[Start]) -> tuple[float, float, float]:
    walls = sorted(start.wall for start in starts)
    cpus = sorted(start.cpu for start in starts)
    tenth = max(1, len(starts) // 10)
    return statistics.mean(walls[:tenth]), statistics.mean(cpus[:tenth]), statistics.median(walls)


def _import_time(python: Path) -> int:
    said = _run([str(python), "-X", "importtime", *_PROGRAM])
    return sum(int(found[1]) for found in _IMPORT.finditer(said))


def _instructions(pythons: dict[str, Path]) -> None:
    """Print the instructions that one start executes: alike at each run, whatever else the machine does."""
    print("\ninstructions of one start (valgrind), millions:")
    for name, python in pythons.items():
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        said = _run([*command, str(python), *_PROGRAM])
        counted = re.search(r"Collected : (\d+)", said)
        print(f"{name:<18}{int(counted[1]) / 1e6 if counted else float('nan'):>10.2f}")


def _run(command: list[str]) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


if __name__ == "__main__":
    main()
