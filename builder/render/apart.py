"""What an organisation's own recipe computes runs apart, in a process with little time, memory and knowledge.

A recipe may come from a branch that nobody has reviewed, made to stop the machine that builds. Counting its
steps would not do: one, such as 9 ** 9 ** 9, may take for ever. `confined` is the other process.
"""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from bisect import bisect_right
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from builder.errors import ConfigError
from builder.text.faults import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS = 10.0
MEMORY = 1 << 30  # bytes of addresses, where the system counts them: macOS does not

_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from builder.render.confined import main; main()"
# By these a Python finds its libraries. No other variable is handed on, and so no secret.
_HANDED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
# What differs between machines and runs otherwise: the order of sets, days and names of time zones.
_FIXED = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
_FRAME = re.compile(r'File "(?P<file>.*)", line (?P<line>[0-9]+) in')
TIMEOUT = "Timeout ("  # how Python's watchdog begins


class Task(msgspec.Struct, frozen=True):
    """What to compute: templates to render, or else whether a pattern matches a text."""

    templates: Path = Path()
    names: tuple[str, ...] = ()
    scope: Mapping[str, Any] = {}
    pattern: str = ""
    text: str = ""
    seconds: float = SECONDS


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """A template that is about to run, with the compiled lines at which each of its lines begins."""

    file: str
    lines: tuple[tuple[int, int], ...] = ()


class Done(msgspec.Struct, frozen=True, tag="done"):
    """What came of it."""

    texts: tuple[bytes, ...] = ()
    matched: bool = False


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Why nothing came of it, in words."""

    message: str
    hint: str


def rendered(
    templates: Path, names: Sequence[str], scope: Mapping[str, Any], *, seconds: float = SECONDS
) -> dict[str, bytes]:
    """Render templates with the values of `scope`; raise ConfigError naming file and line."""
    task = Task(templates=templates, names=tuple(names), scope=scope, seconds=seconds)
    return dict(zip(names, _asked(task, str(templates)).texts, strict=True))


@lru_cache(maxsize=64)
def matches(pattern: str, text: str, where: str, *, seconds: float = SECONDS) -> bool:
    """Tell whether a recipe's pattern, which stands at `where`, matches all of `text`; raise ConfigError."""
    return _asked(Task(pattern=pattern, text=text, seconds=seconds), f"{where}: on {shown(text)}").matched


def _asked(task: Task, where: str) -> Done:
    """Let the other process do a task; `where` is said if it ends and has not said where it was."""
    paths = [str(Path(__file__).parents[2]), *filter(None, sys.path)]
    process = subprocess.run(
        [sys.executable, "-S", "-c", _PROGRAM, *paths],
        input=pickle.dumps(task),
        capture_output=True,
        env={name: os.environ[name] for name in _HANDED_ON if name in os.environ} | _FIXED,
        check=False,
    )
    loaded: dict[str, Loaded] = {}
    for line in process.stdout.splitlines():
        said = _said(line)
        if isinstance(said, Done):
            return said
        if isinstance(said, Refused):
            raise ConfigError(said.message, hint=said.hint)
        if said:
            loaded[said.file] = said
            where = said.file
    report = process.stderr.decode("utf-8", "replace")
    where = _innermost(report, loaded) or where
    if TIMEOUT in report:
        raise ConfigError(f"{where}: takes longer than {task.seconds:g} seconds", hint="does it ever end?")
    if process.returncode > 0 and "MemoryError" not in report:
        raise RuntimeError(report)  # that is no fault of the recipe's
    raise ConfigError(f"{where}: takes more memory than there is for it")


def _said(line: bytes) -> Loaded | Done | Refused | None:
    """Return what one line says; a process that was stopped may leave half a one."""
    try:
        return msgspec.json.decode(line, type=Loaded | Done | Refused)
    except msgspec.DecodeError:
        return None


def _innermost(report: str, loaded: Mapping[str, Loaded]) -> str:
    """Return "file:line" of the innermost template in Python's report; the innermost frame is its first."""
    for frame in _FRAME.finditer(report):
        if template := loaded.get(frame["file"]):
            starts = [compiled for _, compiled in template.lines]
            at = bisect_right(starts, int(frame["line"])) - 1
            return f"{template.file}:{template.lines[at][0] if at >= 0 else 1}"
    return ""
