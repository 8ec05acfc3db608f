"""JVMs that are started or made otherwise than usual, and servers of the oldest and the newest Java."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove.authority import create, issue
from builder.prove.probes import PROBES
from builder.prove.sandbox import open_sandbox
from builder.prove.server import listen
from tests import java
from tests.roots import root
from tests.runtime.java.conftest import HERE, HOST, JAVA, OWN, verdict, verdicts
from tests.runtime.java.test_boundaries import store
from tests.tools import require, require_mounts

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    from builder.prove.authority import Authority
    from tests.runtime.java.conftest import Machine, Servers

_ALL = (*OWN, "JavaHttp")
_CACERTS = "/etc/ssl/certs/java/cacerts"
_PROBES = str(PROBES / "java")


@pytest.fixture(scope="module")
def mutual(acme: Authority, now: dt.datetime, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return a server's key, a client's, and the CA of both."""
    folder = tmp_path_factory.mktemp("mutual")
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    server = store(issue(acme, [HOST], now=now), folder / "server.p12")
    client = store(issue(acme, ["client"], now=now, usage=usage), folder / "client.p12")
    (folder / "ca.pem").write_bytes(acme.pem)
    return [server, client, folder / "ca.pem"]


@pytest.mark.parametrize("version", ["8", "25"])
def test_a_jvm_without_roots_of_its_own_trusts_the_cas(servers: Servers, jar: Path, *, version: str) -> None:
    """As small images have it, whose own trust manager then fails instead of refusing; but nobody else."""
    require_mounts()
    suite, program = java.JVMS[version]
    clients = OWN if version == "8" else _ALL
    with open_sandbox(root(suite)) as system:
        system.run(["rm", _CACERTS])
        system.copy_in("/opt/acme-ca.jar", jar.read_bytes())
        for file in ("Probe.class", "JavaHttp.class"):
            system.copy_in(f"/opt/{file}", (PROBES / "java" / file).read_bytes())
        options = ["-javaagent:/opt/acme-ca.jar", "-cp", "/opt", "Probe"]
        for server in ("good", "stranger", "other", "expired"):
            command = [program, *JAVA, *options, *servers.words(*clients, server=server)]
            lines = system.run(command, check=False).out.splitlines()
            found = {line.partition(" ")[0]: line.partition(" ")[2] == "accepted" for line in lines}
            assert found == dict.fromkeys(clients, server == "good"), (server, lines)


@pytest.mark.parametrize("version", ["8", "25"])
def test_no_server_of_the_oldest_and_the_newest_java_accepts_a_client(
    mutual: list[Path], jar: Path, programs: Path, *, version: str
) -> None:
    """By the CAs of the jar; one that names the CA itself does."""
    require_mounts()
    suite, program = java.JVMS[version]
    with open_sandbox(root(suite)) as system:
        for file in (jar, *mutual, *programs.glob("Servers*.class")):
            system.copy_in(f"/opt/{'acme-ca.jar' if file == jar else file.name}", file.read_bytes())
        options = ["-javaagent:/opt/acme-ca.jar", "-cp", "/opt", "Servers"]
        done = system.run([program, *JAVA, *options, *(f"/opt/{file.name}" for file in mutual)], check=False)
    words = ["context refused", "PKIX refused", "SunX509 refused", "named accepted"]
    assert [line for line in done.out.splitlines() if line in words] == words, done.out


def test_no_server_of_nettys_accepts_a_client(
    machine: Machine, agent: str, mutual: list[Path], libraries: str, programs: Path, *, tmp_path: Path
) -> None:
    """With Java's engine and with BoringSSL; one that names the CA itself does."""
    path = os.pathsep.join((str(programs), libraries))
    java.compile_into(tmp_path, [str(HERE / "programs" / "NettyServers.java")], path=path)
    done = machine.run(agent, "-cp", os.pathsep.join((str(tmp_path), path)), "NettyServers", *mutual)
    lines = ["JDK refused", "JDK named accepted", "OPENSSL refused", "OPENSSL named accepted"]
    assert done.stdout.splitlines() == lines, done.stderr


def test_an_attached_agent_trusts(machine: Machine, jar: Path, servers: Servers, tmp_path: Path) -> None:
    """In a JVM that runs already: what is set up from then on; a stranger is refused."""
    java.compile_into(tmp_path, [str(HERE / "programs" / "Attached.java")], path=_PROBES, release=17)
    path = os.pathsep.join((str(tmp_path), _PROBES))
    for server, expected in (("good", "accepted"), ("stranger", "refused")):
        words = servers.words(*_ALL, server=server)
        done = machine.run("-Djdk.attach.allowAttachSelf=true", "-cp", path, "Attached", jar, *words)
        lines = dict(line.split(" ", 1) for line in done.stdout.splitlines())
        assert verdicts(lines) == dict.fromkeys(_ALL, expected), done.stderr


@pytest.mark.parametrize("option", ["-XX:-StackTraceInThrowable", "-XX:MaxJavaStackTraceDepth=1"])
def test_a_jvm_that_hides_who_calls_trusts(
    machine: Machine, agent: str, servers: Servers, *, option: str
) -> None:
    """What its default context asks for is known all the same."""
    assert verdicts(machine.ask(servers.words(*_ALL), agent, option)) == dict.fromkeys(_ALL, "accepted")


@pytest.mark.parametrize("newer", ["upgraded", "removed", "emptied"])
def test_what_becomes_of_the_file_is_no_matter_to_a_jvm_that_runs(
    machine: Machine, lone: Path, build: Callable[..., Path], servers: Servers, now: dt.datetime,
    *, programs: Path, tmp_path: Path, newer: str,
) -> None:  # fmt: skip
    """Until it ends, it trusts what it was started with: a download writes over the file in its place."""
    flag = tmp_path / "flag"
    words = [str(flag), *servers.words("HttpsURLConnection", "SSLContext")]
    path = os.pathsep.join((str(programs), _PROBES))
    command = [require("java"), *JAVA, f"-javaagent:{lone}", "-cp", path, "Later", *words]
    environment = {"PATH": os.defpath, "HOME": str(machine.folder), "LANG": "C.UTF-8"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "waits\n"
        if newer == "removed":
            lone.unlink()
        elif newer == "emptied":
            lone.write_bytes(b"")
        else:
            shutil.copyfile(build("acme", create("Acme Next CA", now=now)), lone)
        flag.touch()
        lines = running.stdout.read().splitlines()
    assert [verdict(line.partition(" ")[2]) for line in lines] == ["accepted", "accepted"], lines


@pytest.mark.long
@pytest.mark.parametrize("version", ["8", "25"])
def test_two_organisations_in_the_oldest_and_the_newest_java(
    servers: Servers, jar: Path, build: Callable[..., Path], now: dt.datetime, *, version: str
) -> None:
    """Each one's servers are trusted, whichever agent comes first, and a stranger's are not."""
    require_mounts()
    suite, program = java.JVMS[version]
    beta = create("Beta Root CA", now=now)
    agents = ["-javaagent:/opt/acme-ca.jar", "-javaagent:/opt/beta-ca.jar"]
    with listen(issue(beta, [HOST], now=now)) as listener, open_sandbox(root(suite)) as system:
        system.copy_in("/opt/acme-ca.jar", jar.read_bytes())
        system.copy_in("/opt/beta-ca.jar", build("beta", beta).read_bytes())
        system.copy_in("/opt/Probe.class", (PROBES / "java" / "Probe.class").read_bytes())
        betas = [word for client in OWN for word in (client, f"https://{HOST}:{listener.port}/")]
        for options in (agents, agents[::-1]):
            for words, expected in (
                (servers.words(*OWN), "accepted"),
                (betas, "accepted"),
                (servers.words(*OWN, server="stranger"), "refused"),
            ):
                done = system.run([program, *JAVA, *options, "-cp", "/opt", "Probe", *words], check=False)
                lines = dict(line.split(" ", 1) for line in done.out.splitlines() if " " in line)
                assert verdicts(lines) == dict.fromkeys(OWN, expected), (options, done.out)
