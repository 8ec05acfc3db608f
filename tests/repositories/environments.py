"""conda environments in folders, made by py-rattler, which pixi is made of; and an OpenSSL like one's own.

No OpenSSL of conda is to be had here. Debian's stands in, with the paths of its defaults replaced by those of
an environment: conda replaces them in the same way when it installs its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from builder.formats import conda
from builder.prove.probes import PROBES
from tests.pinned import pinned_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.prove.authority import Leaf
    from builder.prove.clients import SystemClient
    from builder.prove.sandbox import Sandbox

_HERE = Path(__file__).parent
# As long as Debian's own, which is compiled into its OpenSSL: nothing else in the file may move.
_DEBIANS, _OURS = b"/usr/lib/ssl", b"/opt/env/ssl"
_PREFIX = "/opt/env"
RATTLER = _HERE / "py-rattler.txt"
_LIBRARIES = {"LD_LIBRARY_PATH": f"{_PREFIX}/lib"}
_SERVER = "/opt/trustpack/server.py"


def channel(folder: Path, *packages: Path) -> str:
    """Make a channel of packages in a folder; return its URL."""
    offered = {package.name: conda.record(package.read_bytes()) for package in packages}
    for platform, index in (("noarch", offered), ("linux-64", {})):
        (folder / platform).mkdir(parents=True)
        said = {"info": {"subdir": platform}, "packages": {}, "packages.conda": index, "repodata_version": 1}
        (folder / platform / "repodata.json").write_text(json.dumps(said), "utf-8")
    for package in packages:
        shutil.copy(package, folder / "noarch")
    return folder.as_uri()


@dataclass(frozen=True)
class Environment:
    """A conda environment in a folder, and the channels that it is made of, the first one first."""

    folder: Path
    channels: tuple[str, ...]

    @property
    def prefix(self) -> Path:
        """Where its files are."""
        return self.folder / "prefix"

    def hold(self, *specs: str) -> subprocess.CompletedProcess[str]:
        """Let it hold what satisfies these specs, and nothing else."""
        script = str(PROBES / "conda_environment.py")
        words = [str(self.prefix), str(self.folder / "cache"), " ".join(self.channels), *specs]
        path = {"PYTHONPATH": str(pinned_folder("py-rattler", RATTLER))}
        return subprocess.run(
            [sys.executable, script, *words],
            env={"PATH": os.defpath, "HOME": str(self.folder), **path},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def files(self) -> dict[str, bytes]:
        """Return the environment's files by their paths, but for what its own tools note."""
        found = {
            str(path.relative_to(self.prefix)): path for path in self.prefix.rglob("*") if path.is_file()
        }
        noted = ("conda-meta/", "CACHEDIR")
        return {path: file.read_bytes() for path, file in found.items() if not path.startswith(noted)}


@dataclass(frozen=True)
class InSystem:
    """The same environment in a Debian system, and programs of that system that run with its OpenSSL."""

    sandbox: Sandbox
    environment: Environment

    def equip(self, public: bytes) -> None:
        """Bring its OpenSSL, and the file of public roots that the package ca-certificates has in it."""
        for name in ("libcrypto.so.3", "libssl.so.3"):
            [path] = self.sandbox.run(["find", "/usr/lib", "-name", name]).out.split()
            library = self.sandbox.read(path)
            changed = library.replace(_DEBIANS, _OURS)
            assert (changed != library) == (name == "libcrypto.so.3")
            self.sandbox.copy_in(f"{_PREFIX}/lib/{name}", changed)
        self.sandbox.copy_in(f"{_PREFIX}/ssl/cert.pem", public)
        told = self.sandbox.run(["openssl", "version", "-d"], environment=_LIBRARIES).out
        assert told == f'OPENSSLDIR: "{_OURS.decode()}"\n'

    def clients(self, asked: Sequence[SystemClient], **environment: str) -> list[SystemClient]:
        """Return the system's clients as they start in the environment, with these variables more."""
        words = [f"{key}={value}" for key, value in {**_LIBRARIES, **environment}.items()]
        return [replace(one, command=("env", *words, *one.command)) for one in asked]

    def follow(self) -> None:
        """Let the system's folder have the files that the environment has, and no others."""
        self.sandbox.run(["rm", "-rf", f"{_PREFIX}/share", f"{_PREFIX}/ssl/certs"])
        for path, data in self.environment.files().items():
            self.sandbox.copy_in(f"{_PREFIX}/{path}", data)

    def served(self, leaf: Leaf, clients: Mapping[str, Leaf]) -> set[str]:
        """Return the names of the clients that a server of Python's with its default roots accepts."""
        self.sandbox.copy_in(_SERVER, (_HERE / "rattler" / "server.py").read_bytes())
        self.sandbox.copy_in("/sides/server.pem", leaf.chain + leaf.key)
        for name, client in clients.items():
            self.sandbox.copy_in(f"/sides/clients/{name}", client.chain + client.key)
        words = [
            "python3",
            "-I",
            _SERVER,
            "/sides/server.pem",
            *(f"/sides/clients/{name}" for name in clients),
        ]
        said = self.sandbox.run(words, environment=_LIBRARIES).out.splitlines()
        verdicts = {
            name.removeprefix("/sides/clients/"): verdict for name, verdict, *_ in map(str.split, said)
        }
        assert verdicts.keys() == clients.keys()
        return {name for name, verdict in verdicts.items() if verdict == "accepted"}
