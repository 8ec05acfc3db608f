"""Debian systems to prove packages in: made once by mmdebstrap, kept in a cache folder, never changed.

`python -m tests.roots` makes them all; $TRUSTPACK_ROOTS names another folder than ~/.cache/trustpack/roots.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.tools import require

_CLIENTS = (
    "ca-certificates",
    "curl",
    "default-jre-headless",
    "git",
    "mount",
    "nodejs",
    "openssl",
    "php-cli",
    "python3",
    "python3-requests",
    "ruby",
    "wget",
)
# p11-kit and the RPM tools stand in for Fedora and openSUSE, bubblewrap for rpm-ostree, busybox for Alpine.
SUITES = {
    "bullseye": _CLIENTS,
    "bookworm": _CLIENTS,
    "trixie": (
        *_CLIENTS,
        "bubblewrap",
        "busybox-static",
        "dnf",
        "p11-kit",
        "p11-kit-modules",
        "rpm",
        "zypper",
    ),
    "sid": (*_CLIENTS, "dnf5", "p11-kit", "p11-kit-modules", "python3.15", "rpm"),
}
_OPTIONS = (
    "--variant=apt",
    "--mode=root",
    "--format=directory",
    # The archive of a frozen machine's date may count as expired; the systems themselves keep apt's defaults.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    "--dpkgopt=force-unsafe-io",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    # Java's package links its manual pages and fails without their folder.
    '--setup-hook=mkdir -p "$1/usr/share/man/man1"',
    # Kept for the tests that install ca-certificates a second time, or without having configured it.
    '--customize-hook=cd "$1/root" && chroot "$1" sh -c "cd /root && apt-get -q download ca-certificates"',
    '--customize-hook=rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap',
)
_AT_ONCE = 2


def folder() -> Path:
    """Return where the systems are kept."""
    named = os.environ.get("TRUSTPACK_ROOTS")
    return Path(named) if named else Path.home() / ".cache" / "trustpack" / "roots"


def root(suite: str) -> Path:
    """Return the unpacked system of `suite`, made (with all others, two at a time) if it is not there."""
    if not _home(suite).is_dir():
        make_all()
    return _home(suite)


def make_all() -> None:
    """Make every system that is not there yet; processes that do so at once wait for each other."""
    require("mmdebstrap")
    folder().mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_make, SUITES))


def _home(suite: str) -> Path:
    """Return the folder of `suite`; what it is made of is in the name, so a change here makes a new one."""
    recipe = "\n".join((*_OPTIONS, *SUITES[suite]))
    return folder() / f"{suite}-{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"


def _make(suite: str) -> None:
    home = _home(suite)
    with (folder() / f"{suite}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if home.is_dir():
            return
        _say(f"making the Debian {suite} system for the tests, once; this takes a minute or two")
        unfinished = home.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        done = subprocess.run(
            ["mmdebstrap", *_OPTIONS, f"--include={','.join(SUITES[suite])}", suite, str(unfinished)],
            env={"PATH": os.defpath + ":/usr/sbin:/sbin", "HOME": "/root", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"mmdebstrap {suite} failed:\n{done.stderr[-4000:]}")
        unfinished.rename(home)


def _say(text: str) -> None:
    # Not sys.stderr: pytest holds that back until the test has ended.
    print(text, file=sys.__stderr__, flush=True)


if __name__ == "__main__":
    make_all()
