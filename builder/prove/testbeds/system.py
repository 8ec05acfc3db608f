"""The testbed of system packages: a throw-away copy of an unpacked system, or of the one that runs here."""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import ToolError
from builder.model.packagemanagers import MANAGERS
from builder.prove import clients
from builder.prove.sandbox import open_sandbox
from builder.prove.store import snapshot
from builder.prove.testbed import Client, Ran

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.model import Recipe
    from builder.model.packagemanagers import Commands
    from builder.prove.clients import Programs
    from builder.prove.sandbox import Sandbox

# A root that is not what it plays says in this file, in one line, what of it is a double.
STAND_IN = "/usr/share/trustpack/stand-in"
_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}
_SECONDS = 120
_UPDATE = "if command -v update-ca-trust; then update-ca-trust; else update-ca-certificates; fi"
# Clients that read the system's store only if its distribution made them: these commands say whether it did.
_READS_STORE = {
    "requests": 'python3 -c \'import requests.certs as c; exit(c.where()[:5] not in ("/etc/", "/var/"))\'',
    "java": 'home=$(readlink -f "$(command -v java)") && '
    'case $(readlink -f "${home%/bin/java}/lib/security/cacerts") in /etc/* | /var/*) ;; *) exit 1 ;; esac',
}
NAMES = tuple(client.name for client in clients.CLIENTS)
SECONDS = (5, 4)
_VERSION = {
    "go": ":",
    "java": "java -version",
    "openssl": "openssl version",
    "requests": "python3 -c 'import requests; print(requests.__version__)'",
}
_NUMBER = re.compile(r"\d+(\.\w+)+")
# Node.js as its makers build it brings its own store, and takes the system's from a variable.
_OWN_STORE = '[ "$(node -p process.config.variables.node_shared_openssl)" = false ]'
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
)


# The ids of the instructions that are for each program.
_MANAGERS = {
    "apk": "apk",
    "apt-get": "apt",
    "dnf": "dnf",
    "dnf5": "dnf",
    "pacman": "pacman",
    "zypper": "zypper",
}
# What makes them have no other source, and ask nothing, by those ids.
_ALONE = {
    "apk": ": >/etc/apk/repositories; rm -rf /etc/apk/repositories.d",
    "apt": "rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* && "
    "echo 'APT::Get::Assume-Yes \"true\";' >/etc/apt/apt.conf.d/99proof",
    "dnf": "mkdir -p /etc/dnf/vars /etc/yum.repos.d && rm -f /etc/yum.repos.d/*.repo && "
    "printf '[main]\nassumeyes=1\n' >/etc/dnf/dnf.conf && echo 1 >/etc/dnf/vars/releasever",
    "pacman": "pacman-key --init && printf '[options]\nArchitecture = auto\n' >/etc/pacman.conf",
    "zypper": "mkdir -p /etc/zypp/repos.d && rm -f /etc/zypp/repos.d/*.repo",
}
# People have sudo, and answer yes; Fedora calls dnf5 dnf, whose plugin `local` wants createrepo_c.
_ROOT = """
set -e
cd /root
sudo() { "$@"; }
zypper() { command zypper --non-interactive "$@"; }
pacman() { command pacman --noconfirm "$@"; }
if command -v dnf5 >/dev/null; then dnf() { dnf5 --disable-plugin=local "$@"; }; fi
"""


def fetched(only: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001  what is here is asked
    """Fetch nothing."""
    return ()


@contextlib.contextmanager
def open_testbed(
    *,
    recipe: Recipe,
    name: str,
    root: Path | None,
    folder: Path,  # noqa: ARG001  a sandbox keeps everything in memory
    offline: bool,  # noqa: ARG001  nothing is ever fetched here
    only: frozenset[str],
    settings: Mapping[str, str],  # noqa: ARG001  no setting changes what is asked here
) -> Iterator[System]:
    """Open a copy of the system in `root`, or of this machine's own; see testbeds.Opener."""
    with open_sandbox(root or Path("/")) as sandbox:
        yield settle(sandbox, recipe, name=name, programs=_compiled(only), only=only)


def settle(
    sandbox: Sandbox, recipe: Recipe, *, name: str, programs: Programs, only: frozenset[str]
) -> System:
    """Return the testbed in an open `sandbox`; raise ToolError where the package fits none such."""
    commands = package_manager(sandbox, recipe)
    # A store may be older than its list: made anew, it differs only in what the package changes.
    sandbox.run(["sh", "-c", _UPDATE])
    ready = clients.equip(sandbox, programs, only=only)
    return System(
        sandbox=sandbox,
        name=name,
        commands=commands,
        stand_in=stand_in(sandbox),
        there=frozenset(client.name for client in ready),
        asked=tuple(
            _client(sandbox, client)
            for client in ready
            if _holds(sandbox, _READS_STORE.get(client.name, ":"))
        ),
    )


def package_manager(sandbox: Sandbox, recipe: Recipe) -> Commands:
    """Return the program of a recipe's package manager; raise ToolError on a system that is another's."""
    family = MANAGERS[recipe.manager]
    commands = next((one for one in family.programs if _holds(sandbox, f"command -v {one.program}")), None)
    if commands is None or not sandbox.run(family.owned, check=False).out.startswith(family.installed):
        raise ToolError(
            f"{sandbox.root}: has no ca-certificates that the {recipe.target} package could build on",
            hint=f"name an unpacked system that has with --root, for --target {recipe.target}",
        )
    return commands


def instructed(commands: Commands) -> str:
    """Return the id of the instructions that are for a package manager's program; empty where none are."""
    return _MANAGERS.get(commands.program, "")


def stand_in(sandbox: Sandbox) -> str:
    """Return what of the system is a double, in its own words; empty where nothing is."""
    marker = sandbox.run(["cat", STAND_IN], check=False)
    return marker.out.strip() if marker.code == 0 else ""


def version(sandbox: Sandbox, program: str, question: str = "") -> str:
    """Return the number of a program's version, empty where it is not there; `question` is what asks it."""
    asked = sandbox.run(["sh", "-c", question or f"{program} --version"], check=False)
    number = _NUMBER.search(asked.out) if asked.code == 0 else None
    return number[0] if number else ""


@dataclass(frozen=True, slots=True)
class System:
    """An open system; see trial.Testbed."""

    sandbox: Sandbox
    name: str
    commands: Commands
    stand_in: str
    there: frozenset[str]
    asked: tuple[Client, ...]

    def clients(self) -> Sequence[Client]:
        """Return the clients that are there and read the system's store."""
        return self.asked

    def absent(self) -> Sequence[str]:
        """Return the other clients, and why each is not asked."""
        asked = {client.name for client in self.asked}
        why = dict.fromkeys(self.there, "it reads a store of its own")
        return [
            f"{client.name}: {why.get(client.name, 'it is not installed')}"
            for client in clients.CLIENTS
            if client.name not in asked
        ]

    def run(self, client: Client, url: str) -> Ran:
        """Let a client open `url`."""
        words = [url if word == "{url}" else word for word in client.command]
        done = self.sandbox.run(words, check=False, environment=client.environment, seconds=_SECONDS)
        return Ran(done.code, done.out)

    def install(self, package: Path) -> None:
        """Install a package's file."""
        self._take(self.commands.install, package)

    def upgrade(self, package: Path) -> None:
        """Upgrade to a package's file."""
        self._take(self.commands.upgrade, package)

    def remove(self) -> None:
        """Remove the package, and what it configured."""
        self.sandbox.run([*self.commands.remove, self.name], environment=_QUIET)

    @property
    def manager(self) -> str:
        """Which instructions are for this system."""
        return instructed(self.commands)

    def know_nothing(self) -> None:
        """Let the package manager have no other source, and ask nobody: nobody is there to answer."""
        self.sandbox.run(["sh", "-c", _ALONE[instructed(self.commands)]])

    def type_in(self, lines: str, *, there: bool) -> None:  # noqa: ARG002  nothing is noted of it
        """Run shell lines as root."""
        self.sandbox.run(["sh", "-c", f"{_ROOT}{lines}"], environment=_QUIET)

    def trust(self) -> Mapping[str, object]:
        """Return the trust store: each file's bytes, or a Java key store's certificates."""
        store = snapshot(self.sandbox)
        return {**store.certificates, **store.files}

    def roots(self) -> Mapping[str, frozenset[str]]:
        """Return the certificates of each bundle and key store."""
        return snapshot(self.sandbox).certificates

    def _take(self, command: Sequence[str], package: Path) -> None:
        # Not in /root: apt reads a package as a user who may not look in there, and warns.
        inside = f"/var/tmp/{package.name}"  # noqa: S108  of the sandbox, which is nobody else's
        self.sandbox.copy_in(inside, package.read_bytes())
        self.sandbox.run([*command, inside], environment=_QUIET)


def _holds(sandbox: Sandbox, script: str) -> bool:
    return sandbox.run(["sh", "-c", script], check=False).code == 0


def _client(sandbox: Sandbox, client: clients.SystemClient) -> Client:
    number = version(sandbox, client.program, _VERSION.get(client.name, ""))
    command = (*client.command, "{url}")
    if client.name == "node" and _holds(sandbox, _OWN_STORE):
        bundle = next((path for path in _BUNDLES if _holds(sandbox, f"[ -e {path} ]")), _BUNDLES[0])
        extra = {"NODE_EXTRA_CA_CERTS": bundle}
        return Client(client.name, command, extra, note="with environment", version=number)
    return Client(client.name, command, version=number)


def _compiled(only: frozenset[str]) -> Programs:
    """Compile the clients that must be, where this machine can and somebody asks for them."""
    javac, go = (
        shutil.which(compiler) if not only or client in only else None
        for client, compiler in (("java", "javac"), ("go", "go"))
    )
    cache = Path.home() / ".cache" / "trustpack" / "go-build"
    return clients.compile_programs(javac=javac, go=go, cache=cache)
