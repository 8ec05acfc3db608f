"""What the module costs a Go program: its size, and each start, beside one without and beside SSL_CERT_FILE.

Run it as `python -m tests.bench.go_start [ROUNDS]`: the fastest of the rounds tells the cost.
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from builder.prove.authority import create
from tests import golang, releases
from tests.bench.needs import need
from tests.runtime.go.world import unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.prove.authority import Authority

_ROUNDS = 40
_COUNTS = (1, 50)
_MAIN = 'package main\n\nimport (\n\t{0}\n\t"crypto/x509"\n\t"net/http"\n\t"os"\n)\n'
# A program that connects reads the system's roots anyway, once: that is what the word is for.
_BODY = """
func main() {
\tif len(os.Args) > 1 {
\t\t_, _ = x509.SystemCertPool()
\t}
\tif len(os.Args) > 2 {
\t\t_, _ = http.Get(os.Args[2])
\t}
}
"""
_IMPORTS = {
    "without": "",
    "trust": '_ "acme.internal/ca/trust"',
    "everywhere": '_ "acme.internal/ca/trust/everywhere"',
}


def main() -> None:
    """Compile the programs, start each many times, and print what it costs."""
    need("go_start", programs={"go": "apt install golang-go, 1.22 or later"})
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    now = dt.datetime.now(dt.UTC)
    roots = [create(f"Benchmark Root {number}", now=now) for number in range(max(_COUNTS))]
    with tempfile.TemporaryDirectory() as name:
        programs: dict[str, Path] = {}
        for count in _COUNTS:
            programs |= _compiled(Path(name) / str(count), roots[:count], count)
        bare = programs["without, 1 CA"]
        print(f"{'':<24}{'kB':>8}{'more':>7}{'start, ms':>11}{'with the roots read, ms':>25}")
        for title, program in programs.items():
            _print(title, program, bare, {}, rounds)
        bundle = Path(name) / "bundle.pem"
        bundle.write_bytes(b"".join(one.pem for one in roots))
        chosen = {"SSL_CERT_FILE": str(bundle), "SSL_CERT_DIR": name}
        _print("without, SSL_CERT_FILE", bare, bare, chosen, rounds)


def _compiled(folder: Path, roots: list[Authority], count: int) -> dict[str, Path]:
    [module] = releases.build(folder, "acme", roots, target="go", release="1")
    unpack(module, folder / "module")
    made = {}
    for title, line in _IMPORTS.items():
        program = folder / title
        program.mkdir()
        required = "require acme.internal/ca v0.0.0\n\nreplace acme.internal/ca => ../module\n"
        (program / "go.mod").write_text(f"module program\n\ngo 1.22\n\n{required}")
        (program / "main.go").write_text(_MAIN.format(line) + _BODY)
        go = golang.compiler(program)
        called = f"{title}, {count} CA{'s' * (count > 1)}"
        made[called] = golang.build(go, program, ".", folder / f"{title}.program", "-ldflags", "-s -w")
    return made


def _print(title: str, program: Path, bare: Path, environment: Mapping[str, str], rounds: int) -> None:
    size, more = (file.stat().st_size / 1000 for file in (program, bare))
    idle, read = (
        min(_milliseconds([str(program), *words], environment) for _ in range(rounds))
        for words in ([], ["read"])
    )
    print(f"{title:<24}{size:>8.0f}{size - more:>7.0f}{idle:>11.1f}{read:>25.1f}")


def _milliseconds(command: list[str], environment: Mapping[str, str]) -> float:
    """Return the processor time of one start."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env={"PATH": os.defpath, **environment}, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


if __name__ == "__main__":
    main()
