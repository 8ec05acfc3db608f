"""The world the npm package is proven in: Node.js, Bun and Deno from npm, each in a clean environment."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
PROGRAMS = HERE / "programs"
NODES = ("18", "20", "22", "24", "26")
BUN = MODULES / "@oven/bun-linux-x64/bin/bun"
DENO = MODULES / "@deno/linux-x64-glibc/deno"

# What Node says of a server whose CA it does not know.
REFUSED = "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
# Node 18 would try ::1 first, which a container may have not; there, the servers listen on 127.0.0.1 alone.
IPV4 = "--dns-result-order=ipv4first"


def node(release: str) -> str:
    """Return the Node.js program of a major release."""
    return require(str(MODULES / f"node{release}/bin/node"))


def other(runtime: str) -> list[str]:
    """Return the command that runs a program with Bun or Deno."""
    if runtime == "bun":
        return [require(str(BUN))]
    return [require(str(DENO)), "run", "--quiet", "--allow-all", "--node-modules-dir=manual"]


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    question: str = "",
    status: int = 0,
) -> subprocess.CompletedProcess[str]:
    """Run a program in an environment of its own, never this machine's, and insist on its exit status."""
    clean = {
        "PATH": os.pathsep.join([str(Path(require("node")).parent), "/usr/bin", "/bin"]),
        "HOME": str(cwd),
        "LANG": "C.UTF-8",
        "DENO_NO_UPDATE_CHECK": "1",
        "npm_config_globalconfig": os.devnull,
        "npm_config_offline": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=cwd,
        env={**clean, **(env or {})},
        input=question,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


def answer(
    argv: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None, question: str = ""
) -> Any:
    """Run a program and return the JSON it prints; nothing may appear on standard error."""
    done = run(argv, cwd=cwd, env=env, question=question)
    assert done.stderr == ""
    return json.loads(done.stdout)


def npm_install(project: Path, *tarballs: Path) -> None:
    """Install tarballs into a project with the real npm."""
    (project / "package.json").touch()
    if not (project / "package.json").read_text():
        (project / "package.json").write_text('{"name": "app", "version": "1.0.0", "private": true}\n')
    run([require("npm"), "install", *tarballs], cwd=project)
