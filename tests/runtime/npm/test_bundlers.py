"""A bundler that takes in the package's code leaves its certificates out; the message says what to do."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.runtime.npm import world
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.runtime.npm.conftest import Authorities, Ports

# Each tool, the file it makes, and the option that its message names.
_TOOLS = {
    "esbuild cjs": ("out.cjs", "esbuild --external:acme-ca"),
    "esbuild esm": ("out.mjs", "esbuild --external:acme-ca"),
    "rollup cjs": ("out.cjs", "Rollup external: ['acme-ca/register']"),
    "rollup es": ("out.mjs", "Rollup external: ['acme-ca/register']"),
    "webpack": ("out.cjs", "webpack externals: {'acme-ca/register': 'commonjs acme-ca/register'}"),
}
_PROGRAM = """
    import 'acme-ca/register';
    import https from 'node:https';
    const options = { host: 'localhost', port: process.argv[2], family: 4, agent: false };
    const said = (what) => { console.log(what); process.exit(); };
    https.get(options, () => said('ok')).on('error', (error) => said(error.code));
"""


def _bundle(folder: Path, project: Path, tool: str, *, external: bool) -> Path:
    """Make a project with a program of one file, and return what a tool makes of it."""
    shutil.copytree(project / "node_modules", folder / "node_modules")
    (folder / "app.mjs").write_text(_PROGRAM)
    output = folder / "out" / _TOOLS[tool][0]
    program = [world.node("24"), str(world.PROGRAMS / "bundle.mjs"), tool, "yes" if external else "no"]
    world.run([*program, str(folder / "app.mjs"), str(output)], cwd=folder)
    return output


@pytest.mark.parametrize("tool", _TOOLS)
def test_a_bundle_with_the_package_s_code_names_the_option(
    tool: str, tmp_path: Path, project: Path, authorities: Authorities, servers: Ports
) -> None:
    """One warning says how to leave it out; the program runs, and trusts nobody's file of that name."""
    output = _bundle(tmp_path, project, tool, external=False)
    shutil.rmtree(tmp_path / "node_modules")
    # Whatever lies in the folder of the program's user is not meant.
    (tmp_path / "roots.pem").write_bytes(authorities.acme.pem)
    done = world.run([world.node("24"), output, str(servers["acme"]["https"])], cwd=tmp_path)
    assert done.stdout.strip() == world.REFUSED
    assert done.stderr.count("TrustWarning") == 1
    assert _TOOLS[tool][1] in done.stderr
    assert "reinstall" not in done.stderr


@pytest.mark.parametrize("tool", _TOOLS)
def test_a_bundle_without_the_package_s_code_works(
    tool: str, tmp_path: Path, project: Path, servers: Ports
) -> None:
    """With the option that the message names, the program trusts the CA."""
    output = _bundle(tmp_path, project, tool, external=True)
    done = world.run([world.node("24"), output, str(servers["acme"]["https"])], cwd=tmp_path)
    assert (done.stdout.strip(), done.stderr) == ("ok", "")


def test_bun_s_bundles_have_a_way_out_too(tmp_path: Path, project: Path, servers: Ports) -> None:
    """`bun build` names the package's folder in what it makes: elsewhere that is missing, and is told so."""
    shutil.copytree(project / "node_modules", tmp_path / "node_modules")
    (tmp_path / "app.mjs").write_text(_PROGRAM)
    bun = require(str(world.BUN))
    for name, options in ("in.mjs", []), ("out.mjs", ["--external", "acme-ca/*"]):
        world.run([bun, "build", "app.mjs", "--target=node", f"--outfile={name}", *options], cwd=tmp_path)
    port = str(servers["acme"]["https"])
    assert world.run([world.node("24"), "out.mjs", port], cwd=tmp_path).stdout == "ok\n"
    shutil.rmtree(tmp_path / "node_modules")
    done = world.run([world.node("24"), "in.mjs", port], cwd=tmp_path)
    assert done.stdout.strip() == world.REFUSED
    assert "bun build --external 'acme-ca/*'" in done.stderr
