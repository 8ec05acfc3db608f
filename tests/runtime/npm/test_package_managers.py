"""However a package manager lays the package out, the line that its texts give works there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.runtime.npm import world
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.runtime.npm.conftest import Authorities, Ports

_YARN = str(world.MODULES / "@yarnpkg/cli-dist/bin/yarn.js")
_PNPM = str(world.MODULES / "@pnpm/exe.linux-x64/pnpm")
_PROGRAM = """
    const options = { host: 'localhost', port: process.argv[2], family: 4, agent: false };
    const said = (what) => { console.log(what); process.exit(); };
    require('https').get(options, () => said('ok')).on('error', (error) => said(error.code));
"""
# What they say of a registry that they do not trust; pnpm says no more.
_REFUSED = re.compile(r"UNABLE_TO_VERIFY_LEAF_SIGNATURE|unable to verify|ERR_PNPM_PING_ERROR")


class _Project:
    """A project with the package, and the program above as app.cjs."""

    def __init__(self, folder: Path, tarball: Path, **fields: object) -> None:
        self.folder = folder
        dependencies = {"acme-ca": f"file:{tarball}"}
        manifest = {"name": "app", "version": "1.0.0", "private": True, "dependencies": dependencies}
        (folder / "package.json").write_text(json.dumps({**manifest, **fields}))
        (folder / "app.cjs").write_text(_PROGRAM)

    def run(
        self, *words: str | Path, status: int = 0, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return world.run([require("node"), *words], cwd=self.folder, env=env, status=status)

    def yarn(
        self, *words: str, status: int = 0, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return self.run(require(_YARN), *words, status=status, env=env)

    def install_with_yarn(self, linker: str) -> None:
        (self.folder / ".yarnrc.yml").write_text(f"nodeLinker: {linker}\nenableTelemetry: false\n")
        (self.folder / "yarn.lock").touch()
        self.yarn("install")


@pytest.mark.parametrize("linker", ["pnp", "pnpm", "node-modules"])
def test_yarn(linker: str, tmp_path: Path, tarball: Path, servers: Ports) -> None:
    """By each of Yarn's linkers, `yarn node --require` activates it, and its path is a file for others."""
    project = _Project(tmp_path, tarball)
    project.install_with_yarn(linker)
    port = str(servers["acme"]["https"])
    assert project.yarn("node", "app.cjs", port).stdout == f"{world.REFUSED}\n"
    assert project.yarn("node", "--require", "acme-ca/register", "app.cjs", port).stdout == "ok\n"
    path = project.yarn("acme-ca", "path").stdout.rstrip("\n")
    # Asked of the system, not of Yarn's doctored node:fs.
    assert "BEGIN CERTIFICATE" in Path(path).read_text()
    variables = json.loads(project.yarn("acme-ca", "env", "--json").stdout)
    assert project.run("app.cjs", port, env=variables).stdout == "ok\n"


def test_the_lines_for_plug_n_play(tmp_path: Path, tarball: Path, servers: Ports) -> None:
    """The doctor's line and README's NODE_OPTIONS work in a project of Yarn's Plug'n'Play."""
    project = _Project(tmp_path, tarball)
    project.install_with_yarn("pnp")
    port = str(servers["acme"]["https"])
    options = {"NODE_OPTIONS": "--require ./.pnp.cjs --require acme-ca/register"}
    assert project.run("app.cjs", port, env=options).stdout == "ok\n"
    assert project.yarn("node", "app.cjs", port, env=options).stdout == "ok\n"
    report = json.loads(project.yarn("acme-ca", "doctor", "--json", env=options).stdout)
    assert report["through"] == ["register"]
    notes = json.loads(project.yarn("acme-ca", "doctor", "--json", status=1).stdout)["notes"]
    way = "yarn node --require acme-ca/register app.js"
    assert f"set what `yarn acme-ca env` prints, or start programs so: {way}" in notes


def test_a_bundle_in_a_zip_is_no_file(
    tmp_path: Path, tarball: Path, authorities: Authorities, servers: Ports
) -> None:
    """Where Yarn keeps the package in its .zip, no path into that is printed; the rest works."""
    project = _Project(tmp_path, tarball, dependenciesMeta={"acme-ca": {"unplugged": False}})
    project.install_with_yarn("pnp")
    port = str(servers["acme"]["https"])
    assert project.yarn("node", "--require", "acme-ca/register", "app.cjs", port).stdout == "ok\n"
    for command in "path", "env":
        done = project.yarn("acme-ca", command, status=1)
        assert done.stdout == ""
        assert (
            "the bundle lies in an archive, which other programs cannot read: take acme-ca out" in done.stderr
        )
    doctor = project.yarn("acme-ca", "doctor", "--json", status=1)
    report = json.loads(doctor.stdout)
    assert report["bundle"] is None
    assert len(report["certificates"]) == 1
    assert any("lies in an archive" in note for note in report["notes"])
    assert ".zip" not in doctor.stdout
    printed = project.yarn("acme-ca", "env", "--write", "roots.pem", "--json")
    assert json.loads(printed.stdout)["NODE_EXTRA_CA_CERTS"] == str(tmp_path / "roots.pem")
    assert (tmp_path / "roots.pem").read_bytes() == authorities.acme.pem
    # The way out that the message names.
    project.yarn("unplug", "acme-ca")
    assert Path(project.yarn("acme-ca", "path").stdout.rstrip("\n")).is_file()


def test_pnpm(tmp_path: Path, tarball: Path, servers: Ports) -> None:
    """Linked into pnpm's store, `--require` and the command work."""
    project = _Project(tmp_path, tarball)
    pnpm = require(_PNPM)
    world.run([pnpm, "install", "--offline"], cwd=tmp_path)
    port = str(servers["acme"]["https"])
    assert project.run("--require", "acme-ca/register", "app.cjs", port).stdout == "ok\n"
    path = world.run([pnpm, "exec", "acme-ca", "path"], cwd=tmp_path).stdout.rstrip("\n")
    assert Path(path).is_file()


def test_npm_workspaces(tmp_path: Path, tarball: Path, servers: Ports) -> None:
    """A workspace finds the package that npm has put into the folder above."""
    (tmp_path / "one").mkdir()
    _Project(tmp_path / "one", tarball)
    (tmp_path / "package.json").write_text('{"private": true, "workspaces": ["one"]}')
    world.run([require("npm"), "install"], cwd=tmp_path)
    argv = [require("node"), "--require", "acme-ca/register", "app.cjs", str(servers["acme"]["https"])]
    assert world.run(argv, cwd=tmp_path / "one").stdout == "ok\n"


def _advice(notes: Sequence[str]) -> list[str]:
    """Return the words of the line that the doctor gives, with our program in the place of app.js."""
    (line,) = [note.rpartition("start programs so: ")[2] for note in notes if "start programs so: " in note]
    return shlex.split(line.replace("app.js", "app.cjs"))


def test_a_global_install(tmp_path: Path, tarball: Path, servers: Ports) -> None:
    """Installed for all projects, the doctor gives a line that works in a project without the package."""
    world.run([require("npm"), "install", "--global", "--prefix", tmp_path / "global", tarball], cwd=tmp_path)
    project = _Project(tmp_path, tarball)
    command = tmp_path / "global/bin/acme-ca"
    report = json.loads(world.run([command, "doctor", "--json"], cwd=tmp_path, status=1).stdout)
    node, *words = _advice(report["notes"])
    assert node == "node"
    assert project.run(*words, str(servers["acme"]["https"])).stdout == "ok\n"
    assert "set what `acme-ca env` prints" in " ".join(report["notes"])


def test_a_copy_that_was_fetched_to_run_once_says_so(tmp_path: Path, tarball: Path) -> None:
    """What `npm exec` fetches lies in a cache: its path is not to be used for long."""
    done = world.run(
        [require("npm"), "exec", "--yes", f"--package={tarball}", "--", "acme-ca", "path"], cwd=tmp_path
    )
    assert "_npx" in done.stdout
    assert (
        done.stderr == "acme-ca: this copy of acme-ca was fetched to run once: install it to use its path\n"
    )


@pytest.mark.parametrize("tool", ["yarn", "pnpm", "bun"])
def test_package_managers_follow_the_printed_environment(
    tool: str, tmp_path: Path, printed: dict[str, str], servers: Ports
) -> None:
    """A registry under the CA is refused, and accepted with the variables that `env` prints."""
    registry = f"https://localhost:{servers['acme']['https']}"
    (tmp_path / "package.json").write_text('{"name": "app", "version": "1.0.0"}')
    (tmp_path / ".npmrc").write_text(f"registry={registry}/\nfetch-retries=0\n")
    (tmp_path / ".yarnrc.yml").write_text(
        f"npmRegistryServer: '{registry}'\nenableTelemetry: false\nhttpRetry: 0\n"
    )
    (tmp_path / "yarn.lock").touch()
    commands = {
        "yarn": [require("node"), require(_YARN), "npm", "info", "left-pad"],
        "pnpm": [require(_PNPM), "ping"],
        "bun": [*world.other("bun"), "add", "left-pad"],
    }
    clean = {
        "PATH": f"{Path(require('node')).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "NODE_OPTIONS": world.IPV4,
        "BUN_CONFIG_REGISTRY": registry,
    }

    def refused(env: dict[str, str]) -> bool:
        done = subprocess.run(
            commands[tool],
            cwd=tmp_path,
            env=clean | env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return bool(_REFUSED.search(done.stdout + done.stderr))

    assert refused({})
    assert not refused(printed)
