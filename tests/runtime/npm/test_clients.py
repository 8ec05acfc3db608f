"""Installing the package and one activation line make each client trust the CA; removing it ends that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.npm import world
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.runtime.npm.conftest import Authorities, Ports

_CLIENTS = (
    "https",
    "http2",
    "tls",
    "named import",
    "fetch",
    "undici",
    "axios",
    "ws",
    "got",
    "ioredis",
    "grpc",
    "worker",
    "child",
)
_REGISTER = {"NODE_OPTIONS": "--require acme-ca/register"}


def _probe(
    program: Sequence[str | Path],
    project: Path,
    clients: tuple[str, ...],
    servers: Ports,
    env: dict[str, str],
) -> Any:
    argv = [*program, str(world.PROGRAMS / "probe.mjs"), ",".join(clients), json.dumps(servers)]
    return world.answer(argv, cwd=project, env=env)


def _clients(release: str) -> tuple[str, ...]:
    return (*_CLIENTS, "websocket") if int(release) >= 22 else _CLIENTS


def _node(release: str) -> list[str]:
    return [world.node(release), world.IPV4]


def _all(clients: tuple[str, ...], outcome: str) -> dict[str, str]:
    """Expect one outcome of all clients; a WebSocket never says why it failed."""
    outcomes = dict.fromkeys(clients, outcome)
    return (
        outcomes | {"websocket": "WEBSOCKET_FAILED"}
        if "websocket" in clients and outcome != "ok"
        else outcomes
    )


@pytest.mark.parametrize("release", world.NODES)
def test_every_client_is_refused_without_activation(release: str, project: Path, servers: Ports) -> None:
    """An installed package alone changes nothing."""
    clients = _clients(release)
    found = _probe(_node(release), project, clients, {"acme": servers["acme"]}, {})
    assert {"acme": _all(clients, world.REFUSED)} == found


@pytest.mark.parametrize("release", world.NODES)
def test_every_client_accepts_the_ca_and_nothing_else(release: str, project: Path, servers: Ports) -> None:
    """Register adds the organisation's CA; strangers, wrong hosts and expired leaves are still refused."""
    clients = _clients(release)
    expected = {
        "acme": _all(clients, "ok"),
        "globex": _all(clients, world.REFUSED),
        "unrelated": _all(clients, world.REFUSED),
        "wrong host": _all(clients, "ERR_TLS_CERT_ALTNAME_INVALID"),
        "expired": _all(clients, "CERT_HAS_EXPIRED"),
    }
    assert expected == _probe(_node(release), project, clients, servers, _REGISTER)


@pytest.mark.parametrize("release", world.NODES)
@pytest.mark.parametrize(
    ("env", "outcome"), [({}, world.REFUSED), (_REGISTER, "ok")], ids=["plain", "register"]
)
def test_every_shape_of_connect_is_reached(
    release: str, env: dict[str, str], outcome: str, project: Path, servers: Ports
) -> None:
    """However tls.connect is called, also with undefined or null for options, the CA is trusted."""
    argv = [*_node(release), str(world.PROGRAMS / "shapes.mjs"), str(servers["acme"]["https"])]
    found = world.answer(argv, cwd=project, env=env)
    assert dict.fromkeys(found, outcome) == found
    assert "(port, host, undefined, callback)" in found


@pytest.mark.parametrize("release", world.NODES)
def test_the_printed_environment_reaches_every_client(
    release: str, project: Path, printed: dict[str, str], servers: Ports
) -> None:
    """NODE_EXTRA_CA_CERTS, as `env` prints it, does for Node's clients what register does."""
    clients = _clients(release)
    chosen = {name: servers[name] for name in ("acme", "unrelated")}
    expected = {"acme": _all(clients, "ok"), "unrelated": _all(clients, world.REFUSED)}
    assert expected == _probe(_node(release), project, clients, chosen, printed)


def test_install_upgrade_and_removal_are_followed(
    tmp_path: Path, authorities: Authorities, servers: Ports, build: Callable[..., Path], tarball: Path
) -> None:
    """Refused before, accepted once installed, then as the upgrade's bundle says, refused after removal."""
    chosen = {name: servers[name] for name in ("acme", "unrelated")}

    def outcome(flags: list[str]) -> Any:
        found = _probe([*_node("24"), *flags], tmp_path, ("https",), chosen, {})
        return {name: clients["https"] for name, clients in found.items()}

    register = ["--import", "acme-ca/register"]
    assert outcome([]) == {"acme": world.REFUSED, "unrelated": world.REFUSED}
    world.npm_install(tmp_path, tarball)
    assert outcome(register) == {"acme": "ok", "unrelated": world.REFUSED}
    world.npm_install(tmp_path, build("acme", authorities.unrelated, release="20260103"))
    assert outcome(register) == {"acme": world.REFUSED, "unrelated": "ok"}
    world.run([require("npm"), "uninstall", "acme-ca"], cwd=tmp_path)
    assert outcome([]) == {"acme": world.REFUSED, "unrelated": world.REFUSED}
    assert [path.name for path in (tmp_path / "node_modules").glob("[!.]*")] == []


@pytest.mark.parametrize("release", world.NODES)
def test_two_organisations_share_a_process(release: str, both: Path, servers: Ports) -> None:
    """Two packages, one loaded by --import and one by --require, both reach every client."""
    flags = ["--import", "acme-ca/register", "--require", "@globex/ca/register"]
    clients = ("https", "http2", "fetch", "grpc", "worker")
    chosen = {name: servers[name] for name in ("acme", "globex", "unrelated")}
    expected = {
        "acme": _all(clients, "ok"),
        "globex": _all(clients, "ok"),
        "unrelated": _all(clients, world.REFUSED),
    }
    assert expected == _probe([*_node(release), *flags], both, clients, chosen, {})


def test_names_that_differ_by_a_sign_share_nothing(
    tmp_path: Path, build: Callable[..., Path], authorities: Authorities, servers: Ports
) -> None:
    """Packages of two organisations are both active, each with its own command, bundle and switch."""
    names = {"acme": "@acme-2/ca", "globex": "@acme/2-ca"}
    world.npm_install(
        tmp_path,
        build("acme-2", authorities.acme, config="npm_scope: '@acme-2'\n"),
        build("acme2", authorities.globex, config="names:\n  npm: '@acme/2-ca'\n"),
    )
    flags = [flag for name in names.values() for flag in ("--import", f"{name}/register")]
    chosen = {name: servers[name] for name in names}
    for env, off in ({}, ""), ({"ACME_2__CA_DISABLE": "1"}, "acme"), ({"ACME__2_CA_DISABLE": "1"}, "globex"):
        expected = {who: {"https": world.REFUSED if who == off else "ok"} for who in names}
        assert expected == _probe([*_node("24"), *flags], tmp_path, ("https",), chosen, env)
    commands = {path.name: str(path.readlink()) for path in (tmp_path / "node_modules/.bin").iterdir()}
    assert commands == {"acme-2__ca": "../@acme-2/ca/cli.js", "acme__2-ca": "../@acme/2-ca/cli.js"}
    for name in names.values():
        printed = world.run([require("npx"), "--no", name, "--", "path"], cwd=tmp_path).stdout
        assert printed == f"{tmp_path}/node_modules/{name}/roots.pem\n"


def test_what_register_cannot_reach_the_environment_can(
    project: Path, printed: dict[str, str], servers: Ports
) -> None:
    """Without NODE_OPTIONS, register reaches neither children, nor workers of a program that imports it."""
    beyond = ("handmade", "worker", "child")
    program = [*_node("24"), str(project / "first-line.mjs"), ",".join((*beyond, "https"))]
    chosen = json.dumps({"acme": servers["acme"]})
    registered = world.answer([*program, chosen], cwd=project)
    assert registered == {"acme": {**_all(beyond, world.REFUSED), "https": "ok"}}
    assert world.answer([*program, chosen], cwd=project, env=printed) == {
        "acme": _all((*beyond, "https"), "ok")
    }


def test_libraries_with_roots_of_their_own_stay_with_them(project: Path, servers: Ports) -> None:
    """Roots that a library names for a connection count alone, until these are put beside them."""
    chosen = {name: servers[name] for name in ("acme", "unrelated")}
    clients = ("ioredis profile", "ssl-root-cas", "ssl-root-cas with ours")
    outcomes = _all(clients, world.REFUSED)
    assert _probe(_node("24"), project, clients, chosen, _REGISTER) == {
        "acme": outcomes | {"ssl-root-cas with ours": "ok"},
        "unrelated": outcomes,
    }


@pytest.mark.parametrize(
    ("runtime", "way", "refused"),
    [
        ("bun", "first line", {"fetch"}),
        ("bun", "preload", {"fetch"}),
        ("bun", "env", set()),
        ("deno", "first line", {"named import", "fetch"}),
        ("deno", "preload", {"named import", "fetch"}),
        ("deno", "env", set()),
    ],
)
def test_bun_and_deno_go_as_far_as_they_allow(
    runtime: str, way: str, refused: set[str], project: Path, printed: dict[str, str], servers: Ports
) -> None:
    """Register reaches node:https and tls.connect but not their own fetch; the variable reaches that too."""
    clients = ["https", "tls", "named import", "fetch"]
    if (runtime, way) == ("bun", "first line"):
        clients.remove(
            "named import"
        )  # Bun may link it before the first line has run: the busier, the oftener
    chosen = {name: servers[name] for name in ("acme", "unrelated")}
    flags = ["--preload", "./node_modules/acme-ca/register.js"] if way == "preload" else []
    start = project / "first-line.mjs" if way == "first line" else world.PROGRAMS / "probe.mjs"
    argv = [*world.other(runtime), *flags, str(start), ",".join(clients), json.dumps(chosen)]
    found = world.answer(argv, cwd=project, env=printed if way == "env" else {})
    assert {name for name, outcome in found["acme"].items() if outcome != "ok"} == refused
    assert "ok" not in found["unrelated"].values()


@pytest.mark.parametrize(("runtime", "reached"), [("node", True), ("bun", False), ("deno", False)])
def test_a_named_import_beside_the_first_line(runtime: str, reached: bool, project: Path) -> None:
    """In the very file of the first line, Node's named imports are reached, Bun's and Deno's are not."""
    program = [world.node("24")] if runtime == "node" else world.other(runtime)
    assert world.answer([*program, "named.mjs"], cwd=project) is reached


def test_npm_itself_follows_the_printed_environment(
    tmp_path: Path, project: Path, printed: dict[str, str], servers: Ports, authorities: Authorities
) -> None:
    """Npm reaches a good registry under the CA with NODE_EXTRA_CA_CERTS, unless `cafile` names others."""
    online = {"npm_config_offline": "false", "npm_config_fetch_retries": "0"}

    def ping(server: str, *, status: int, **env: str) -> str:
        # With a cache of its own: older releases of npm answer from what a ping before has left.
        cache = str(tmp_path / f"{len(list(tmp_path.iterdir()))}")
        argv = [require("npm"), "ping", "--registry", f"https://localhost:{servers[server]['https']}/"]
        env = {**online, "npm_config_cache": cache, **env}
        return world.run(argv, cwd=project, env=env, status=status).stderr

    assert world.REFUSED in ping("acme", status=1)
    ping("acme", status=0, **printed)
    assert world.REFUSED in ping("unrelated", status=1, **printed)
    assert "ERR_TLS_CERT_ALTNAME_INVALID" in ping("wrong host", status=1, **printed)
    assert "CERT_HAS_EXPIRED" in ping("expired", status=1, **printed)
    (tmp_path / "other.pem").write_bytes(authorities.unrelated.pem)
    cafile = {"npm_config_cafile": str(tmp_path / "other.pem")}
    assert world.REFUSED in ping("acme", status=1, **printed, **cafile)
