"""Real TLS handshakes by real runtimes: which of them accept a server under a root."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.prove.authority import Leaf
from builder.prove.server import serve
from tests.lint import forge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lint.defects import Defect

_CLIENTS = Path(__file__).parent / "clients"
_JVMS = Path("/usr/lib/jvm")
NODES = Path(__file__).parents[1] / "runtime" / "npm" / "node_modules"


@dataclass(frozen=True)
class Runtime:
    """A runtime at hand: its name as `lint --for` has it, and the command that shakes hands."""

    name: str
    command: tuple[str, ...]


def at_hand() -> list[Runtime]:
    """Return every runtime of this machine that lint knows."""
    return [*_pythons(), *_nodes(), *_javas(), *_others()]


def _output(*command: str) -> str:
    try:
        done = subprocess.run(
            ["env", "-i", *command], capture_output=True, text=True, timeout=60, check=False
        )
    except OSError:
        return ""
    return done.stdout + done.stderr if done.returncode == 0 else ""


def _pythons() -> Iterator[Runtime]:
    for minor in range(9, 16):
        name = f"python3.{minor}"
        # A version manager's shims answer for versions that they do not run, hence the versions themselves.
        programs = [shutil.which(name), *sorted(Path.home().glob(f".pyenv/versions/*/bin/{name}"))]
        for program in filter(None, programs):
            path = _output(str(program), "-c", "import sys, ssl; print(sys.executable)").strip()
            if path:
                yield Runtime(name, (path, "-I", str(_CLIENTS / "handshake.py")))
                break


def _nodes() -> Iterator[Runtime]:
    # As its makers build it: Debian's is as strict as the OpenSSL that it shares with other programs.
    for program in map(str, sorted(NODES.glob("node[0-9]*/bin/node"))):
        version = re.match(r"v(\d+)", _output(program, "--version"))
        if version:
            yield Runtime(f"node{version[1]}", (program, str(_CLIENTS / "handshake.mjs")))


def _javas() -> Iterator[Runtime]:
    programs = {
        path.resolve()
        for path in [*_JVMS.glob("*/bin/java"), *map(Path, filter(None, [shutil.which("java")]))]
    }
    for program in sorted(programs):
        version = re.search(r'version "(\d+)', _output(str(program), "-version"))
        if version:
            yield Runtime(f"java{version[1]}", (str(program), str(_CLIENTS / "Handshake.java")))


def _others() -> Iterator[Runtime]:
    curl = shutil.which("curl")
    if curl:
        yield Runtime("curl", ("sh", str(_CLIENTS / "handshake.sh"), curl))
    ruby = shutil.which("ruby")
    version = re.match(r"ruby (\d+\.\d+)", _output(ruby, "--version")) if ruby else None
    if ruby and version:
        yield Runtime(f"ruby{version[1]}", (ruby, str(_CLIENTS / "handshake.rb")))
    go = shutil.which("go")
    version = re.search(r"go(\d+\.\d+)", _output(go, "version")) if go else None
    if go and version:
        # Go would compile its TLS library anew in a home without a cache.
        cache = f"GOCACHE={Path.home() / '.cache' / 'go-build'}"
        yield Runtime(f"go{version[1]}", ("env", cache, go, "run", str(_CLIENTS / "handshake.go")))


def verdicts(runtime: Runtime, roots: Mapping[str, Defect], folder: Path) -> dict[str, tuple[str, str]]:
    """Return for each root whether the runtime accepts a server under it, and if not, what it says."""
    with contextlib.ExitStack() as servers:
        lines = {}
        for name, root in roots.items():
            path = folder / f"{name}.pem"
            path.write_bytes(forge.pem(root.certificate))
            chain = forge.pem(forge.leaf(root.key, issuer=root.issuer))
            key = forge.elliptic(1001).encoded(pem=True)
            lines[name] = f"{name}\t{path}\t{servers.enter_context(serve(Leaf(chain, key)))}\n"
        answers: dict[str, tuple[str, str]] = {}
        while len(answers) < len(roots):
            answers |= _answers(runtime, {name: lines[name] for name in roots if name not in answers}, folder)
    return answers


def _answers(runtime: Runtime, lines: Mapping[str, str], folder: Path) -> dict[str, tuple[str, str]]:
    """Return the answers of one run; where a root makes the runtime crash, its answer is the last."""
    # Nothing of this environment reaches a client.
    done = subprocess.run(
        ["env", "-i", f"HOME={folder}", "PATH=/usr/bin:/bin", *runtime.command],
        input="".join(lines.values()),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    answers = {name: (verdict, why) for name, verdict, why in rows}
    if len(answers) < len(lines):
        crashed = next(name for name in lines if name not in answers)
        answers[crashed] = ("fails", f"exit code {done.returncode}: {done.stderr[-500:]}")
    return answers
