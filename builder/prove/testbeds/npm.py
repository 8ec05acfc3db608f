"""The testbed of the npm package: a fresh project, for Node.js and, where they are, Bun and Deno."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import ProofError
from builder.prove.probes import PROBES, find, start
from builder.prove.testbed import Client, Ran

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

    from builder.model import Recipe

_PROBE = "client.mjs"
# Majors that run on every Node.js from 18 on.
_LIBRARIES = {"undici": "undici@6", "axios": "axios@1", "ws": "ws@8", "@grpc/grpc-js": "@grpc/grpc-js@1"}
# The flags by which a program loads a module first; it can only while the package is there.
_ACTIVATION = {
    "node": ("--import", "{name}/register"),
    "bun": ("--preload", "./node_modules/{name}/register.js"),
    "deno": ("--preload", "./node_modules/{name}/register.js"),
}
_START = {
    # Node.js 18 would try ::1 first; the proof's servers listen on 127.0.0.1.
    "node": ("{activation}", "--dns-result-order=ipv4first"),
    "bun": ("{activation}",),
    "deno": ("run", "--quiet", "--allow-all", "--node-modules-dir=manual", "{activation}"),
}
# By runtime: what the flag reaches, and what only the variable does.
_FLAGGED = {"node": ("https", "http2", "tls", "fetch"), "bun": ("https", "tls"), "deno": ("https", "tls")}
_EXPORTED = {"node": ("https",), "bun": ("fetch",), "deno": ("fetch",)}
_HTTP2_ONLY = frozenset({"http2", "@grpc/grpc-js"})
# As absent() and clients() call them.
NAMES = (
    *(f"{runtime} {client}" for runtime, clients in _FLAGGED.items() for client in clients),
    *(f"{runtime} {client} env" for runtime, clients in _EXPORTED.items() for client in clients),
    "node NODE_OPTIONS",
    *(f"node {library}" for library in _LIBRARIES),
    "bun",
    "deno",
)
SECONDS = (15, 4)
_NPM = {
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_ignore_scripts": "true",
    "npm_config_update_notifier": "false",
}
# Node.js before 22.15 cannot tell but for its own.
_DEFAULT_TRUST = """
const tls = require('node:tls');
console.log(JSON.stringify(tls.getCACertificates?.('default') ?? tls.rootCertificates));
"""
_OWN_FILES = {"package-lock.json", ".package-lock.json"}  # npm's notes of what it did


def fetched(only: frozenset[str]) -> tuple[str, ...]:
    """Return the libraries that npm is asked for."""
    return tuple(spec for library, spec in _LIBRARIES.items() if not only or f"node {library}" in only)


@contextlib.contextmanager
def open_testbed(
    *,
    recipe: Recipe,  # noqa: ARG001  one testbed for all
    name: str,
    root: Path | None,  # noqa: ARG001  a language target
    folder: Path,
    offline: bool,
    only: frozenset[str],
    settings: Mapping[str, str],  # noqa: ARG001  no setting changes what is asked here
) -> Iterator[NpmProject]:
    """Make a project in `folder`, with the libraries that npm can fetch; see testbeds.Opener."""
    runtimes = {runtime: shutil.which(runtime) or "" for runtime in ("bun", "deno")}
    project = NpmProject(
        name, folder, npm=find("npm"), npx=find("npx"), runtimes={"node": find("node"), **runtimes}
    )
    (folder / "package.json").write_text('{"name": "proof", "version": "1.0.0", "private": true}\n')
    shutil.copy(PROBES / _PROBE, folder)
    wanted = fetched(only)
    if wanted and not offline:
        project.fetch(wanted)
    yield project


@dataclass(frozen=True, slots=True)
class NpmProject:
    """An open project; see trial.Testbed. `exported` has the variables that the package last asked for."""

    name: str
    folder: Path
    npm: str
    npx: str
    runtimes: Mapping[str, str]
    stand_in: str = ""
    exported: dict[str, str] = field(default_factory=dict)

    def clients(self) -> Sequence[Client]:
        """Return the clients of each runtime that is there, and how each is reached."""
        found: list[Client] = []
        for runtime, program in self.runtimes.items():
            if not program:
                continue
            version = start([program, "--version"], folder=self.folder, check=True).stdout.split("\n")[0]
            flagged = (*_FLAGGED[runtime], *(self._libraries() if runtime == "node" else ()))
            note = f"with {_ACTIVATION[runtime][0]}"
            found += [self._client(runtime, client, client, note, version) for client in flagged]
            for client in _EXPORTED[runtime]:
                found.append(self._client(runtime, client, f"{client} env", "with environment", version))
            if runtime == "node":
                found.append(self._client(runtime, "https", "NODE_OPTIONS", "with NODE_OPTIONS", version))
        return found

    def absent(self) -> Sequence[str]:
        """Return the runtimes and libraries that are not there."""
        there = self._libraries()
        runtimes = [runtime for runtime, program in self.runtimes.items() if not program]
        libraries = [f"node {library}: it was not fetched" for library in _LIBRARIES if library not in there]
        return [*runtimes, *libraries]

    def run(self, client: Client, url: str) -> Ran:
        """Let a client open `url`, activated in its own way while the package is there."""
        command: list[str] = []
        for word in client.command:
            if word == "{activation}":
                flags = _ACTIVATION[client.name.split()[0]] if self._active(client) else ()
                command += [flag.format(name=self.name) for flag in flags]
            else:
                command.append(url if word == "{url}" else word)
        done = start(command, folder=self.folder, environment=self._environment(client))
        return Ran(done.returncode, done.stdout + done.stderr)

    def install(self, package: Path) -> None:
        """Install a package's file, and ask it for the variables to export."""
        self._npm(["install", "--offline", str(package)])
        self._export()

    def upgrade(self, package: Path) -> None:
        """Install a newer package's file in the place of the older."""
        self.install(package)

    def remove(self) -> None:
        """Uninstall the package; exported variables stay as they are, as in a user's shell."""
        self._npm(["uninstall", "--offline", self.name])

    @property
    def manager(self) -> str:
        """Which instructions are typed here."""
        return "npm"

    def know_nothing(self) -> None:
        """Do nothing: npm has no configuration here."""

    def type_in(self, lines: str, *, there: bool) -> None:
        """Run shell lines in the project."""
        path = {"PATH": os.pathsep.join((str(Path(self.npm).parent), os.defpath))}
        command = ["/bin/sh", "-ec", lines]
        start(command, folder=self.folder, environment={**_NPM, **path}, check=True)
        if there:
            self._export()

    def _export(self) -> None:
        """Ask the package for the variables to export."""
        printed = start([self.npx, "--no", self.name, "--", "env", "--json"], folder=self.folder, check=True)
        self.exported.update(json.loads(printed.stdout))

    def trust(self) -> Mapping[str, object]:
        """Return the digest of each file in the project, but of npm's notes."""
        manifest = json.loads((self.folder / "package.json").read_text())
        dependencies = manifest.pop("dependencies", {})
        return {"package.json": (manifest, dependencies)} | {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).digest()
            for path in (self.folder / "node_modules").rglob("*")
            if path.is_file() and path.name not in _OWN_FILES
        }

    def roots(self) -> Mapping[str, frozenset[str]]:
        """Return the roots of a client that names none, where the package is there with it registered."""
        flags = [flag.format(name=self.name) for flag in _ACTIVATION["node"]] if self._installed() else []
        command = [self.runtimes["node"], *flags, "--eval", _DEFAULT_TRUST]
        found = start(command, folder=self.folder, check=True).stdout
        return {"node:tls": frozenset(json.loads(found))}

    def fetch(self, libraries: Sequence[str]) -> None:
        """Install libraries from npm's registry; without them the proof goes on."""
        with contextlib.suppress(ProofError):
            self._npm(["install", *libraries])

    def _npm(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return start([self.npm, *arguments], folder=self.folder, environment=_NPM, check=True)

    def _libraries(self) -> list[str]:
        return [name for name in _LIBRARIES if (self.folder / "node_modules" / name).is_dir()]

    def _client(self, runtime: str, client: str, title: str, note: str, version: str) -> Client:
        command = (self.runtimes[runtime], *_START[runtime], _PROBE, client, "{url}")
        http2_only = client in _HTTP2_ONLY
        return Client(f"{runtime} {title}", command, note=note, version=version, http2_only=http2_only)

    def _active(self, client: Client) -> bool:
        return client.note.startswith("with --") and self._installed()

    def _installed(self) -> bool:
        return (self.folder / "node_modules" / self.name).is_dir()

    def _environment(self, client: Client) -> dict[str, str]:
        match client.note:
            case "with environment":
                return self.exported
            case "with NODE_OPTIONS" if self._installed():
                return {"NODE_OPTIONS": f"--require {self.name}/register"}
        return {}
