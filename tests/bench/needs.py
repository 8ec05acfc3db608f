"""What a benchmark needs beside trustpack: what is missing is said in one sentence, and it stops."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path


def need(
    benchmark: str, *, programs: dict[str, str] | None = None, modules: dict[str, str] | None = None
) -> None:
    """Raise SystemExit naming each program and module that is missing, and what installs it."""
    path = os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])
    found = {name: shutil.which(name, path=path) for name in programs or {}}
    found |= {name: str(importlib.util.find_spec(name) or "") for name in modules or {}}
    ways = {**(programs or {}), **(modules or {})}
    if missing := [f"{name} ({ways[name]})" for name, there in found.items() if not there]:
        raise SystemExit(f"{benchmark}: needs {', '.join(missing)}")
    if sys.dont_write_bytecode:
        raise SystemExit(f"{benchmark}: needs PYTHONDONTWRITEBYTECODE unset, as users have it")
