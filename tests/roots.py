"""Debian systems to prove packages in: made once by mmdebstrap, kept in a cache folder, never changed.

`python -m tests.roots` makes all or those named, in ~/.cache/trustpack/roots or the folder $TRUSTPACK_ROOTS.
A preparation that is killed leaves no process and nothing mounted; the next one goes on with its downloads.
"""

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.removal import RemovalError, remove
from tests.tools import require, require_mounts

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
# p11-kit with the RPM tools or pacman stands in for Fedora, openSUSE and Arch, bubblewrap for rpm-ostree,
# busybox for Alpine.
SUITES = {
    "bullseye": _CLIENTS,
    "bookworm": (*_CLIENTS, "unattended-upgrades"),
    "trixie": (
        *_CLIENTS,
        "bubblewrap",
        "busybox-static",
        "dnf",
        "p11-kit",
        "p11-kit-modules",
        "pacman-package-manager",
        "rpm",
        "zypper",
    ),
    # Beside its own Java of the day, the oldest that the jar is for.
    "sid": (*_CLIENTS, "dnf5", "openjdk-8-jre-headless", "p11-kit", "p11-kit-modules", "python3.15", "rpm"),
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
# Not part of what a system is made of: apt downloads into a folder that outlives a kill, and goes on there.
_KEEPING_DOWNLOADS = (
    '--setup-hook=mkdir -p "$1/var/cache/apt/archives"',
    '--setup-hook=mount --bind "$DOWNLOADS" "$1/var/cache/apt/archives"',
    "--skip=essential/unlink",
    '--customize-hook=umount "$1/var/cache/apt/archives"',
)
# mmdebstrap ends with the thread that started it, and with mmdebstrap all its processes and mounts.
_SEALED = (
    *("setpriv", "--pdeathsig", "KILL", "unshare", "--fork", "--kill-child", "--pid", "--mount-proc"),
    *("--mount", "--propagation", "private", "--"),
)
_ENVIRONMENT = {"PATH": os.defpath + ":/usr/sbin:/sbin", "HOME": "/root", "LANG": "C.UTF-8"}
_AT_ONCE = 2


class PreparationError(Exception):
    """A system cannot be made; the text says why, and where the log is."""


def folder() -> Path:
    """Return where the systems are kept."""
    named = os.environ.get("TRUSTPACK_ROOTS")
    return Path(named) if named else Path.home() / ".cache" / "trustpack" / "roots"


def root(suite: str) -> Path:
    """Return the unpacked system of `suite`, made (with all others, two at a time) if it is not there."""
    if not _home(suite).is_dir():
        require("mmdebstrap")
        require_mounts()
        # A process of its own: Ctrl-C ends it at once, where a pool would first wait for its threads.
        subprocess.run([sys.executable, "-m", "tests.roots"], cwd=Path(__file__).parents[1], check=True)
    return _home(suite)


def make_all(suites: Iterable[str] = SUITES) -> None:
    """Make the systems that are not there yet; raise PreparationError or RemovalError where that fails."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda suite: make(_home(suite), suite, _words(suite)), suites))


def make(home: Path, suite: str, words: Sequence[str]) -> None:
    """Make a system in the new folder `home`, if it is not there; `words` are mmdebstrap's options.

    Processes that make the same system wait for each other. mmdebstrap holds the lock too: it may live a
    moment longer than the process that started it.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    unfinished, downloads = home.with_suffix(".unfinished"), home.with_suffix(".downloads")
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if home.is_dir():
            return
        if unfinished.exists():
            _say(f"{home.name}: half made by a run that was ended: removed, and made anew")
            remove(unfinished)
        downloads.mkdir(exist_ok=True)
        _bootstrap([suite, str(unfinished), *words], downloads, home.with_suffix(".log"), lock.fileno())
        remove(downloads)
        unfinished.rename(home)


def _bootstrap(words: Sequence[str], downloads: Path, log: Path, lock: int) -> None:
    """Run mmdebstrap in namespaces of its own; raise PreparationError where it fails."""
    _say(f"{log.stem}: made once, in a minute or two; what mmdebstrap says is in {log}")
    with log.open("w") as said:
        done = subprocess.run(
            [*_SEALED, "mmdebstrap", *words, *_KEEPING_DOWNLOADS],
            env=_ENVIRONMENT | {"DOWNLOADS": str(downloads.resolve())},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            pass_fds=[lock],
            start_new_session=True,  # where it fails, mmdebstrap hangs up on its whole process group
            check=False,
        )
    if done.returncode != 0:
        raise PreparationError(f"{log.stem}: mmdebstrap failed:\n{log.read_text('utf-8', 'replace')[-4000:]}")


def _home(suite: str) -> Path:
    """Return the folder of `suite`; what it is made of is in the name, so a change here makes a new one."""
    recipe = "\n".join((*_OPTIONS, *SUITES[suite]))
    return folder() / f"{suite}-{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"


def _words(suite: str) -> list[str]:
    return [*_OPTIONS, f"--include={','.join(SUITES[suite])}"]


def _say(text: str) -> None:
    # Not sys.stderr: pytest holds that back until the test has ended.
    print(text, file=sys.__stderr__, flush=True)


if __name__ == "__main__":
    # Ctrl-C is a kill like any other: nothing is left to tidy up.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        make_all(sys.argv[1:] or SUITES)
    except (PreparationError, RemovalError) as error:
        sys.exit(f"error: {error}")
