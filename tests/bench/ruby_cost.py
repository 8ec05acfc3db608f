"""What the gem costs a connection of Ruby, with 1, 100 and 500 CAs, beside bare Ruby, in one run.

Run it as `python -m tests.bench.ruby_cost [ROUNDS]`: the fastest of the rounds tells the cost.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from builder.prove.authority import Authority, create, issue
from builder.prove.server import serve
from tests import releases
from tests.bench.needs import need

_ROUNDS = 9
_COUNTS = (1, 100, 500)
_PROGRAM = Path(__file__).with_suffix(".rb")
_LIMIT = 1.10  # of a connection after the first, beside Ruby without the gem


def main() -> None:
    """Build the gems, let each kind of connection be made, print the figures, and fail above the limit."""
    need("ruby_cost", programs={"ruby": "apt install ruby", "gem": "apt install ruby"})
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    now = dt.datetime.now(dt.UTC)
    roots = [create(f"Benchmark Root {number}", now=now) for number in range(max(_COUNTS))]
    with tempfile.TemporaryDirectory() as name, serve(issue(roots[0], ["localhost"], now=now)) as port:
        homes = {"bare": Path(name) / "bare"}
        homes |= {f"{count} CAs": _home(Path(name) / str(count), roots[:count]) for count in _COUNTS}
        slow = [kind for kind in ("default", "store") if not _report(kind, homes, port, rounds)]
    if slow:
        raise SystemExit(f"ruby_cost: more than {_LIMIT:.0%} of bare Ruby with: {', '.join(slow)}")


def _home(folder: Path, roots: list[Authority]) -> Path:
    [gem] = releases.build(folder, "acme", roots, target="gem")
    command = ["gem", "install", "--local", "--no-document", "--quiet", str(gem)]
    subprocess.run(command, env=_environment(folder), check=True, capture_output=True)
    return folder


def _environment(home: Path) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(home), "GEM_HOME": str(home)}


def _report(kind: str, homes: dict[str, Path], port: int, rounds: int) -> bool:
    """Print what connections of a kind cost; return whether all are within the limit."""
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in homes}
    for _ in range(rounds):
        for name, home in homes.items():
            found[name].append(_measure(kind, home, port, loaded=name != "bare"))
    print(f"\n{kind} store: milliseconds of processor time, the fastest of {rounds} rounds")
    print(f"{'':<10}{'the first':>12}{'each after':>12}{'beside bare':>13}{'kB, one open':>14}")
    best = {name: [min(column) for column in zip(*each, strict=True)] for name, each in found.items()}
    for name, (first, each, kept) in best.items():
        print(f"{name:<10}{first:>12.2f}{each:>12.3f}{each / best['bare'][1]:>13.0%}{kept:>14.0f}")
    return all(each <= best["bare"][1] * _LIMIT for _, each, _ in best.values())


def _measure(kind: str, home: Path, port: int, *, loaded: bool) -> tuple[float, ...]:
    words = ["ruby", *(["-racme_ca"] if loaded else []), str(_PROGRAM), str(port), kind]
    done = subprocess.run(words, env=_environment(home), check=True, capture_output=True, text=True)
    return tuple(float(word) for word in done.stdout.split())


if __name__ == "__main__":
    main()
