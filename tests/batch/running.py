"""trustpack as a program, with an empty environment."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def start(*words: str | Path, cwd: Path, **variables: str) -> subprocess.Popen[str]:
    """Start trustpack in a folder, and a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "builder", *map(str, words)],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def trustpack(*words: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run trustpack in a folder to its end."""
    with start(*words, cwd=cwd, **variables) as process:
        out, said = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, said)
