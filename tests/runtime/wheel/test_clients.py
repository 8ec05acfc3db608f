"""Installing the wheel makes every client trust the organisation's CA; removing it ends that."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.wheel.world import (
    ACCEPTED,
    REFUSED,
    Environment,
    clients,
    environment,
    interpreters,
    run,
)
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from builder.prove.authority import Leaf
    from tests.runtime.wheel.conftest import Wheels

# Those whom installing is enough for; the README in templates/wheel/METADATA.j2 says the same.
_REACHED = (
    "urllib",
    "http.client",
    "ssl",
    "asyncio",
    "urllib3",
    "certifi.where",
    "certifi.contents",
    "requests",
    "httpx",
    "aiohttp",
    "websockets",
    "botocore",
    "botocore alone",
    "httplib2",
    "httplib2 alone",
    "stripe",
    "truststore",
    "pip",
    "pip with certifi",
    "websocket-client",
    "websocket-client, one version",
    "paho-mqtt",
    "paho-mqtt, one version",
    "ldap3, one version",
    "pyOpenSSL below requests",
    "pymongo with pyOpenSSL",
    "twisted",
    "scrapy",
    "gevent",
    "eventlet",
    "trio",
    "uvloop",
)
# Those who read neither ssl nor certifi's path: they need the environment that `env` prints.
_BY_ENVIRONMENT = ("uv", "curl", "curl_cffi", "grpcio")
# The last releases that make contexts which may serve, too.
_OLDEST = ("urllib3==1.26.4", "pip==21.1.3")
_TRIED_ABOVE = ("CURL_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
_OUTCOMES = {"good": ACCEPTED, "unrelated": REFUSED, "wrong host": REFUSED, "expired": REFUSED}


def _programs() -> dict[str, Any]:
    """Return the clients that are no Python: their command, and what a failure after the handshake says."""
    uv = [str(clients() / "bin" / "uv"), "--no-config", "--no-cache", "pip", "install", "--dry-run"]
    return {
        "uv": ([*uv, f"--python={sys.executable}", "--default-index=URL", "no-such-package"], "Content-Type"),
        "curl": ([require("curl"), "--silent", "--show-error", "URL"], "never"),
    }


def _each(names: tuple[str, ...], outcomes: dict[str, str]) -> dict[str, dict[str, str]]:
    return dict.fromkeys(names, outcomes)


def _ask(
    environment: Environment,
    names: tuple[str, ...],
    urls: dict[str, str],
    *,
    leaves: dict[str, Leaf] | None = None,
    env: dict[str, str] | None = None,
) -> Any:
    pairs = {name: [leaf.chain.decode(), leaf.key.decode()] for name, leaf in (leaves or {}).items()}
    given = {"urls": urls, "leaves": pairs, "clients": names, "programs": _programs()}
    return environment.ask("clients.py", given, env=env)


def test_trust_comes_with_the_wheel_and_goes_with_it(
    fresh: Environment, wheels: Wheels, urls: dict[str, str]
) -> None:
    """Every client refuses the server, accepts it after the installation, refuses it after the removal."""
    good = {"good": urls["good"]}
    before, public = fresh.files(), _digest(clients() / "certifi" / "cacert.pem")
    assert _ask(fresh, _REACHED, good) == _each(_REACHED, {"good": REFUSED})
    fresh.pip("install", "--no-index", "--no-deps", wheels.acme)
    assert _ask(fresh, _REACHED, good) == _each(_REACHED, {"good": ACCEPTED})
    assert _digest(clients() / "certifi" / "cacert.pem") == public
    fresh.pip("uninstall", "--yes", "acme-certifi")
    assert _ask(fresh, _REACHED, good) == _each(_REACHED, {"good": REFUSED})
    assert fresh.files() == before


def test_verification_is_as_strict_as_before(installed: Environment, urls: dict[str, str]) -> None:
    """An unrelated CA, a wrong host name and an expired certificate are refused by every client."""
    bad = {name: urls[name] for name in ("unrelated", "wrong host", "expired")}
    assert _ask(installed, _REACHED, bad) == _each(_REACHED, dict.fromkeys(bad, REFUSED))


def test_an_upgrade_trusts_what_the_new_bundle_says(
    fresh: Environment, wheels: Wheels, urls: dict[str, str]
) -> None:
    """A root that the next release drops is refused after the upgrade, one that it adds is accepted."""
    names = ("urllib", "requests")
    fresh.pip("install", "--no-index", "--no-deps", wheels.acme)
    fresh.pip("install", "--no-index", "--no-deps", wheels.next)
    servers = {name: urls[name] for name in ("good", "globex")}
    assert _ask(fresh, names, servers) == _each(names, {"good": REFUSED, "globex": ACCEPTED})


def test_other_clients_follow_the_printed_environment(
    installed: Environment, urls: dict[str, str], leaves: dict[str, Leaf], tmp_path: Path
) -> None:
    """What reads neither ssl nor certifi trusts the CA with the variables that `env` prints, only then."""
    printed = installed.run("-m", "acme_certifi", "env", "--json", "--write", tmp_path / "bundle.pem").stdout
    exported = json.loads(printed)["export"]
    servers = {name: urls[name] for name in _OUTCOMES}
    keys = {name: leaves[name] for name in _OUTCOMES}
    nobody = dict.fromkeys(_OUTCOMES, REFUSED)
    assert _ask(installed, _BY_ENVIRONMENT, servers, leaves=keys) == _each(_BY_ENVIRONMENT, nobody)
    found = _ask(installed, _BY_ENVIRONMENT, servers, leaves=keys, env=exported)
    assert found == _each(_BY_ENVIRONMENT, _OUTCOMES)


def test_each_printed_variable_has_a_reader(
    installed: Environment, urls: dict[str, str], tmp_path: Path
) -> None:
    """Switched off, the package leaves its clients to the variables: each is obeyed by the one it is for."""
    printed = installed.run("-m", "acme_certifi", "env", "--json", "--write", tmp_path / "bundle.pem").stdout
    exported = json.loads(printed)["export"]
    readers = {
        "SSL_CERT_FILE": "urllib",
        "REQUESTS_CA_BUNDLE": "requests",
        "AWS_CA_BUNDLE": "botocore session",
        "HTTPLIB2_CA_CERTS": "httplib2",
        "WEBSOCKET_CLIENT_CA_BUNDLE": "websocket-client",
    }
    assert set(exported) - set(readers) == {*_TRIED_ABOVE, "PIP_CERT"}
    off = {"ACME_CERTIFI_DISABLE": "1"}
    for variable, reader in readers.items():
        servers, env = {"good": urls["good"]}, {**off, variable: exported[variable]}
        assert _ask(installed, (reader,), servers, env=off) == {reader: {"good": REFUSED}}
        assert _ask(installed, (reader,), servers, env=env) == {reader: {"good": ACCEPTED}}


def test_pycurl_takes_the_roots_as_text(installed: Environment, urls: dict[str, str], tmp_path: Path) -> None:
    """PyPI's pycurl reads no variable; `set_ca_certs(contents())` makes it trust the CA."""
    printed = installed.run("-m", "acme_certifi", "env", "--json", "--write", tmp_path / "bundle.pem").stdout
    exported = json.loads(printed)["export"]
    servers = {name: urls[name] for name in _OUTCOMES}
    found = _ask(installed, ("pycurl", "pycurl with roots"), servers, env=exported)
    assert found == {"pycurl": dict.fromkeys(servers, REFUSED), "pycurl with roots": _OUTCOMES}


def test_the_oldest_clients_are_reached(tmp_path: Path, wheels: Wheels, urls: dict[str, str]) -> None:
    """Contexts of PROTOCOL_TLS that check no host name, as old clients make them, trust when they connect."""
    version, python = next(iter(interpreters().items()))
    if int(version.removeprefix("3.")) > 11:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain("no Python from 3.9 to 3.11, which these clients are for; tests/run installs one")
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(tmp_path)]
    # With this machine's own environment: it may say which mirror of PyPI to ask, and how.
    run([*download, *_OLDEST], env=os.environ)
    made = environment(tmp_path / "venv", python=python)
    made.uv("install", "--no-index", "--no-deps", *tmp_path.glob("*.whl"), wheels.acme)
    names = ("certifi.where", "pip")
    servers = {name: urls[name] for name in ("good", "unrelated")}
    assert _ask(made, names, servers) == _each(names, {"good": ACCEPTED, "unrelated": REFUSED})


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
