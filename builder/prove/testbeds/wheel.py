"""The testbed of wheels: a virtual environment, pip, and the clients that pip can install into it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder.errors import ToolError
from builder.prove.probes import PROBES, start
from builder.prove.testbed import Client, Ran

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.model import Recipe

_PROBE = str(PROBES / "python_clients.py")
_BY_ENVIRONMENT = "with environment"
_BY_ACTIVATION = "after activate()"
_BY_HAND = "with set_ca_certs()"

# Which distributions a client needs beside the standard library.
_CLIENTS: Mapping[str, tuple[str, ...]] = {
    "urllib": (),
    "http.client": (),
    "ssl": (),
    "asyncio": (),
    "pip": ("pip",),
    "urllib3": ("urllib3",),
    "certifi.where": ("certifi", "urllib3"),
    "certifi.contents": ("certifi",),
    "requests": ("requests",),
    "httpx": ("httpx",),
    "aiohttp": ("aiohttp",),
    "websockets": ("websockets",),
    "botocore": ("botocore",),
    "httplib2": ("httplib2",),
    "pyOpenSSL below requests": ("pyOpenSSL", "requests"),
    "twisted": ("twisted", "pyOpenSSL", "service-identity"),
    "truststore": ("truststore",),
    "curl_cffi": ("curl_cffi",),
    "grpcio": ("grpcio",),
    "pycurl": ("pycurl",),
    "uv": ("uv",),
}
# They read neither ssl nor certifi's path: the package prints the variables that they read.
_NEED_ENVIRONMENT = frozenset({"curl_cffi", "grpcio", "uv"})
# It is a process of its own, which nothing activates where the package has no start-up file.
_NOT_ACTIVATED = frozenset({"pip"})
# It reads no variable either: a program hands it the roots.
_GIVEN_ROOTS = frozenset({"pycurl"})
_HTTP2_ONLY = frozenset({"grpcio"})

NAMES = tuple(_CLIENTS)
SECONDS = (30, 7)
_VERSIONS = """
import json, platform
from importlib.metadata import distributions
found = {item.metadata["Name"]: item.version for item in distributions()}
print(json.dumps({"python": platform.python_version(), **found}))
"""
# Everything that Python's own clients trust by default, as digests.
_DEFAULT_TRUST = """
import hashlib, json, ssl
roots = ssl.create_default_context().get_ca_certs(binary_form=True)
print(json.dumps(sorted(hashlib.sha256(root).hexdigest() for root in roots)))
"""


# Of pip's own configuration nothing counts: it may name a certificate file.
_PIP = {"PIP_CONFIG_FILE": os.devnull}


@dataclass(slots=True)
class Wheels:
    """An open virtual environment; see trial.Testbed.

    `missing` says why a distribution is not there; `variables` are what the installed package exports.
    """

    name: str
    folder: Path
    explicit: bool
    missing: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    stand_in: str = ""

    @property
    def python(self) -> Path:
        """Where its interpreter is."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def _module(self) -> str:
        return re.sub(r"[^A-Za-z0-9]", "_", self.name)

    def clients(self) -> Sequence[Client]:
        """Return every client whose libraries are installed."""
        absent = {line.partition(": ")[0] for line in self.absent()}
        return [
            Client(
                name,
                (str(self.python), _PROBE, name, "{url}", *self._used(name)),
                note=self._note(name),
                version=self.versions.get(next(iter(needs), "python"), ""),
                http2_only=name in _HTTP2_ONLY,
            )
            for name, needs in _CLIENTS.items()
            if name not in absent
        ]

    def absent(self) -> Sequence[str]:
        """Return the clients that are not there, and those that the package does not reach, each with why."""
        lines = []
        for name, needs in _CLIENTS.items():
            lacking = [self.missing[need] for need in needs if need in self.missing]
            if lacking:
                lines.append(f"{name}: {lacking[0]}")
            elif self.explicit and name in _NOT_ACTIVATED:
                lines.append(f"{name}: only programs that call activate() are promised anything")
        return lines

    def _note(self, name: str) -> str:
        if name in _NEED_ENVIRONMENT:
            return _BY_ENVIRONMENT
        if name in _GIVEN_ROOTS:
            return _BY_HAND
        return _BY_ACTIVATION if self.explicit else ""

    def _used(self, name: str) -> tuple[str, ...]:
        explicit = self.explicit and name not in _NEED_ENVIRONMENT
        return (self._module,) if explicit or name in _GIVEN_ROOTS else ()

    def ask_versions(self) -> Mapping[str, str]:
        """Return the version of Python and of each distribution that is there."""
        found: dict[str, str] = json.loads(self._python_says("-c", _VERSIONS))
        return found

    def run(self, client: Client, url: str) -> Ran:
        """Let a client make one request, those that need them with the variables that the package prints."""
        variables = self.variables if client.name in _NEED_ENVIRONMENT else {}
        command = [word.replace("{url}", url) for word in client.command]
        done = start(command, folder=self.folder, environment={**client.environment, **variables})
        return Ran(done.returncode, done.stdout + done.stderr)

    def install(self, package: Path) -> None:
        """Install the wheel as a user does, and nothing else."""
        self._pip("install", "--no-index", "--no-deps", str(package))
        self._export()

    def upgrade(self, package: Path) -> None:
        """Install the next wheel over the first."""
        self._pip("install", "--no-index", "--no-deps", "--upgrade", str(package))
        self._export()

    def remove(self) -> None:
        """Uninstall the wheel; the variables it printed are a shell's that has ended."""
        self._pip("uninstall", "--yes", self.name)
        self.variables = {}

    @property
    def manager(self) -> str:
        """Which instructions are typed here."""
        return "pip"

    def know_nothing(self) -> None:
        """Do nothing: of pip's own configuration nothing counts."""

    def type_in(self, lines: str, *, there: bool) -> None:
        """Run shell lines where the environment is activated."""
        quiet = {"PIP_NO_INPUT": "1", "PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        path = {"PATH": os.pathsep.join((str(self.python.parent), os.defpath))}
        command = ["/bin/sh", "-ec", lines]
        start(command, folder=self.folder, environment={**_PIP, **quiet, **path}, check=True)
        if there:
            self._export()
        else:
            self.variables = {}

    def trust(self) -> Mapping[str, object]:
        """Return the digest of every file of the environment, and of every root that ssl trusts by default.

        Left out is what clients make as they run: compiled files, which Python runs only beside their source,
        and uv's lock.
        """
        root = self.folder / "venv"
        passed_over = {*root.rglob("__pycache__/*"), root / ".lock"}
        files = (path for path in root.rglob("*") if path.is_file() and path not in passed_over)
        return {
            **{str(path.relative_to(root)): path.read_bytes() for path in files},
            "ssl.create_default_context()": self._python_says("-c", _DEFAULT_TRUST),
        }

    def roots(self) -> Mapping[str, frozenset[str]]:
        """Return the digest of every root of a default context."""
        return {
            "ssl.create_default_context()": frozenset(json.loads(self._python_says("-c", _DEFAULT_TRUST)))
        }

    def _export(self) -> None:
        """Write the merged bundle and remember the variables, as a user does whose clients read them."""
        if not any(client.name in _NEED_ENVIRONMENT for client in self.clients()):
            return
        bundle = str(self.folder / "merged.pem")
        said = self._python_says("-m", self._module, "env", "--json", "--write", bundle)
        self.variables = json.loads(said)["export"]

    def _pip(self, *arguments: str) -> None:
        options = ("--quiet", "--disable-pip-version-check", "--no-input", "--no-cache-dir")
        self._python_says("-m", "pip", *options, *arguments)

    def _python_says(self, *arguments: str) -> str:
        return start([str(self.python), *arguments], folder=self.folder, environment=_PIP, check=True).stdout


def fetched(only: frozenset[str]) -> tuple[str, ...]:
    """Return the distributions that pip is asked for."""
    needed = {need for client, needs in _CLIENTS.items() if not only or client in only for need in needs}
    return tuple(sorted(needed - {"pip"}))


@contextlib.contextmanager
def open_testbed(
    *,
    recipe: Recipe,  # noqa: ARG001  one testbed for all
    name: str,
    settings: Mapping[str, str],
    root: Path | None,  # noqa: ARG001  a language target
    folder: Path,
    offline: bool,
    only: frozenset[str],
) -> Iterator[Wheels]:
    """Make a virtual environment below `folder` and install the clients; see testbeds.Opener."""
    made = start([sys.executable, "-m", "venv", str(folder / "venv")], folder=folder)
    if made.returncode != 0:
        raise ToolError(f"no virtual environment can be made: {made.stdout.strip()}")
    wheels = Wheels(name, folder, explicit=settings.get("activation") == "explicit")
    wanted = fetched(only)
    wheels.missing = dict.fromkeys(wanted, "not fetched, by --offline") if offline else _fetch(wheels, wanted)
    wheels.versions = wheels.ask_versions()
    yield wheels


def _fetch(wheels: Wheels, wanted: Sequence[str]) -> dict[str, str]:
    """Install these distributions, all at once or else as many as there are; say why the others are not."""
    command = [str(wheels.python), "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    command += ["--retries=1", "install", "--only-binary=:all:"]

    def install(names: Sequence[str]) -> str:
        # With this machine's own environment: it may say which index to ask, and how.
        done = subprocess.run([*command, *names], capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip failed"])[-1]

    if not wanted or not install(wanted):
        return {}
    failures = {name: install([name]) for name in wanted}
    return {name: f"pip cannot install it: {why}" for name, why in failures.items() if why}
