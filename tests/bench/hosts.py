"""A report on two thousand hosts, beside jq and a plain loop that only load the same documents.

`python -m tests.bench.hosts`. A host has 53 stores and 5 CAs, as one developer's machine had; one in thirty
lacks something. Forms: text alone, and all of them at once. CPU seconds are user and system time of the
process with its start, by the kernel's count, and memory is its peak; all take turns, the least of several
runs counts. `--check` fails where text takes more than 2 seconds, or where memory grows by more than 64 kB a
host from the smallest size to the largest.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.needs import need
from tests.host_documents import document, row, text

_SIZES = (200, 2_000)
_STORES = 53
_LACKING = 30
_NOW = "2026-11-30T12:00:00Z"
_SECONDS, _PER_HOST = 2.0, 64
_CAS = [digit * 64 for digit in "abcde"]
_LOOP = "import json, sys\nprint(sum(len(json.loads(line)['rows']) for line in open(sys.argv[1])))"
_FORMS = ("--html", "--csv", "--openmetrics")


def main() -> None:
    """Measure, and print the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    need("hosts", programs={"jq": "apt install jq"})
    program = Path(sys.executable).with_name("trustpack")
    with tempfile.TemporaryDirectory() as scratch:
        peaks, seconds = {}, 0.0
        for size in _SIZES:
            file = Path(scratch) / f"{size}.jsonl"
            with file.open("w") as stream:  # a host at a time: a child's peak is never below its parent's
                for number in range(size):
                    stream.write(text(_host(number)))
            report = [str(program), "doctor", "report", str(file), "--now", _NOW]
            forms = [word for form in _FORMS for word in (form, f"{scratch}/out{form}")]
            commands = {
                "text": report,
                "all forms": [*report, *forms, "--json"],
                "jq": ["jq", "-n", "reduce (inputs | .rows | length) as $n (0; . + $n)", str(file)],
                "a loop": [sys.executable, "-I", "-c", _LOOP, str(file)],
            }
            least = _least(commands, options.runs)
            peaks[size], seconds = least["text"][1], least["text"][0]
            print(f"{size:,} hosts, {file.stat().st_size / 1e6:.1f} MB")
            for name, (cpu, peak) in least.items():
                print(f"  {name:<10} {cpu:6.2f} s  {peak / 1024:7.1f} MB")
    growth = (peaks[_SIZES[1]] - peaks[_SIZES[0]]) / (_SIZES[1] - _SIZES[0])
    print(f"memory of text: {growth:.1f} kB a host")
    if options.check and (seconds > _SECONDS or growth > _PER_HOST):
        raise SystemExit("hosts: too slow, or too large")


def _host(number: int) -> dict[str, object]:
    """Return the report of a host of usual size."""
    states = dict.fromkeys(_CAS, "valid")
    rows = [
        row(
            states, kind="python", where=f"/srv/app-{at}/venv/lib/python3.12/site-packages/certifi/cacert.pem"
        )
        for at in range(_STORES)
    ]
    if number % _LACKING == 0:
        rows[0]["states"] = states | {_CAS[1]: "missing"}
    authorities = [
        {"sha256": one, "subject": f"CN=Acme Root {one[0]}", "state": "active", "not_after": ""}
        for one in _CAS
    ]
    return document(f"host-{number}", *rows, authorities=authorities)


def _least(commands: dict[str, list[str]], runs: int) -> dict[str, tuple[float, int]]:
    """Return the least CPU seconds and the least peak in kilobytes of each command."""
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            found[name].append(_measured(command))
    return {
        name: (min(cpu for cpu, _ in done), min(peak for _, peak in done)) for name, done in found.items()
    }


def _measured(command: list[str]) -> tuple[float, int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        raise SystemExit(f"hosts: {command[0]} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss


if __name__ == "__main__":
    main()
