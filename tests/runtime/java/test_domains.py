"""CAs with domains in Java: the jar trusts them for servers within these alone, whatever client asks."""

from __future__ import annotations

import contextlib
import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from builder.prove.probes import PROBES
from builder.prove.server import listen
from tests import limited, releases
from tests.limited import NAMELESS, NAMES, NETWORKS, SERVERS
from tests.runtime.java.conftest import OWN, verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from builder.prove.authority import Authority, Leaf
    from tests.runtime.java.conftest import Machine

_ITSELF = ("inside", "outside", "mixed", "address")
_CLIENTS = (*OWN, "JavaHttp", "OkHttp", "HttpClient5", "Netty", "NettyOpenSsl")


@pytest.fixture(scope="module")
def appliances(now: dt.datetime) -> Mapping[str, tuple[Authority, Leaf]]:
    """Make CAs whose own certificates are servers', within the domains and beyond."""
    return {name: limited.itself(SERVERS[name], now=now) for name in _ITSELF}


@pytest.fixture(scope="module")
def urls(
    acme: Authority, stranger: Authority, now: dt.datetime, appliances: Mapping[str, tuple[Authority, Leaf]]
) -> Iterator[Mapping[str, str]]:
    """Serve each leaf of acme's CA, and one beyond its domains of another CA; and CAs' own certificates."""
    with contextlib.ExitStack() as stack:
        leaves = {
            name: (one.host, limited.leaf(acme, one, now=now))
            for name, one in {**SERVERS, "nameless": NAMELESS}.items()
        }
        leaves |= {f"{name} itself": (SERVERS[name].host, leaf) for name, (_, leaf) in appliances.items()}
        free = SERVERS["outside"]
        leaves["of another CA"] = free.host, limited.leaf(stranger, free, now=now)
        yield {
            name: f"https://{host}:{stack.enter_context(listen(leaf)).port}/"
            for name, (host, leaf) in leaves.items()
        }


@pytest.fixture(scope="module")
def options(libraries: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Return the class path of the programs that ask, and what makes a file alone name hosts."""
    file = tmp_path_factory.mktemp("hosts") / "hosts"
    file.write_text("".join(f"127.0.0.1 {one.host}\n" for one in SERVERS.values()))
    return f"-Djdk.net.hosts.file={file}", "-cp", os.pathsep.join((str(PROBES / "java"), libraries))


@pytest.mark.parametrize(
    "domains",
    [
        pytest.param((*NAMES, *NETWORKS), id="both"),
        pytest.param(NAMES, id="names", marks=pytest.mark.long),
        pytest.param(NETWORKS, id="networks", marks=pytest.mark.long),
    ],
)
def test_a_ca_is_trusted_for_its_domains_alone(
    machine: Machine,
    acme: Authority,
    stranger: Authority,
    urls: Mapping[str, str],
    *,
    appliances: Mapping[str, tuple[Authority, Leaf]],
    options: tuple[str, ...],
    tmp_path: Path,
    domains: tuple[str, ...],
) -> None:
    """All names of a leaf are within, and it has no other kinds; a CA beside it has no such limits."""
    held = [acme, *(ca for ca, _ in appliances.values())]
    meant = {one.pem: domains for one in held}
    built = releases.build(tmp_path, "acme", [*held, stranger], target="maven", limited=meant)
    asked = [(client, name) for name in urls for client in _CLIENTS]
    words = [word for client, name in asked for word in (client, urls[name])]
    done = machine.run(f"-javaagent:{built[-1]}", *options, "Probe", *words)
    lines = done.stdout.splitlines()
    assert [line.split(" ")[0] for line in lines] == [client for client, _ in asked], (
        done.stdout + done.stderr
    )
    said = {pair: verdict(line.partition(" ")[2]) for pair, line in zip(asked, lines, strict=True)}
    assert set(said.values()) == {"accepted", "refused"}, {
        key: one for key, one in said.items() if " " in one
    }
    expected = {name for name, one in SERVERS.items() if one.within(domains)} | {"of another CA"}
    expected |= {f"{name} itself" for name in _ITSELF if SERVERS[name].within(domains)}
    accepted = {client: {name for name in urls if said[client, name] == "accepted"} for client in _CLIENTS}
    assert accepted == dict.fromkeys(_CLIENTS, expected)


def test_a_ca_whose_domains_are_lost_is_not_trusted(
    machine: Machine, acme: Authority, urls: Mapping[str, str], options: tuple[str, ...], tmp_path: Path
) -> None:
    """As where its fingerprint is another one's: the JVM goes on with its own trust, and says why."""
    built = releases.build(tmp_path, "acme", [acme], target="maven", limited={acme.pem: NAMES})
    jar = tmp_path / "other.jar"
    with zipfile.ZipFile(built[-1]) as old, zipfile.ZipFile(jar, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"\ndomains.", b"\ndomains.0"))
    words = ("Probe", "HttpsURLConnection", urls["inside"])
    whole = machine.run(f"-javaagent:{built[-1]}", *options, *words)
    assert verdict(whole.stdout.strip().partition(" ")[2]) == "accepted", whole.stderr
    done = machine.run(f"-javaagent:{jar}", *options, *words)
    assert verdict(done.stdout.strip().partition(" ")[2]) == "refused", done.stdout
    assert "the CAs are not trusted: " in done.stderr
    assert "a CA that has domains is not among the certificates" in done.stderr
