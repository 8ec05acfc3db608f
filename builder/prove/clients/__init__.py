"""The programs that are asked in a sandbox: each opens URLs and says of each whether it was accepted."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.errors import ToolError
from builder.release import scratch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.prove.sandbox import Sandbox

_SOURCES = Path(__file__).resolve().parent
_FOLDER = "/opt/trustpack"


@dataclass(frozen=True, slots=True)
class SystemClient:
    """A program in a sandbox; `command` is what opens the URLs that are added to it."""

    name: str
    program: str
    file: str
    command: tuple[str, ...]


def _tool(name: str) -> SystemClient:
    return SystemClient(name, name, "with_command.sh", ("sh", f"{_FOLDER}/with_command.sh", name))


def _script(name: str, program: str, file: str) -> SystemClient:
    return SystemClient(name, program, file, (program, f"{_FOLDER}/{file}"))


_JAVA = ("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", _FOLDER, "Handshake")

CLIENTS = (
    _tool("curl"),
    _tool("wget"),
    _tool("git"),
    _tool("openssl"),
    _script("urllib", "python3", "with_urllib.py"),
    _script("requests", "python3", "with_requests.py"),
    _script("ruby", "ruby", "with_net_http.rb"),
    _script("php", "php", "with_streams.php"),
    _script("node", "node", "with_https.js"),
    SystemClient("java", "java", "Handshake.class", _JAVA),
    SystemClient("go", f"{_FOLDER}/handshake", "handshake", (f"{_FOLDER}/handshake",)),
)


@dataclass(frozen=True, slots=True)
class Programs:
    """The clients that must be compiled before they can run: a Java class and a static Go program."""

    java: bytes | None = None
    go: bytes | None = None


def compile_programs(*, javac: str | None, go: str | None, cache: Path) -> Programs:
    """Compile the Java and Go clients with the compilers at these paths; raise ToolError if one fails.

    `cache` is a folder for Go's build cache: without it, the standard library takes half a minute each time.
    """
    with scratch.folder("clients") as folder:
        name = str(folder)
        java_class = go_program = None
        if javac:
            # Java 11 is the oldest runtime a supported Debian has.
            _compile([javac, "--release", "11", "-d", name, str(_SOURCES / "Handshake.java")], home=name)
            java_class = (folder / "Handshake.class").read_bytes()
        if go:
            command = [go, "build", "-o", f"{name}/handshake", str(_SOURCES / "handshake.go")]
            _compile(command, home=name, CGO_ENABLED="0", GOCACHE=str(cache), GOFLAGS="", GOTOOLCHAIN="local")
            go_program = (folder / "handshake").read_bytes()
        return Programs(java_class, go_program)


def _compile(command: list[str], *, home: str, **environment: str) -> None:
    environment |= {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolError(f"{command[0]}: {done.stderr.strip()}")


def equip(sandbox: Sandbox, programs: Programs, *, only: Iterable[str] = ()) -> tuple[SystemClient, ...]:
    """Put the clients into `sandbox` and return those that can run there (of `only`, where given)."""
    wanted = set(only) or {client.name for client in CLIENTS}
    if programs.java:
        sandbox.copy_in(f"{_FOLDER}/Handshake.class", programs.java)
    if programs.go:
        sandbox.copy_in(f"{_FOLDER}/handshake", programs.go, mode=0o755)
    for file in sorted({client.file for client in CLIENTS if (_SOURCES / client.file).is_file()}):
        sandbox.copy_in(f"{_FOLDER}/{file}", (_SOURCES / file).read_bytes())
    return tuple(client for client in CLIENTS if client.name in wanted and _runs(sandbox, client))


def _runs(sandbox: Sandbox, client: SystemClient) -> bool:
    # A library, unlike a program, is only known to be there when it is asked for.
    library = f"{client.program} -c 'import requests'" if client.name == "requests" else ":"
    test = f'command -v "$1" && [ -f "$2" ] && {library}'
    words = ["sh", "-c", test, "sh", client.program, f"{_FOLDER}/{client.file}"]
    return sandbox.run(words, check=False).code == 0
