"""The builds of runtimes at hand that shake hands, by the name that `lint --for` knows the runtime under.

Go comes from this machine and by toolchain modules, Node, Bun and Deno by npm, and Python, Ruby, curl, Java
and PHP from this machine and from the Debian systems that tests.roots makes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from builder.prove.sandbox import open_sandbox
from tests import roots

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CLIENTS = Path(__file__).parent / "clients"
_JVMS = Path("/usr/lib/jvm")
NODES = Path(__file__).parents[1] / "runtime" / "npm" / "node_modules"
# The system of Debian 11 is left out: its support has ended.
SUITES = ("bookworm", "trixie", "sid")
_DEBIAN = ("python", "java", "ruby", "php", "curl", "wget", "openssl")
# Go would compile its TLS library anew in a home without a cache.
_GO = ("env", f"GOCACHE={roots.folder() / 'go-build'}", "GOTOOLCHAIN=local", "CGO_ENABLED=0", "{}", "run")


@dataclass(frozen=True)
class Build:
    """One build of a runtime: `library` is the TLS library that it shares with others, if it does.

    `command` is run with `client` as its last word, in the system unpacked at `root` or, without one, here.
    What was `fetched` for measure.py alone, Go's toolchains and NSS, is no part of what tests/run prepares.
    """

    runtime: str
    library: str
    version: str
    command: tuple[str, ...]
    client: Path
    root: Path | None = None
    fetched: bool = False

    @property
    def column(self) -> tuple[str, str]:
        """What tells builds apart in handshakes.csv."""
        return self.runtime, self.library


def at_hand() -> list[Build]:
    """Return every build that can be asked here; of two alike the first."""
    found: dict[tuple[str, str], Build] = {}
    for build in (*here(), *(build for suite in SUITES for build in inside(suite))):
        found.setdefault(build.column, build)
    return list(found.values())


def here() -> list[Build]:
    """Return the builds of this machine, and npm's; the toolchains of Go come after Go itself."""
    return [*_pythons(), *_nodes(), *_javas(), *_gos(), *_others()]


def _others() -> Iterator[Build]:
    for name in ("ruby", "php", "curl", "wget", "openssl", "tstclnt"):
        if path := shutil.which(name):
            for build in _program(name, path, None):
                yield replace(build, fetched=name == "tstclnt")


def inside(suite: str, names: Sequence[str] = _DEBIAN) -> list[Build]:
    """Return those builds of a Debian system that are named."""
    home = roots.root(suite)
    # A system may have several Pythons, one of them without a minor version in its name.
    pythons = sorted(path.name for path in (home / "usr/bin").glob("python3.*[0-9]"))
    found = [*(pythons if "python" in names else ()), *(name for name in names if name != "python")]
    return [build for name in found for build in _program(name, f"/usr/bin/{name}", home)]


@cache
def _output(command: Sequence[str], root: Path | None = None) -> str:
    if root:
        with open_sandbox(root) as sandbox:
            result = sandbox.run(command, check=False, seconds=60)
        return result.out if result.code == 0 else ""
    try:
        done = subprocess.run(
            ["env", "-i", *command], capture_output=True, text=True, timeout=60, check=False
        )
    except OSError:
        return ""
    return done.stdout + done.stderr if done.returncode == 0 else ""


def _pythons() -> Iterator[Build]:
    for minor in range(9, 16):
        name = f"python3.{minor}"
        # A version manager's shims answer for versions that they do not run, hence the versions themselves.
        programs = [shutil.which(name), *sorted(Path.home().glob(f".pyenv/versions/*/bin/{name}"))]
        for program in filter(None, programs):
            path = _output((str(program), "-c", "import sys; print(sys.executable)")).strip()
            yield from _program(name, path or str(program), None)


def _nodes() -> Iterator[Build]:
    # As its makers build it: Debian's is as strict as the OpenSSL that it shares with other programs.
    for program in map(str, sorted(NODES.glob("node[0-9]*/bin/node"))):
        yield from _program("node", program, None)
    for name, place in (("bun", "@oven/bun-linux-x64/bin/bun"), ("deno", "@deno/linux-x64-glibc/deno")):
        if (NODES / place).exists():
            yield from _program(name, str(NODES / place), None)


def _javas() -> Iterator[Build]:
    programs = {
        path.resolve()
        for path in [*_JVMS.glob("*/bin/java"), *map(Path, filter(None, [shutil.which("java")]))]
    }
    for program in sorted(programs):
        yield from _program("java", str(program), None)


def _gos() -> Iterator[Build]:
    found = [shutil.which("go"), *sorted(roots.folder().glob("go-toolchains/golang.org/toolchain@*/bin/go"))]
    for program in filter(None, found):
        for build in _program("go", str(program), None):
            yield replace(build, fetched="toolchain@" in str(program))


def _program(name: str, path: str, root: Path | None) -> Iterator[Build]:
    """Yield the build of a program, if it runs and says what it is."""
    kind = _KINDS[re.sub(r"[0-9.]+$", "", name)]
    ask = kind.question if kind.question[0] == "sh" else (path, *kind.question)
    text = _output(ask, root)
    version = re.search(kind.version, text)
    if not version:
        return
    library = re.search(r"(OpenSSL|LibreSSL|GnuTLS)[ /]+((\d+\.\d+)\S*)", text) if kind.shares else None
    yield Build(
        f"{kind.name}{version[2]}",
        f"{library[1]} {library[3]}" if library else "",
        f"{version[1]}, {library[1]} {library[2]}" if library else version[1],
        tuple(word.format(path) for word in kind.command),
        _CLIENTS / kind.client,
        root,
    )


@dataclass(frozen=True)
class _Kind:
    """A runtime: how it is asked for its version, and for the TLS library that it `shares`; how it is run.

    The first group of `version` is all of it, the second what the runtime's name has.
    """

    name: str
    client: str
    command: tuple[str, ...] = ("{}",)
    question: tuple[str, ...] = ("--version",)
    version: str = r"((\d+\.\d+)\.\d+)"
    shares: bool = False


_MAJOR = r"((\d+)\.\d+\.\d+)"
_PYTHON = "import ssl, platform; print(platform.python_version(), ssl.OPENSSL_VERSION)"
_RUBY = "require 'openssl'; puts RUBY_VERSION, OpenSSL::OPENSSL_LIBRARY_VERSION"
_PHP = "echo PHP_VERSION, ' ', OPENSSL_VERSION_TEXT;"
# Debian's wget uses GnuTLS, and says no version of it; NSS's client says none at all.
_WGET = ("sh", "-c", "wget --version; dpkg-query -f 'GnuTLS ${Version}\n' -W 'libgnutls30*'")
_NSS = ("sh", "-c", "dpkg-query -f '${Version}' -W libnss3")
_SHELL = ("env", "PROGRAM={}", "sh")
_KINDS = {
    "python": _Kind("python", "handshake.py", ("{}", "-I"), ("-I", "-c", _PYTHON), shares=True),
    "node": _Kind("node", "handshake.mjs", version=_MAJOR),
    "bun": _Kind("bun", "handshake.mjs"),
    "deno": _Kind(
        "deno", "handshake.mjs", ("{}", "run", "-A", "--no-lock"), version=r"deno ((\d+\.\d+)\.\d+)"
    ),
    "java": _Kind("java", "Handshake.java", question=("-version",), version=r'version "((\d+)[.\d]*)'),
    "go": _Kind("go", "handshake.go", _GO, ("version",), version=r"go((\d+\.\d+)[.\d]*)"),
    "ruby": _Kind("ruby", "handshake.rb", question=("-e", _RUBY), shares=True),
    "php": _Kind("php", "handshake.php", question=("-r", _PHP), shares=True),
    "curl": _Kind("curl", "handshake.sh", _SHELL, shares=True, version=r"curl ((\d+\.\d+)\.\d+)"),
    "openssl": _Kind("openssl", "handshake.sh", _SHELL, ("version",)),
    "wget": _Kind("wget", "handshake.sh", _SHELL, _WGET, r"Wget ((\d+\.\d+)\S*)", shares=True),
    "tstclnt": _Kind("nss", "handshake.sh", _SHELL, _NSS, r"((\d+\.\d+)\.?\d*)-"),
}
