"""Every documented way of activating the package works, once and only when asked for."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.npm import world
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.runtime.npm.conftest import Ports

_IMPORT = ["--import", "acme-ca/register"]
_REQUIRE = ["--require", "acme-ca/register"]
_PROBE = str(world.PROGRAMS / "probe.mjs")


def _https(program: Sequence[str], project: Path, servers: Ports, env: dict[str, str] | None = None) -> Any:
    """Return what an https client started by `program` says of the organisation's server."""
    argv = [*program, "https", json.dumps({"acme": servers["acme"]})]
    return world.answer(argv, cwd=project, env=env)["acme"]["https"]


_WAYS: dict[str, tuple[list[str], dict[str, str]]] = {
    "--import": ([*_IMPORT, _PROBE], {}),
    "--require": ([*_REQUIRE, _PROBE], {}),
    "--import and --require": ([*_IMPORT, *_REQUIRE, _PROBE], {}),
    "first line, import": (["first-line.mjs"], {}),
    "first line, require": (["first-line.cjs"], {}),
    "register(), import": (["call.mjs"], {}),
    "register(), require": (["call.cjs"], {}),
    "NODE_OPTIONS --import": ([_PROBE], {"NODE_OPTIONS": "--import=acme-ca/register"}),
    "NODE_OPTIONS --require": ([_PROBE], {"NODE_OPTIONS": "--require=acme-ca/register"}),
    "an empty switch": ([*_IMPORT, _PROBE], {"ACME_CA_DISABLE": ""}),
    "a switch of 0": ([*_IMPORT, _PROBE], {"ACME_CA_DISABLE": "0"}),
}


@pytest.mark.parametrize("release", world.NODES)
@pytest.mark.parametrize("way", _WAYS)
def test_each_way_activates(way: str, release: str, project: Path, servers: Ports) -> None:
    """Each way makes an https client accept the CA, and several at once do no harm."""
    words, env = _WAYS[way]
    assert _https([world.node(release), world.IPV4, *words], project, servers, env) == "ok"


def test_npm_scripts_follow_npmrc(tmp_path: Path, tarball: Path, servers: Ports) -> None:
    """The line `node-options=` in a project's .npmrc reaches what `npm run` starts."""
    world.npm_install(tmp_path, tarball)
    command = f"node {world.IPV4} {_PROBE} https '{json.dumps({'acme': servers['acme']})}'"
    package = json.loads((tmp_path / "package.json").read_text())
    (tmp_path / "package.json").write_text(json.dumps({**package, "scripts": {"probe": command}}))
    npm = [require("npm"), "run", "--silent", "probe"]
    assert world.answer(npm, cwd=tmp_path)["acme"]["https"] == world.REFUSED
    (tmp_path / ".npmrc").write_text("node-options=--require=acme-ca/register\n")
    assert world.answer(npm, cwd=tmp_path)["acme"]["https"] == "ok"


@pytest.mark.parametrize("words", [[*_IMPORT, _PROBE], ["first-line.mjs"], ["call.cjs"]])
def test_the_switch_turns_it_off(words: list[str], project: Path, servers: Ports) -> None:
    """ACME_CA_DISABLE=1 leaves the process as if the package were not there."""
    program = [world.node("24"), world.IPV4, *words]
    assert _https(program, project, servers, {"ACME_CA_DISABLE": "1"}) == world.REFUSED


@pytest.mark.parametrize("release", world.NODES)
def test_loading_twice_wraps_once(release: str, project: Path) -> None:
    """However often the package is loaded, `tls.connect` is wrapped once, and named imports see it."""
    program = """
        import './node_modules/acme-ca/register.js';
        import tls, { connect } from 'node:tls';
        import { createRequire } from 'node:module';
        const wrapped = tls.connect;
        const require = createRequire(import.meta.url + '/x');
        for (const key of Object.keys(require.cache)) delete require.cache[key];
        const again = require('acme-ca').register();
        console.log(JSON.stringify({ again, once: tls.connect === wrapped, named: connect === wrapped }));
    """
    argv = [world.node(release), "--input-type=module", "--eval", program]
    assert world.answer(argv, cwd=project) == {"again": True, "once": True, "named": True}


def test_loading_the_interface_changes_nothing(project: Path) -> None:
    """Importing the package itself, without register, leaves `tls` as it was."""
    program = """
        const tls = require('node:tls');
        const before = tls.connect;
        require('acme-ca');
        console.log(JSON.stringify(tls.connect === before));
    """
    assert world.answer([world.node("24"), "--eval", program], cwd=project) is True


@pytest.mark.parametrize("release", ["18", "26"])
@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("ENOENT", None),
        ("there is no certificate in it", ""),
        ("1 of 1 entries are not whole certificates", "-----BEGIN CERTIFICATE-----\nAAAA"),
        ("certificate 1:", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ],
    ids=["missing", "empty", "truncated", "garbage"],
)
def test_a_broken_bundle_warns_once_and_harms_nothing(
    fault: str, text: str | None, release: str, tmp_path: Path, project: Path, servers: Ports
) -> None:
    """A bundle nobody can read gives one warning at the first connections, which then are as without it."""
    shutil.copytree(project / "node_modules", tmp_path / "node_modules")
    bundle = tmp_path / "node_modules/acme-ca/roots.pem"
    bundle.unlink()
    if text is not None:
        bundle.write_text(text)
    argv = [world.node(release), world.IPV4, *_REQUIRE, _PROBE, "https,tls,fetch"]
    done = world.run([*argv, json.dumps({"acme": servers["acme"]})], cwd=tmp_path)
    assert dict.fromkeys(("https", "tls", "fetch"), world.REFUSED) == json.loads(done.stdout)["acme"]
    assert done.stderr.count("TrustWarning") == 1
    assert f"[acme-ca] TrustWarning: {bundle}: " in done.stderr
    assert fault in done.stderr


def test_whole_certificates_of_a_broken_bundle_still_count(
    tmp_path: Path, project: Path, servers: Ports
) -> None:
    """One broken certificate does not take the others' trust away."""
    shutil.copytree(project / "node_modules", tmp_path / "node_modules")
    bundle = tmp_path / "node_modules/acme-ca/roots.pem"
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    bundle.write_text(broken + bundle.read_text() + "-----BEGIN CERTIFICATE-----\n")
    argv = [world.node("24"), *_REQUIRE, _PROBE, "https", json.dumps({"acme": servers["acme"]})]
    done = world.run(argv, cwd=tmp_path)
    assert json.loads(done.stdout) == {"acme": {"https": "ok"}}
    assert "certificate 1:" in done.stderr
    assert "1 of 3 entries are not whole certificates" in done.stderr


def test_deno_without_permissions_gives_no_error(project: Path, servers: Ports) -> None:
    """Deno without --allow-env keeps the environment from the package, which works all the same."""
    deno = require(str(world.DENO))
    program = [
        deno,
        "run",
        "--quiet",
        "--no-prompt",
        "--allow-net",
        "--allow-read",
        "--node-modules-dir=manual",
    ]
    assert _https([*program, "first-line.mjs"], project, servers) == "ok"
