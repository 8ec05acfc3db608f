"""What the wheel costs each TLS context of Python, with 1, 100 and 500 CAs, beside what OpenSSL itself takes.

Run it as `python -m tests.bench.wheel_contexts [ROUNDS]`. `made` is a default context that never connects,
`connects` one that has started a client's connection; `a file` are the same roots in a file that OpenSSL
loads into a context without the wheel. All take turns in one run; the fastest tell the cost.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from builder.prove import authority
from tests.bench.needs import need

_ROUNDS = 5
_COUNTS = (1, 100, 500)
# More than OpenSSL takes for the same roots is too much; this is for what else the machine does.
_TOLERANCE = 1.15

# One process: the processor time of a context in milliseconds, and its memory in kilobytes.
_PROGRAM = """
import gc, json, ssl, sys, time
connects, file = json.loads(sys.argv[1])
def one():
    context = ssl.create_default_context()
    if file:
        context.load_verify_locations(file)
    if connects:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
    return context
def memory():
    return int(open("/proc/self/statm").read().split()[1]) * 4
one(), one()
spent = []
for _ in range(8):
    start = time.process_time()
    one()
    spent.append(time.process_time() - start)
gc.collect()
before, kept = memory(), [one() for _ in range(10)]
print(json.dumps([min(spent) * 1000, (memory() - before) / 10]))
"""


def main() -> None:
    """Measure every kind of context with each number of CAs; fail where the wheel is dearer than a file."""
    need("wheel_contexts")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    with tempfile.TemporaryDirectory() as name:
        bare = _environment(Path(name) / "bare")
        print(f"python {sys.version.split()[0]}, fastest of {rounds} processes: milliseconds, kB a context\n")
        print(f"{'CAs':>4}{'bare, made':>18}{'wheel, made':>18}{'bare, a file':>18}{'wheel, connects':>18}")
        dear = [count for count in _COUNTS if not _measured(Path(name) / str(count), bare, count, rounds)]
    if dear:
        raise SystemExit(f"dearer than the same roots in a file, with {', '.join(map(str, dear))} CAs")


def _measured(folder: Path, bare: Path, count: int, rounds: int) -> bool:
    folder.mkdir()
    roots = folder / "roots.pem"
    now = dt.datetime.now(dt.UTC)
    roots.write_bytes(b"".join(authority.create(f"Root {number}", now=now).pem for number in range(count)))
    wheel = _environment(folder / "venv", _wheel(roots))
    kinds = [(bare, False, ""), (wheel, False, ""), (bare, True, str(roots)), (wheel, True, "")]
    found: list[list[tuple[float, float]]] = [[] for _ in kinds]
    for _ in range(rounds):
        for cells, (python, connects, file) in zip(found, kinds, strict=True):
            said = _run([str(python), "-c", _PROGRAM, json.dumps([connects, file])])
            cells.append(tuple(json.loads(said)))
    best = [(min(time for time, _ in cells), min(memory for _, memory in cells)) for cells in found]
    print(f"{count:>4}" + "".join(f"{f'{time:.2f} ms {memory:.0f} kB':>18}" for time, memory in best))
    return best[1][0] <= best[0][0] * _TOLERANCE and best[3][0] <= best[2][0] * _TOLERANCE


def _wheel(roots: Path) -> Path:
    build = [sys.executable, "-m", "builder", "build", str(roots), "--org", "acme", "--target", "wheel"]
    _run([*build, "--out", str(roots.parent / "dist"), "--quiet"])
    return next((roots.parent / "dist").glob("*.whl"))


def _environment(folder: Path, *packages: Path) -> Path:
    _run([sys.executable, "-m", "venv", str(folder)])
    python = folder / "bin" / "python"
    if packages:
        _run([str(python), "-m", "pip", "install", "--quiet", "--no-index", *map(str, packages)])
    return python


def _run(command: list[str]) -> str:
    # Nothing of this machine's environment: it may name certificate files.
    done = subprocess.run(command, env={"HOME": "/"}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
