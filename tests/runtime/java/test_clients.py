"""Clients of Java's, and libraries that ask for its default trust: with the agent, and without it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from builder.prove.probes import PROBES
from builder.prove.sandbox import open_sandbox
from tests import java
from tests.roots import root
from tests.runtime.java.conftest import OWN, verdicts
from tests.tools import require_mounts

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.java.conftest import Machine, Servers

_LIBRARIES = ("OkHttp", "OkHttpPinned", "HttpClient4", "HttpClient5", "Netty", "NettyOpenSsl", "Grpc")
_SPRING = ("SpringRest", "SpringTemplate")
_BAD = ("expired", "other", "stranger")
_EACH = ["good", "stranger", *(pytest.param(name, marks=pytest.mark.long) for name in ("expired", "other"))]


@pytest.mark.parametrize("server", ["good", *_BAD])
def test_java_trusts_the_ca_and_nothing_else(
    machine: Machine, servers: Servers, agent: str, *, server: str
) -> None:
    """A good certificate is accepted; an expired one, another name's and a stranger's are refused."""
    clients = (*OWN, "JavaHttp")
    found = verdicts(machine.ask(servers.words(*clients, server=server), agent))
    assert found == dict.fromkeys(clients, "accepted" if server == "good" else "refused")


@pytest.mark.parametrize("server", _EACH)
def test_libraries_follow_the_jvm(
    machine: Machine, servers: Servers, libraries: str, agent: str, pin: str, *, server: str
) -> None:
    """OkHttp, with pins too, Apache's HttpClients, Netty with either engine, and gRPC."""
    words = servers.words(*_LIBRARIES, server=server)
    lines = machine.ask(words, agent, pin, path=libraries)
    assert {client: line == "accepted" for client, line in lines.items()} == dict.fromkeys(
        _LIBRARIES, server == "good"
    ), lines


@pytest.mark.parametrize("server", _EACH)
def test_springs_clients_follow_the_jvm(
    machine: Machine, servers: Servers, agent: str, *, server: str
) -> None:
    """RestClient and RestTemplate, as they are made without options."""
    words = servers.words(*_SPRING, server=server)
    found = verdicts(machine.ask(words, agent, path=java.path(java.SPRING)))
    assert found == dict.fromkeys(_SPRING, "accepted" if server == "good" else "refused")


def test_without_the_agent_nobody_trusts_the_ca(machine: Machine, servers: Servers, jar: Path) -> None:
    """Not even where the jar is on the class path: Java starts nothing by itself."""
    clients = (*OWN, "JavaHttp")
    found = verdicts(machine.ask(servers.words(*clients), path=str(jar)))
    assert found == dict.fromkeys(clients, "refused")


@pytest.mark.parametrize("version", ["8", "25"])
def test_the_oldest_and_the_newest_java(servers: Servers, jar: Path, *, version: str) -> None:
    """The same jar serves both: what is good is accepted, all else refused."""
    _check_in_root(servers, jar, version)


@pytest.mark.long
@pytest.mark.parametrize("version", ["11", "21"])
def test_the_versions_between(servers: Servers, jar: Path, *, version: str) -> None:
    """As with the oldest and the newest."""
    _check_in_root(servers, jar, version)


def _check_in_root(servers: Servers, jar: Path, version: str) -> None:
    require_mounts()
    suite, program = java.JVMS[version]
    clients = OWN if version == "8" else (*OWN, "JavaHttp")
    with open_sandbox(root(suite)) as system:
        system.copy_in("/opt/acme-ca.jar", jar.read_bytes())
        for file in ("Probe.class", "JavaHttp.class"):
            system.copy_in(f"/opt/{file}", (PROBES / "java" / file).read_bytes())
        for server, options in (("good", []), *((name, _AGENT) for name in ("good", *_BAD))):
            words = servers.words(*clients, server=server)
            command = [program, "-XX:+UseSerialGC", *options, "-cp", "/opt", "Probe", *words]
            lines = dict(
                line.split(" ", 1)
                for line in system.run(command, check=False).out.splitlines()
                if " " in line
            )
            expected = "accepted" if (server, options) == ("good", _AGENT) else "refused"
            assert verdicts(lines) == dict.fromkeys(clients, expected), (server, options)
        report = system.run([program, *_AGENT, "-jar", "/opt/acme-ca.jar", "doctor"]).out
    assert f"Java {'1.8.0' if version == '8' else version}" in report
    assert "active: yes, through -javaagent" in report


_AGENT = ["-javaagent:/opt/acme-ca.jar"]


@pytest.mark.long
@pytest.mark.parametrize("version", ["8", "25"])
def test_libraries_on_the_oldest_and_the_newest_java(
    servers: Servers, jar: Path, libraries: str, pin: str, *, version: str
) -> None:
    """As on the Java of this machine."""
    require_mounts()
    suite, program = java.JVMS[version]
    with open_sandbox(root(suite)) as system:
        system.copy_in("/opt/acme-ca.jar", jar.read_bytes())
        for file in sorted((PROBES / "java").glob("*.class")):
            system.copy_in(f"/opt/{file.name}", file.read_bytes())
        files = [java.folder() / name for name in map(os.path.basename, libraries.split(os.pathsep))]
        for file in files:
            system.copy_in(f"/opt/lib/{file.name}", file.read_bytes())
        for server in ("good", *_BAD):
            words = servers.words(*_LIBRARIES, server=server)
            done = system.run([program, pin, *_AGENT, "-cp", "/opt:/opt/lib/*", "Probe", *words], check=False)
            lines = [line.split(" ", 1) for line in done.out.splitlines() if line.split(" ")[0] in _LIBRARIES]
            accepted = {client: line == "accepted" for client, line in lines}
            assert accepted == dict.fromkeys(_LIBRARIES, server == "good"), (server, lines)
