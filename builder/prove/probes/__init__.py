"""The programs that ask a server in a language's own sandbox, and how such a program is started."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import ProofError, ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROBES = Path(__file__).resolve().parent
_SECONDS = 120


def find(program: str) -> str:
    """Return the path of `program`; raise ToolError where it is not installed."""
    if found := shutil.which(program):
        return found
    raise ToolError(f"{program}: the program is not installed")


def start(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None, check: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a program, named by its whole path, in `folder`, which is its home too.

    Of the environment it gets a PATH, with the program's own folder first, and what `environment` says.
    Raises ProofError when it takes too long, or fails and `check` is true.
    """
    path = os.pathsep.join((str(Path(command[0]).parent), os.defpath))
    clean = {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8"}
    try:
        done = subprocess.run(
            command,
            env={**clean, **(environment or {})},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProofError(f"{' '.join(command)}: took longer than {_SECONDS} s") from error
    if check and done.returncode != 0:
        raise ProofError(
            f"{' '.join(command)}: failed with {done.returncode}:\n{done.stdout}{done.stderr}".rstrip()
        )
    return done
