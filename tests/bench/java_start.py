"""What the jar costs a JVM's start, and its first connection, beside a bare JVM and one with a trust store.

Run it as `python -m tests.bench.java_start [ROUNDS]`: the fastest of the rounds tells the cost.
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from builder.prove.authority import create, issue
from builder.prove.probes import PROBES
from builder.prove.server import serve
from tests import releases
from tests.bench.needs import need

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ROUNDS = 7
_COUNTS = (1, 100)
_LIMIT = 0.3  # seconds of processor time more than a bare JVM


def main() -> None:
    """Build the packages, start JVMs with and without them, print the figures, and fail above the limit."""
    need("java_start", programs={"java": "apt install default-jre-headless"})
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    now = dt.datetime.now(dt.UTC)
    roots = [create(f"Benchmark Root {number}", now=now) for number in range(max(_COUNTS))]
    with tempfile.TemporaryDirectory() as name, serve(issue(roots[0], ["localhost"], now=now)) as port:
        folder = Path(name)
        kinds: dict[str, list[str]] = {"bare": []}
        for count in _COUNTS:
            jar = releases.build(folder / str(count), "acme", roots[:count], target="maven")[-1]
            kinds[f"agent, {count} CAs"] = [f"-javaagent:{jar}"]
        [store] = releases.build(folder / "jks", "acme", roots[:1], target="jks")
        kinds["trust store"] = [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStoreType=JKS"]
        starts = _fastest(kinds, ["version"], rounds)
        url = f"https://localhost:{port}/"
        connections = _fastest(kinds, ["HttpsURLConnection", url], rounds)
    print(f"seconds of processor time (of the clock), the fastest of {rounds} rounds")
    print(f"{'':<16}{'start':>16}{'and a connection':>20}")
    for kind in kinds:
        start, connected = starts[kind], connections[kind]
        print(f"{kind:<16}{start[0]:>8.3f} ({start[1]:.3f}){connected[0]:>12.3f} ({connected[1]:.3f})")
    worst = max(starts[kind][0] - starts["bare"][0] for kind in kinds)
    if worst > _LIMIT:
        raise SystemExit(f"java_start: the agent takes {worst:.2f} s, more than {_LIMIT} s")


def _fastest(
    kinds: Mapping[str, Sequence[str]], words: Sequence[str], rounds: int
) -> dict[str, tuple[float, float]]:
    """Return processor and wall time of each kind, in turns, so that a busy moment hits all alike."""
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind, options in kinds.items():
            found[kind].append(_measure([*options, "-cp", str(PROBES / "java"), "Probe", *words]))
    return {kind: min(each) for kind, each in found.items()}


def _measure(words: Sequence[str]) -> tuple[float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {"PATH": os.defpath}
    # A bare JVM refuses the server, and ends with 1.
    subprocess.run(["java", *words], env=environment, check=False, capture_output=True)
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, ended - began


if __name__ == "__main__":
    main()
