"""What the jar leaves as it was: servers, named trust stores, other agents, and JVMs where it is damaged."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove.authority import create, issue
from builder.prove.server import listen
from tests.runtime.java.conftest import HOST, OWN, said, verdicts
from tests.tools import require

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    from builder.prove.authority import Authority, Leaf
    from tests.runtime.java.conftest import Machine, Servers

_PASSWORD = b"changeit"


def store(leaf: Leaf, file: Path) -> Path:
    """Write a leaf and its key as PKCS#12."""
    key = serialization.load_pem_private_key(leaf.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    certificate = x509.load_pem_x509_certificate(leaf.chain)
    encryption = serialization.BestAvailableEncryption(_PASSWORD)
    file.write_bytes(pkcs12.serialize_key_and_certificates(b"leaf", key, certificate, None, encryption))
    return file


def _truststore(authority: Authority, file: Path) -> Path:
    """Write a trust store of Java's by its own program."""
    pem = file.with_suffix(".pem")
    pem.write_bytes(authority.pem)
    words = ["-importcert", "-noprompt", "-alias", "ca", "-file", str(pem), "-storepass", "changeit"]
    subprocess.run([require("keytool"), *words, "-keystore", str(file)], check=True, capture_output=True)
    return file


def test_no_server_accepts_a_client_by_the_cas(
    machine: Machine, agent: str, acme: Authority, now: dt.datetime, programs: Path, *, tmp_path: Path
) -> None:
    """By its default trust, however that is asked for; one that names the CA itself does."""
    server = store(issue(acme, [HOST], now=now), tmp_path / "server.p12")
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    client = store(issue(acme, ["client"], now=now, usage=usage), tmp_path / "client.p12")
    (tmp_path / "ca.pem").write_bytes(acme.pem)
    done = machine.run(agent, "-cp", programs, "Servers", server, client, tmp_path / "ca.pem")
    lines = ["context refused", "PKIX refused", "SunX509 refused", "named accepted"]
    assert done.stdout.splitlines() == lines, done.stderr


def test_a_named_store_is_used_alone(
    machine: Machine, agent: str, stranger: Authority, servers: Servers, programs: Path, *, tmp_path: Path
) -> None:
    """A program that makes a trust manager of its own KeyStore gets no CA more."""
    (tmp_path / "stranger.pem").write_bytes(stranger.pem)
    found = [
        machine.run(agent, "-cp", programs, "Named", tmp_path / "stranger.pem", servers.urls[server]).stdout
        for server in ("good", "stranger")
    ]
    assert [line.split(":")[0].strip() for line in found] == ["refused", "accepted"]


def test_a_jvm_with_a_trust_store_gets_nothing_added(
    machine: Machine, agent: str, stranger: Authority, servers: Servers, tmp_path: Path
) -> None:
    """By its option; its own CA is trusted, and ours is not, in every client of Java's."""
    store = f"-Djavax.net.ssl.trustStore={_truststore(stranger, tmp_path / 'store.p12')}"
    password = "-Djavax.net.ssl.trustStorePassword=changeit"  # noqa: S105  of a throw-away store
    for server, expected in (("good", "refused"), ("stranger", "accepted")):
        found = verdicts(machine.ask(servers.words(*OWN, server=server), agent, store, password))
        assert found == dict.fromkeys(OWN, expected)


def test_public_roots_stay(machine: Machine, agent: str, jar: Path) -> None:
    """The JVM's own roots are all there with the agent, and one more."""
    alone, with_agent = (
        set(machine.run(*options, "-cp", _probes(), "Probe", "roots").stdout.split())
        for options in ([], [agent])
    )
    assert len(alone) > 50
    assert (alone - with_agent, len(with_agent - alone)) == (set(), 1), jar


def _probes() -> str:
    from builder.prove.probes import PROBES

    return str(PROBES / "java")


def test_two_organisations_do_not_disturb_each_other(
    machine: Machine, agent: str, build: Callable[..., Path], servers: Servers, now: dt.datetime
) -> None:
    """Each one's servers are trusted, in either order, and a stranger's are not."""
    beta = create("Beta Root CA", now=now)
    other = f"-javaagent:{build('beta', beta)}"
    with listen(issue(beta, [HOST], now=now)) as listener:
        url = f"https://{HOST}:{listener.port}/"
        betas = [word for client in OWN for word in (client, url)]
        for agents in ((agent, other), (other, agent)):
            for words, expected in (
                (servers.words(*OWN), "accepted"),
                (betas, "accepted"),
                (servers.words(*OWN, server="stranger"), "refused"),
            ):
                assert verdicts(machine.ask(words, *agents)) == dict.fromkeys(OWN, expected)


def test_another_agent_goes_on(
    machine: Machine, agent: str, servers: Servers, programs: Path, tmp_path: Path
) -> None:
    """Before ours and after it, one that looks at every class does its work, and ours does."""
    other = tmp_path / "other.jar"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nPremain-Class: OtherAgent\r\n\r\n")
        for file in programs.glob("OtherAgent*.class"):
            archive.write(file, file.name)
    words = servers.words(*OWN)
    for agents in ((agent, f"-javaagent:{other}"), (f"-javaagent:{other}", agent)):
        done = machine.run(*agents, "-cp", _probes(), "Probe", *words)
        first, *lines = done.stdout.splitlines()
        assert first == "the other agent is there"
        assert lines == [f"{client} accepted" for client in OWN]


def test_a_jar_that_is_gone_stops_the_jvm(machine: Machine, tmp_path: Path) -> None:
    """As the guide says: the JVM itself ends, before anything of ours could run."""
    done = machine.run("-version", JAVA_TOOL_OPTIONS=f"-javaagent:{tmp_path}/gone.jar")
    assert done.returncode != 0
    assert "gone.jar" in done.stderr


def test_half_a_jar_stops_the_jvm(machine: Machine, lone: Path) -> None:
    """As the guide says: so a newer one is moved onto the old one, and not written over it."""
    whole = lone.read_bytes()
    lone.write_bytes(whole[: len(whole) // 2])
    assert machine.run(f"-javaagent:{lone}", "-version").returncode != 0
    lone.write_bytes(whole)
    assert machine.run(f"-javaagent:{lone}", "-version").returncode == 0


@pytest.mark.parametrize(
    ("option", "environment"),
    [
        ("-Dacme.ca.disable=true", {}),
        ("-Dunused=1", {"ACME_CA_DISABLE": "1"}),
    ],
    ids=["property", "variable"],
)
def test_a_switch_turns_it_off(
    machine: Machine, agent: str, servers: Servers, *, option: str, environment: dict[str, str]
) -> None:
    """For one JVM, by a system property or a variable as the other packages have it."""
    found = verdicts(machine.ask(servers.words(*OWN), agent, option, **environment))
    assert found == dict.fromkeys(OWN, "refused")


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_a_switch_that_says_no_does_nothing(
    machine: Machine, agent: str, servers: Servers, *, value: str
) -> None:
    """Empty, 0 and false are no."""
    found = verdicts(machine.ask(servers.words("SSLContext"), agent, ACME_CA_DISABLE=value))
    assert found == {"SSLContext": "accepted"}


@pytest.mark.parametrize(
    "file",
    ["roots.pem", "about.properties", "CaTrust.class", "BothTrust.class", "CaFactory.class", "Bundle.class"],
)
def test_a_damaged_jar_leaves_the_jvm_as_it_is(
    machine: Machine, lone: Path, servers: Servers, *, file: str
) -> None:
    """Without one of its files the JVM runs on with its own trust, and a line says what is wrong."""
    with zipfile.ZipFile(lone) as archive:
        kept = [(name, archive.read(name)) for name in archive.namelist() if not name.endswith(f"/{file}")]
        assert len(kept) == len(archive.namelist()) - 1
    with zipfile.ZipFile(lone, "w") as archive:
        for name, data in kept:
            archive.writestr(name, data)
    clients = ("HttpsURLConnection",)
    words = servers.words(*clients)
    done = machine.run(f"-javaagent:{lone}", "-cp", _probes(), "Probe", *words)
    assert verdicts(dict(line.split(" ", 1) for line in done.stdout.splitlines())) == dict.fromkeys(
        clients, "refused"
    )
    [line] = done.stderr.splitlines()
    assert "the CAs are not trusted" in line


def test_what_cannot_be_read_is_said_once(machine: Machine, lone: Path, servers: Servers) -> None:
    """A bundle of garbage, too."""
    with zipfile.ZipFile(lone) as archive:
        kept = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(lone, "w") as archive:
        for name, data in kept:
            archive.writestr(name, b"-----BEGIN CERTIFICATE-----\n!" if name.endswith("roots.pem") else data)
    done = machine.run(f"-javaagent:{lone}", "-cp", _probes(), "Probe", *servers.words("SSLContext"))
    assert verdicts(said(done)) == {"SSLContext": "refused"}
    assert len(done.stderr.splitlines()) == 1


def test_a_security_manager_leaves_the_jvm_as_it_is(
    machine: Machine, jar: Path, agent: str, servers: Servers, tmp_path: Path
) -> None:
    """A program that may not read what the jar must know has the JVM's own trust, and a line says so."""
    policy = tmp_path / "policy"
    policy.write_text(
        f'grant codeBase "file:{jar}" {{ permission java.security.AllPermission; }};\n'
        'grant { permission java.net.SocketPermission "*", "connect,resolve"; '
        'permission java.lang.RuntimePermission "setFactory"; };\n'
    )
    options = ("-Djava.security.manager", f"-Djava.security.policy={policy}")
    done = machine.run(agent, *options, "-cp", _probes(), "Probe", *servers.words("SSLContext"))
    assert verdicts(said(done)) == {"SSLContext": "refused"}
    assert "the CAs are not trusted: java.security.AccessControlException" in done.stderr


def test_the_api_trusts_and_takes_back(machine: Machine, servers: Servers, programs: Path, jar: Path) -> None:
    """Its trust manager serves by itself; what is set up after uninstall() trusts no more."""
    done = machine.run("-cp", f"{programs}:{jar}", "Calls", servers.urls["good"])
    said = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert said == [
        "trustManager accepted",
        "certificates 1",
        "install true true",
        "installed accepted",
        "uninstalled refused",
    ], done.stderr


def test_fifty_cas_and_a_dropped_one(
    machine: Machine, build: Callable[..., Path], acme: Authority, servers: Servers, now: dt.datetime
) -> None:
    """A big bundle is trusted whole; a release without a CA does not trust it."""
    others = [create(f"Acme Root {number}", now=now) for number in range(50)]
    for authorities, expected in (((acme, *others), "accepted"), (others, "refused")):
        option = f"-javaagent:{build('acme', *authorities)}"
        assert verdicts(machine.ask(servers.words("SSLContext"), option)) == {"SSLContext": expected}
