"""The testbed of the jar: this machine's Java, started with the agent where the jar is there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from builder.errors import ToolError
from builder.prove.probes import PROBES, find, start
from builder.prove.testbed import Client, Ran
from builder.prove.testbeds import java_libraries

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.model import Recipe


class _Asked(msgspec.Struct, frozen=True):
    """What the probe calls a client, the oldest Java that it runs in, and whose libraries it needs."""

    word: str
    java: int = 8
    libraries: str = ""


# Java's own, and libraries that build on its default trust.
_CLIENTS: Mapping[str, _Asked] = {
    "HttpsURLConnection": _Asked("HttpsURLConnection"),
    "SSLSocketFactory": _Asked("SSLSocketFactory"),
    "java.net.http": _Asked("JavaHttp", 11),
    "OkHttp": _Asked("OkHttp", 8, "OkHttp"),
    "HttpClient 4": _Asked("HttpClient4", 8, "HttpClient 4"),
    "HttpClient 5": _Asked("HttpClient5", 8, "HttpClient 5"),
    "Netty": _Asked("Netty", 8, "Netty"),
    "Netty OpenSSL": _Asked("NettyOpenSsl", 8, "Netty"),
    "gRPC": _Asked("Grpc", 8, "gRPC"),
    "Spring RestClient": _Asked("SpringRest", 17, "Spring"),
    "Spring RestTemplate": _Asked("SpringTemplate", 17, "Spring"),
}
_HTTP2_ONLY = frozenset({"gRPC"})
NAMES = tuple(_CLIENTS)
SECONDS = (10, 12)
# A client lives for a second, which a compiler and several threads for garbage only make longer.
_JAVA = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


def fetched(only: frozenset[str]) -> tuple[str, ...]:
    """Return the libraries that are fetched from Maven Central."""
    return tuple(one.coordinates for one in _libraries(only))


def _libraries(only: frozenset[str]) -> list[java_libraries.JavaLibrary]:
    names = {asked.libraries for name, asked in _CLIENTS.items() if not only or name in only}
    return [one for name in sorted(names - {""}) for one in java_libraries.LIBRARIES[name]]


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
) -> Iterator[JavaProgram]:
    """Open a program's folder below `folder`, with the libraries that can be fetched; see testbeds.Opener."""
    java = find("java")
    (folder / "lib").mkdir()
    (folder / "jars").mkdir()
    missing = "nothing is fetched offline"
    if not offline:
        missing = ""
        try:
            java_libraries.fetch(_libraries(only), folder / "lib")
        except ToolError as error:
            missing = str(error)
    program = JavaProgram(name, folder, java=java, missing=missing)
    program.version = program.probe("version").split()[-1]
    yield program


@dataclass(slots=True)
class JavaProgram:
    """A program that is started with the jar as its agent where that is there; see trial.Testbed.

    `missing` says why libraries are not there.
    """

    name: str
    folder: Path
    java: str
    missing: str = ""
    version: str = ""
    stand_in: str = field(default="", init=False)

    @property
    def jar(self) -> Path:
        """Where the jar is installed, whatever its version."""
        return self.folder / "jars" / f"{self.name.rpartition(':')[2]}.jar"

    def clients(self) -> Sequence[Client]:
        """Return the clients whose libraries are there, and that this Java can run."""
        absent = {line.partition(": ")[0] for line in self.absent()}
        return [
            Client(
                name,
                (asked.word, "{url}"),
                note="with -javaagent",
                version=self._version(asked),
                http2_only=name in _HTTP2_ONLY,
            )
            for name, asked in _CLIENTS.items()
            if name not in absent
        ]

    def absent(self) -> Sequence[str]:
        """Return those that are not, each with the reason."""
        lines = []
        for name, asked in _CLIENTS.items():
            if _number(self.version) < asked.java:
                lines.append(f"{name}: needs Java {asked.java}, and this is {self.version}")
            elif not self._has(asked):
                lines.append(f"{name}: {self.missing or 'its libraries were not fetched'}")
        return lines

    def _has(self, asked: _Asked) -> bool:
        files = (one.file for one in java_libraries.LIBRARIES.get(asked.libraries, ()))
        return all((self.folder / "lib" / file).exists() for file in files)

    def _version(self, asked: _Asked) -> str:
        first = java_libraries.LIBRARIES.get(asked.libraries, ())[:1]
        return first[0].coordinates.split(":")[2] if first else self.version

    def run(self, client: Client, url: str) -> Ran:
        """Let a client open `url`."""
        word, _ = client.command
        done = self._start([*self._agent(), *self._program(client), word, url])
        return Ran(done.returncode, done.stdout + done.stderr)

    def probe(self, *words: str) -> str:
        """Return what the probe prints, with the agent where it is there."""
        return self._start([*self._agent(), "-cp", str(PROBES / "java"), "Probe", *words], check=True).stdout

    def _program(self, client: Client) -> list[str]:
        libraries = java_libraries.LIBRARIES.get(_CLIENTS[client.name].libraries, ())
        files = (str(self.folder / "lib" / one.file) for one in libraries)
        return ["-cp", os.pathsep.join((str(PROBES / "java"), *files)), "Probe"]

    def _agent(self) -> list[str]:
        return [f"-javaagent:{self.jar}"] if self.jar.exists() else []

    def install(self, package: Path) -> None:
        """Lay the jar where JVMs are told to find it."""
        shutil.copy(package, self.jar)

    def upgrade(self, package: Path) -> None:
        """Lay the newer jar in the place of the older one."""
        self.install(package)

    def remove(self) -> None:
        """Take the option away from JVMs, and then the jar."""
        self.jar.unlink()

    @property
    def manager(self) -> str:
        """Which instructions are typed here."""
        return "java"

    def know_nothing(self) -> None:
        """Do nothing: nothing is configured here."""

    def type_in(self, lines: str, *, there: bool) -> None:  # noqa: ARG002  the jar's file itself tells
        """Run shell lines where the jar is to be."""
        path = {"PATH": os.pathsep.join((os.path.dirname(self.java), os.defpath))}  # noqa: PTH120  a text
        start(["/bin/sh", "-ec", lines], folder=self.jar.parent, environment=path, check=True)

    def trust(self) -> Mapping[str, object]:
        """Return the digest of each jar that was laid there."""
        return {
            path.name: hashlib.sha256(path.read_bytes()).digest() for path in (self.folder / "jars").iterdir()
        }

    def roots(self) -> Mapping[str, frozenset[str]]:
        """Return the digests of what this Java trusts by default, with the agent where it is there."""
        return {"TrustManagerFactory": frozenset(self.probe("roots").split())}

    def _start(self, words: Sequence[str], *, check: bool = False) -> subprocess.CompletedProcess[str]:
        return start([self.java, *_JAVA, *words], folder=self.folder, check=check)


def _number(version: str) -> int:
    """Return 8 of 1.8.0_504, and 17 of 17.0.15."""
    return int(version.removeprefix("1.").split(".")[0].split("-")[0].split("_")[0])
