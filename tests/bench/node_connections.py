"""What the npm package costs each TLS connection of Node.js, by the number of CAs, beside bare Node.js.

Run it as `python -m tests.bench.node_connections [ROUNDS]`. Bare and registered processes take turns;
the fastest round counts, since the slower ones waited for something. The first connection reads the
bundle and has a column of its own; what follows is to cost what it costs without the package.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.prove import authority
from tests.bench.needs import need
from tests.runtime.npm import world

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZES = (1, 100, 500)
_ROUNDS = 5
_NOW = dt.datetime.now(dt.UTC)
_SERVER = """
const tls = require('node:tls');
const server = tls.createServer(JSON.parse(process.argv[1]), (socket) => socket.on('error', () => {}));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit()).resume();
"""
_CLIENT = """
const tls = require('node:tls');
const port = Number(process.argv[1]);
const open = () => new Promise((done) => {
  const options = { port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false };
  const socket = tls.connect(options, () => done(socket));
});
const spent = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
async function each(times) {
  const begin = spent();
  for (let left = times; left > 0; left -= 1) (await open()).destroy();
  return (spent() - begin) / times;
}
(async () => {
  const first = await each(1);
  await each(50); // compiled after this
  const later = await each(200);
  gc();
  const before = process.memoryUsage().rss;
  const kept = [];
  for (let left = 150; left > 0; left -= 1) kept.push(await open());
  gc();
  const memory = (process.memoryUsage().rss - before) / 1024 / kept.length;
  console.log(JSON.stringify({ first, later, memory }));
  process.exit();
})();
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of processor time of the first and of each later connection, and kB of each open one."""

    first: float
    later: float
    memory: float


def main() -> None:
    """Build the packages, connect many times, and print what a connection costs."""
    need("node_connections", programs={"node": "Node.js"})
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else _ROUNDS
    nodes = _nodes()
    with tempfile.TemporaryDirectory() as name:
        projects = {size: _project(Path(name) / str(size), size) for size in _SIZES}
        with _server(next(iter(nodes.values()))) as port:
            for release, node in nodes.items():
                print(f"\nnode {release}, fastest of {rounds}: ms of the first, ms of each later, kB open")
                _report(_measure(node, projects, port, rounds))


def _nodes() -> dict[str, str]:
    """Return the program of each release that the tests have, else the machine's."""
    folders = {release: world.MODULES / f"node{release}/bin/node" for release in world.NODES}
    there = {release: str(path) for release, path in folders.items() if path.exists()}
    return there or {"of this machine": shutil.which("node") or ""}


def _project(folder: Path, size: int) -> Path:
    """Make a project that has the package of an organisation with `size` CAs."""
    folder.mkdir()
    roots = [authority.create(f"Benchmark Root {number}", now=_NOW).pem for number in range(size)]
    (folder / "roots.pem").write_bytes(b"".join(roots))
    build = [
        sys.executable,
        "-m",
        "builder",
        "build",
        "roots.pem",
        "--org",
        "acme",
        "--target",
        "npm",
        "--quiet",
    ]
    subprocess.run(build, cwd=folder, check=True)
    (tarball,) = (folder / "dist").glob("*.tgz")
    (folder / "node_modules").mkdir()
    subprocess.run(["tar", "-xzf", tarball, "-C", folder / "node_modules"], check=True)
    (folder / "node_modules/package").rename(folder / "node_modules/acme-ca")
    return folder


@contextmanager
def _server(node: str) -> Iterator[str]:
    leaf = authority.issue(authority.create("Benchmark Server", now=_NOW), ["localhost"], now=_NOW)
    identity = json.dumps({"cert": leaf.chain.decode(), "key": leaf.key.decode()})
    argv = [node, "--eval", _SERVER, identity]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


def _measure(node: str, projects: dict[int, Path], port: str, rounds: int) -> dict[str, Cost]:
    anywhere = projects[_SIZES[0]]
    found: dict[str, list[Cost]] = {name: [] for name in ("bare", *(f"{size} CAs" for size in projects))}
    for _ in range(rounds):
        found["bare"].append(_connect(node, anywhere, port))
        for size, project in projects.items():
            found[f"{size} CAs"].append(_connect(node, project, port, "--require", "acme-ca/register"))
    return {name: _best(costs) for name, costs in found.items()}


def _connect(node: str, project: Path, port: str, *options: str) -> Cost:
    argv = [node, "--expose-gc", *options, "--eval", _CLIENT, port]
    environment = {"PATH": os.defpath}
    done = subprocess.run(argv, cwd=project, env=environment, capture_output=True, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def _best(costs: list[Cost]) -> Cost:
    return Cost(
        min(cost.first for cost in costs),
        min(cost.later for cost in costs),
        min(cost.memory for cost in costs),
    )


def _report(costs: dict[str, Cost]) -> None:
    bare = costs["bare"]
    for name, cost in costs.items():
        share = (cost.later / bare.later - 1) * 100
        later = f"{cost.later:.2f} ({share:+.0f} %)"
        print(f"{name:<8}{cost.first:>10.1f}{later:>16}{cost.memory:>10.0f}")


if __name__ == "__main__":
    main()
