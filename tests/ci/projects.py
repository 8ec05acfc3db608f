"""A project with a bundle, a lock and a CI system's files, and the real programs that judge those."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.tools import NO_HOME, require

PROGRAM = Path(sys.executable).with_name("trustpack")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": NO_HOME}


def installs_again(script: str, folder: Path, done: set[str]) -> bool:
    """Tell whether a script installs, and was run before: all jobs are on one machine, which has it then.

    The files that it would read must be there all the same.
    """
    if not script.startswith(("python -m pip install", "root=")):
        return False
    again = script in done
    done.add(script)
    assert not again or all((folder / name).is_file() for name in re.findall(r" -r ([\w./-]+)", script))
    return again


def trustpack(folder: Path, *words: str, code: int = 0) -> str:
    """Run trustpack in a folder; return what it printed."""
    command = [str(PROGRAM), *words]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


def git(folder: Path, *words: str) -> str:
    """Run git as somebody."""
    names = ("-c", "user.name=Acme", "-c", "user.email=pki@acme.example", "-c", "init.defaultBranch=main")
    command = [require("git"), *names, *words]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
