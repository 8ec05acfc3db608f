"""Jars that trustpack builds for throw-away CAs, programs compiled for them, and servers to try them on."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization

from builder.prove.authority import issue
from builder.prove.probes import PROBES
from builder.prove.server import listen
from tests import java, releases
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from builder.prove.authority import Authority

HERE = Path(__file__).parent
HOST = "localhost"
JAVA = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
# The same libraries that `trustpack prove` asks, on one class path.
OWN = ("HttpsURLConnection", "SSLSocketFactory", "SSLContext", "TrustManagerFactory", "SunX509")


@dataclass(frozen=True)
class Servers:
    """Where servers are, by what is wrong with their certificate: nothing for `good`."""

    urls: Mapping[str, str]

    def words(self, *clients: str, server: str = "good") -> list[str]:
        """Return the probe's words: each client, and where it goes."""
        return [word for client in clients for word in (client, self.urls[server])]


@dataclass(frozen=True)
class Machine:
    """The Java of this machine, without anything of its environment."""

    folder: Path

    def run(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Start a JVM, whatever comes of it."""
        return subprocess.run(
            [require("java"), *JAVA, *map(str, words)],
            env={"PATH": os.defpath, "HOME": str(self.folder), "LANG": "C.UTF-8", **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def ask(self, words: list[str], *options: str, path: str = "", **environment: str) -> dict[str, str]:
        """Return what each client says: accepted, or why not."""
        classes = os.pathsep.join(filter(None, (str(PROBES / "java"), path)))
        done = self.run(*options, "-cp", classes, "Probe", *words, **environment)
        return said(done)


def said(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return the probe's lines by client."""
    lines = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
    assert lines, done.stdout + done.stderr
    return lines


def verdicts(lines: Mapping[str, str]) -> dict[str, str]:
    """Return for each client whether it accepted the server, or refused it for its certificate."""
    return {client: verdict(line) for client, line in lines.items()}


def verdict(line: str) -> str:
    """Return what a client's line comes to."""
    if line == "accepted":
        return line
    about = ("PKIX", "No trusted certificate", "No subject alternative", "No name matching", "NotAfter",
             "not match", "Certificate for")  # fmt: skip
    return "refused" if any(word in line for word in about) else line


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Build the jar of an organisation with these CAs."""

    def build(slug: str, *authorities: Authority, release: str | None = None) -> Path:
        folder = tmp_path_factory.mktemp(slug)
        return releases.build(folder, slug, authorities, target="maven", release=release)[-1]

    return build


@pytest.fixture(scope="session")
def jar(build: Callable[..., Path], acme: Authority) -> Path:
    """Return the jar of Acme, which trusts one CA."""
    return build("acme", acme)


@pytest.fixture(scope="session")
def agent(jar: Path) -> str:
    """Return the option that starts a JVM with Acme's jar."""
    return f"-javaagent:{jar}"


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def servers(acme: Authority, stranger: Authority, now: dt.datetime) -> Iterator[Servers]:
    """Serve with a good certificate, and with one that is expired, of another name, and of a stranger."""
    day = dt.timedelta(days=1)
    leaves = {
        "good": issue(acme, [HOST], now=now),
        "expired": issue(acme, [HOST], now=now, valid=(now - 2 * day, now - day)),
        "other": issue(acme, ["other.internal"], now=now),
        "stranger": issue(stranger, [HOST], now=now),
    }
    with contextlib.ExitStack() as stack:
        ports = {name: stack.enter_context(listen(leaf)).port for name, leaf in leaves.items()}
        yield Servers({name: f"https://{HOST}:{port}/" for name, port in ports.items()})


@pytest.fixture(scope="session")
def pin(acme: Authority) -> str:
    """Return the option that names the pin of Acme's CA to OkHttp."""
    key = acme.certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"-Dpin=sha256/{base64.b64encode(hashlib.sha256(key).digest()).decode()}"


@pytest.fixture(scope="session")
def libraries() -> str:
    """Return a class path of the libraries that ask for the JVM's default trust."""
    return java.path(java.CLIENTS)


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory, jar: Path) -> Path:
    """Compile the tests' programs, but those that need more than the jar, and return their folder."""
    folder = tmp_path_factory.mktemp("classes")
    more = {"Attached.java", "Boot.java", "NettyServers.java"}
    sources = [str(path) for path in sorted((HERE / "programs").glob("*.java")) if path.name not in more]
    java.compile_into(folder, sources, path=str(jar))
    return folder


@pytest.fixture
def lone(jar: Path, tmp_path: Path) -> Path:
    """Return a copy of Acme's jar that a test may damage."""
    return Path(shutil.copy(jar, tmp_path / "acme-ca.jar"))
