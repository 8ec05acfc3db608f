"""What the doctor says of Node.js, held to what each release then does."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import releases
from tests.doctor.asking import accepts
from tests.doctor.machine import Machine, state
from tests.runtime.npm import world

if TYPE_CHECKING:
    from pathlib import Path

    from builder.prove.authority import Authority
    from builder.prove.server import Listener

_ASK = """
const https = require('https');
https.get(process.argv[1], (answer) => answer.resume()).on('error', () => {});
"""
# Each is a way to bring the root to Node.js, by a variable, and an option that goes with it.
_WAYS = {
    "nothing": {},
    "extra": {"NODE_EXTRA_CA_CERTS": "FILE"},
    "system": {"NODE_USE_SYSTEM_CA": "1", "SSL_CERT_FILE": "FILE"},
    "system folder": {"NODE_USE_SYSTEM_CA": "1", "SSL_CERT_DIR": "FOLDER"},
    "option": {"NODE_OPTIONS": "--use-system-ca", "SSL_CERT_FILE": "FILE"},
    "openssl": {"NODE_OPTIONS": "--use-openssl-ca", "SSL_CERT_FILE": "FILE"},
    "openssl, no hash": {"NODE_OPTIONS": "--use-openssl-ca", "SSL_CERT_DIR": "FOLDER"},
    "only the file": {"SSL_CERT_FILE": "FILE"},
    "register": {"NODE_OPTIONS": "--require PACKAGE/register"},
    "bundled wins": {"NODE_OPTIONS": "--use-bundled-ca", "SSL_CERT_FILE": "FILE"},
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, acme: Authority) -> Path:
    """Install the organisation's package with npm; return its folder."""
    folder = tmp_path_factory.mktemp("project")
    [tarball] = releases.build(folder / "built", "acme", [acme], target="npm", release="2026.1")
    world.npm_install(folder, tarball)
    return folder / "node_modules/acme-ca"


def _version(release: str) -> str:
    words = [world.node(release), "--version"]
    return subprocess.run(words, capture_output=True, text=True, check=True, env={}).stdout.strip()


@pytest.mark.parametrize("release", ["20", "22", "26"])
def test_a_root_counts_for_node_as_the_doctor_says(
    tmp_path: Path, acme: Authority, server: Listener, pem: Path, package: Path, release: str
) -> None:
    """Valid is what this Node.js accepts by these variables, and missing what it refuses."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/acme.pem").write_bytes(acme.pem)
    values = {"FILE": str(pem), "FOLDER": str(tmp_path / "folder"), "PACKAGE": str(package)}
    # The doctor reads versions, and starts nothing.
    program = tmp_path / "home" / f".nvm/versions/node/{_version(release)}/bin/node"
    program.parent.mkdir(parents=True)
    program.touch()
    said, done = {}, {}
    for way, variables in _WAYS.items():
        chosen = {
            name: re.sub("[A-Z]{4,}", lambda word: values[word[0]], value)
            for name, value in variables.items()
        }
        machine = Machine(below=[tmp_path / "home"], homes=[tmp_path / "home"], environment=chosen)
        [row] = [row for row in machine.rows("node", acme) if row["where"] == str(program)]
        assert row["effective"] is True
        said[way] = state(row) == "valid"
        # An older Node.js does not start with an option that it does not know.
        if (way, release) != ("option", "20"):
            done[way] = accepts(server, [world.node(release), "-e", _ASK, "{url}"], chosen)
    assert said == {**said, **done}
    refused = {"nothing", "only the file", "bundled wins", "openssl, no hash"}
    refused |= {"system", "system folder", "option"} if release == "20" else set()
    assert {way for way, is_valid in said.items() if not is_valid} == refused


def test_the_mend_is_one_that_this_node_knows(tmp_path: Path, acme: Authority) -> None:
    """A newer Node.js is told by its variable to take the system's store, an older one gets the package."""
    for version in ("v18.20.8", "v22.18.0", "v22.19.0", "v24.6.0"):
        program = tmp_path / f"home/ann/.nvm/versions/node/{version}/bin/node"
        program.parent.mkdir(parents=True)
        program.touch()
    lines = {row["what"]: row["mend"] for row in Machine(str(tmp_path)).rows("node", acme)}
    package = 'npm install acme-ca && eval "$(npx --no acme-ca env)"'
    assert lines == {
        "Node.js 18.20.8": package,
        "Node.js 22.18.0": package,
        "Node.js 22.19.0": "export NODE_USE_SYSTEM_CA=1",
        "Node.js 24.6.0": "export NODE_USE_SYSTEM_CA=1",
    }


def test_our_package_in_a_project_says_who_trusts_by_it(
    acme: Authority, other: Authority, package: Path
) -> None:
    """An npm package trusts where programs ask for it: that cannot be told, but an old one is a finding."""
    machine = Machine(below=[package.parents[1]])
    row = machine.row("node", "package acme-ca 1.", acme)
    assert (state(row), row["effective"]) == ("valid", None)
    assert "--require acme-ca/register" in row["note"]
    assert state(machine.row("node", "package acme-ca 1.", other)) == "missing"
