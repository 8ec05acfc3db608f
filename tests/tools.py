"""Real programs that tests run: found, or the test is skipped on a laptop and fails in CI."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

# The home of programs that must keep nothing: nobody, not even root, can make a file below it.
NO_HOME = os.devnull


def require(program: str) -> str:
    """Return the path of `program`; where it is missing, skip the test, or fail it when CI=true."""
    found = shutil.which(program)
    if found is None:
        _lack(f"{program} is not installed; tests/run installs it")
    return found


def require_file(path: Path) -> None:
    """Skip the test, or fail it when CI=true, where a file is missing that tests/run fetches."""
    if not path.is_file():
        _lack(f"{path.name} is not there; tests/run fetches it")


def require_mounts() -> None:
    """Skip the test, or fail it when CI=true, where nothing can be mounted."""
    require("unshare")
    if not may_mount():
        _lack("only root may mount, and in a container only if that is privileged")


def may_mount() -> bool:
    """Tell whether a program of ours may have mounts of its own."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    return subprocess.run([unshare, "--mount", "true"], check=False, capture_output=True).returncode == 0


def require_networks() -> None:
    """Skip the test, or fail it when CI=true, where no network of our own can be made."""
    require("ip")
    words = [require("unshare"), "--net", "--mount", "ip", "link", "add", "hub", "type", "bridge"]
    if subprocess.run(words, check=False, capture_output=True).returncode != 0:
        _lack("only root may make networks, and in a container only if that is privileged")


def require_linux() -> None:
    """Skip a test of what only Linux has: /proc, or GNU's programs under their plain names."""
    if sys.platform != "linux":
        _lack("this is Linux's")


def _lack(what: str) -> NoReturn:
    complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
    complain(what)


@contextmanager
def ignoring_interrupts() -> Iterator[None]:
    """Let programs start as a script's background jobs do: without an ear for Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def unpack(tarball: Path, folder: Path) -> Path:
    """Unpack an npm package's .tgz below `folder` and return the folder of its files."""
    # By tar: tarfile's safe filters came with Python 3.11.4, and Debian 12 has 3.11.2.
    command = [require("tar"), "-xzf", str(tarball), "-C", str(folder), "--no-same-owner"]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "package"
