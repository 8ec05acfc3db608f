"""The testbed of the conda package: an environment that py-rattler makes, the library that pixi is made of.

It holds no OpenSSL of its own: this machine's is told of the folder in which the environment's would look.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.errors import ProofError, ToolError
from builder.formats import conda
from builder.prove.probes import PROBES, find, start
from builder.prove.testbed import Client, Ran

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.model import Recipe

# One whose functions are called as the probe calls them: they change from one version to the next.
RATTLER = "py-rattler==0.28.0"
_DOUBLE = "this machine's OpenSSL in the place of the environment's"
_HARNESS = str(PROBES / "conda_environment.py")
_SOURCES = PROBES.parent / "clients"
# Those that leave it to OpenSSL where roots are: curl, in conda too, is built with a file of roots.
_CLIENTS = {
    "openssl": ("sh", "with_command.sh", "openssl"),
    "urllib": ("python3", "with_urllib.py"),
}
NAMES = tuple(_CLIENTS)
SECONDS = (15, 6)
_SUBDIRS = ("linux-64", "noarch")
_NOTED = frozenset({"conda-meta", "CACHEDIR.TAG"})  # by those who install


def fetched(only: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001  what is here is asked
    """Return what pip is asked for: what makes the environment."""
    return (RATTLER,)


@contextlib.contextmanager
def open_testbed(
    *,
    recipe: Recipe,  # noqa: ARG001  one testbed for all
    name: str,
    root: Path | None,  # noqa: ARG001  an environment lies beside the system
    folder: Path,
    offline: bool,
    only: frozenset[str],  # noqa: ARG001  there are two
    settings: Mapping[str, str],  # noqa: ARG001  no setting changes what is asked here
) -> Iterator[Environment]:
    """Fetch py-rattler, and make an empty environment below `folder`; see testbeds.Opener."""
    if offline:
        raise ToolError("py-rattler: nothing is fetched offline")
    _fetch(folder / "rattler")
    environment = Environment(name, folder)
    environment.certs.mkdir(parents=True)
    yield environment


def _fetch(folder: Path) -> None:
    """Let pip put py-rattler into a folder, with this machine's own settings: they may name another index."""
    options = ("--disable-pip-version-check", "--no-input", "--quiet", "--retries=1", "--only-binary=:all:")
    words = [sys.executable, "-m", "pip", "install", *options, "--no-deps", "--target", str(folder), RATTLER]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise ToolError(f"py-rattler: pip cannot install it: {why}")


@dataclass(frozen=True, slots=True)
class Environment:
    """An open environment; see trial.Testbed."""

    name: str
    folder: Path
    stand_in: str = _DOUBLE

    @property
    def certs(self) -> Path:
        """Where the environment's OpenSSL looks for CAs."""
        return self.folder / "environment" / "ssl" / "certs"

    def clients(self) -> Sequence[Client]:
        """Return clients that look where the environment's OpenSSL would."""
        where = {"SSL_CERT_DIR": str(self.certs)}
        return [
            Client(name, (find(words[0]), str(_SOURCES / words[1]), *words[2:], "{url}"), where)
            for name, words in _CLIENTS.items()
            if self._has(name)
        ]

    def absent(self) -> Sequence[str]:
        """Return the clients that are not there."""
        return [name for name in _CLIENTS if not self._has(name)]

    def run(self, client: Client, url: str) -> Ran:
        """Let a client open `url`."""
        words = [url if word == "{url}" else word for word in client.command]
        done = start(words, folder=self.folder, environment=client.environment)
        return Ran(done.returncode, done.stdout + done.stderr)

    def install(self, package: Path) -> None:
        """Make a channel of the package, and let the environment hold what it has of that name."""
        data = package.read_bytes()
        channel = self.folder / "channels" / package.stem
        for subdir in _SUBDIRS:
            offered = {package.name: conda.record(data)} if subdir == "noarch" else {}
            said = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": offered}
            (channel / subdir).mkdir(parents=True, exist_ok=True)
            (channel / subdir / "repodata.json").write_text(json.dumps(said), "utf-8")
        (channel / "noarch" / package.name).write_bytes(data)
        self._hold(channel.as_uri(), self.name)

    def upgrade(self, package: Path) -> None:
        """Let it hold the newer one."""
        self.install(package)

    def remove(self) -> None:
        """Let it hold nothing."""
        self._hold("")

    @property
    def manager(self) -> str:
        """Return none: what is typed is conda's, and py-rattler is a library."""
        return ""

    def know_nothing(self) -> None:
        """Do nothing."""

    def type_in(self, lines: str, *, there: bool) -> None:  # noqa: ARG002
        """Raise ProofError: there is no program to type into."""
        raise ProofError("py-rattler is a library: nothing is typed")

    def trust(self) -> Mapping[str, object]:
        """Return the digest of each file of the environment."""
        top = self.certs.parent.parent
        found = (path for path in top.rglob("*") if path.is_file())
        return {
            str(path): hashlib.sha256(path.read_bytes()).digest()
            for path in found
            if path.relative_to(top).parts[0] not in _NOTED
        }

    def roots(self) -> Mapping[str, frozenset[str]]:
        """Return the names of the files in OpenSSL's folder."""
        found = self.certs.iterdir() if self.certs.is_dir() else ()
        return {str(self.certs): frozenset(path.name for path in found)}

    def _hold(self, *words: str) -> None:
        places = [str(self.folder / name) for name in ("environment", "cache")]
        path = {"PYTHONPATH": str(self.folder / "rattler"), "PATH": os.defpath}
        command = [sys.executable, _HARNESS, *places, *words]
        start(command, folder=self.folder, environment=path, check=True)

    @staticmethod
    def _has(name: str) -> bool:
        return shutil.which("python3" if name == "urllib" else name) is not None
