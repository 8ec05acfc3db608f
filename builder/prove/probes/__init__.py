"""The programs that ask a server in a language's own sandbox, and how such a program is started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import ProofError, ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROBES = Path(__file__).resolve().parent
_SECONDS = 120
_GRACE = 5  # that an interrupted program has to clear up
_RUNNING: set[subprocess.Popen[str]] = set()


def find(program: str) -> str:
    """Return the path of `program`; raise ToolError where it is not installed."""
    if found := shutil.which(program):
        return found
    raise ToolError(f"{program}: the program is not installed")


def start(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    check: bool = False,
    seconds: float = _SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run a program, named by its whole path, in `folder`, which is its home too.

    Of the environment it gets a PATH, with the program's own folder first, and what `environment` says.
    Raises ProofError when it takes longer than `seconds`, or fails and `check` is true.
    """
    path = os.pathsep.join((str(Path(command[0]).parent), os.defpath))
    clean = {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8"}
    with subprocess.Popen(
        command,
        env={**clean, **(environment or {})},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0,
    ) as process:
        _RUNNING.add(process)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise ProofError(f"{' '.join(command)}: took longer than {seconds:g} s") from error
        except BaseException:
            _end(process)
            raise
        finally:
            _RUNNING.discard(process)
    if check and process.returncode != 0:
        raise ProofError(f"{' '.join(command)}: failed with {process.returncode}:\n{out}{err}".rstrip())
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _end(process: subprocess.Popen[str]) -> None:
    """End a program and all that it has started, which is its group: as Ctrl-C does, then for good."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_GRACE)


def end_all() -> None:
    """End what every thread has started, for good: a thread that waits for it cannot be interrupted."""
    for process in list(_RUNNING):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
