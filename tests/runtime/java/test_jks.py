"""A trust store of ours alone: every Java reads it, with its password or without; it replaces, and widens."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove.authority import issue
from builder.prove.probes import PROBES
from builder.prove.sandbox import open_sandbox
from tests import java, releases
from tests.packages.built import run, trustpack
from tests.roots import root
from tests.runtime.java.conftest import HOST, OWN, verdicts
from tests.runtime.java.test_boundaries import store
from tests.tools import require_mounts

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from builder.prove.authority import Authority
    from tests.runtime.java.conftest import Machine, Servers

_WITH = {"none": (), "password": ("-Djavax.net.ssl.trustStorePassword=changeit",)}


@pytest.fixture(scope="module")
def jks(tmp_path_factory: pytest.TempPathFactory, acme: Authority) -> Path:
    return releases.build(tmp_path_factory.mktemp("jks"), "acme", [acme], target="jks")[0]


@pytest.mark.parametrize("password", _WITH)
def test_a_jvm_trusts_the_store_alone(
    machine: Machine, servers: Servers, jks: Path, *, password: str
) -> None:
    """Its CA is trusted, a stranger is not, and of the public roots none is left."""
    options = [f"-Djavax.net.ssl.trustStore={jks}", "-Djavax.net.ssl.trustStoreType=JKS", *_WITH[password]]
    for server, expected in (("good", "accepted"), ("stranger", "refused")):
        found = verdicts(machine.ask(servers.words(*OWN, server=server), *options))
        assert found == dict.fromkeys(OWN, expected)
    roots = machine.run(*options, "-cp", str(PROBES / "java"), "Probe", "roots").stdout.split()
    assert len(roots) == 1


@pytest.mark.parametrize("version", ["8", "25"])
def test_the_oldest_and_the_newest_java_read_it(servers: Servers, jks: Path, *, version: str) -> None:
    """Without a password and with it."""
    require_mounts()
    suite, program = java.JVMS[version]
    with open_sandbox(root(suite)) as system:
        system.copy_in("/opt/acme.jks", jks.read_bytes())
        system.copy_in("/opt/Probe.class", (PROBES / "java" / "Probe.class").read_bytes())
        for more in _WITH.values():
            options = [
                "-Djavax.net.ssl.trustStore=/opt/acme.jks",
                "-Djavax.net.ssl.trustStoreType=JKS",
                *more,
            ]
            command = [program, *options, "-cp", "/opt", "Probe", *servers.words(*OWN)]
            assert system.run(command).out.splitlines() == [f"{client} accepted" for client in OWN]


def test_it_widens_servers_as_the_guide_says(
    machine: Machine, jks: Path, acme: Authority, now: dt.datetime, programs: Path, *, tmp_path: Path
) -> None:
    """A server with default trust takes every client of its CAs: the reason to prefer the jar."""
    server = store(issue(acme, [HOST], now=now), tmp_path / "server.p12")
    usage = ExtendedKeyUsageOID.CLIENT_AUTH
    client = store(issue(acme, ["client"], now=now, usage=usage), tmp_path / "client.p12")
    (tmp_path / "ca.pem").write_bytes(acme.pem)
    options = [f"-Djavax.net.ssl.trustStore={jks}", "-Djavax.net.ssl.trustStoreType=JKS"]
    done = machine.run(*options, "-cp", programs, "Servers", server, client, tmp_path / "ca.pem")
    assert done.stdout.splitlines()[0] == "context accepted", done.stderr


def test_a_recipe_of_ones_own_adds_a_base(
    acme: Authority, stranger: Authority, machine: Machine, servers: Servers, tmp_path: Path
) -> None:
    """As the guide has it: the roots of a PEM file among the templates are in the store, too."""
    (tmp_path / "roots.pem").write_bytes(acme.pem)
    config = tmp_path / "trustpack.yaml"
    config.write_text("organisation: {slug: acme}\nbundle: {paths: [roots.pem]}\n", "utf-8")
    run(sys.executable, "-m", "builder", "recipes", "export", "jks", cwd=tmp_path)
    recipe = tmp_path / "recipes" / "jks.yaml"
    base = "      - path: public.pem\n        source: public.pem\n"
    recipe.write_text(recipe.read_text("utf-8").replace("    files:\n", f"    files:\n{base}"), "utf-8")
    (tmp_path / "templates" / "jks").mkdir(parents=True, exist_ok=True)
    (tmp_path / "templates" / "jks" / "public.pem").write_bytes(stranger.pem)
    for folder in ("dist", "again"):
        trustpack("build", "--config", config, "--target", "jks", "--out", tmp_path / folder, "--quiet")
    [made], [again] = ((tmp_path / folder).glob("*.jks") for folder in ("dist", "again"))
    assert made.read_bytes() == again.read_bytes()
    assert _WARNING <= set(_install(tmp_path / "dist"))
    options = [f"-Djavax.net.ssl.trustStore={made}", "-Djavax.net.ssl.trustStoreType=JKS"]
    for server in ("good", "stranger"):
        found = verdicts(machine.ask(servers.words("SSLContext", server=server), *options))
        assert found == {"SSLContext": "accepted"}
    for server in ("expired", "other"):
        assert verdicts(machine.ask(servers.words(*OWN, server=server), *options)) == dict.fromkeys(
            OWN, "refused"
        )


def test_who_builds_it_is_warned(jks: Path, acme: Authority, tmp_path: Path) -> None:
    """That it replaces, and that it widens: where it says what is typed, for people and for programs."""
    (tmp_path / "roots.pem").write_bytes(acme.pem)
    options = ("--org", "acme", "--release", "1", "--target", "jks")
    said = trustpack("build", tmp_path / "roots.pem", *options, "--out", tmp_path / "dist")
    assert _WARNING <= {line.removeprefix("  jks ").strip() for line in said.splitlines()}
    assert _WARNING <= set(_install(jks.parent))


_WARNING = {
    "# it replaces the JVM's own roots: what is not in it is not trusted any more, public servers neither",
    "# it widens servers: those that verify clients by default trust accept every client of these CAs",
}


def _install(dist: Path) -> list[str]:
    [found] = json.loads((dist / "manifest.json").read_text("utf-8"))["artifacts"]
    lines: str = found["install"]
    return lines.splitlines()
