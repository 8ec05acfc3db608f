"""The npm package, packed, installed and read by npm and Node.js."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.packages import readers
from tests.packages.built import Built, run
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

_COUNT = """
const { X509Certificate } = require('node:crypto')
for (const pem of require(process.argv[1]).certificates())
  console.log(new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase())
"""


def test_npm_installs_and_uninstalls_it(built: Built, tmp_path: Path) -> None:
    """Installed without a network, Node.js reads exactly the bundle; uninstalled, no file is left."""
    (artifact,) = built.artifacts("npm")
    npm, name = require("npm"), artifact["name"]
    (tmp_path / "package.json").write_text('{"private": true}', "utf-8")
    run(npm, "install", "--offline", "--no-audit", "--no-fund", built.file("npm"), cwd=tmp_path)
    listed = json.loads(run(npm, "ls", "--json", cwd=tmp_path))
    assert artifact["version"] == listed["dependencies"][name]["version"]
    found = run(require("node"), "-e", _COUNT, name, cwd=tmp_path).split()
    assert len(built.fingerprints) == len(found)
    assert built.fingerprints == set(found)
    assert (tmp_path / "node_modules" / ".bin" / name).exists()
    run(npm, "uninstall", "--offline", "--no-audit", name, cwd=tmp_path)
    assert not (tmp_path / "node_modules" / name).exists()


def test_npm_would_pack_the_same_files(built: Built, tmp_path: Path) -> None:
    """Packed again by npm itself, the package holds the same files with the same sizes and modes."""
    run("tar", "xzf", built.file("npm"), cwd=tmp_path)
    (packed,) = json.loads(run(require("npm"), "pack", "--dry-run", "--json", cwd=tmp_path / "package"))
    expected = {
        (entry.path.removeprefix("package/"), len(entry.data or b""), entry.mode)
        for entry in readers.read("npm", built.file("npm")).entries
    }
    assert expected == {(file["path"], file["size"], file["mode"]) for file in packed["files"]}


def test_npm_would_publish_it(demo: Built, tmp_path: Path) -> None:
    """Npm takes the .tgz as it is, and corrects nothing in its package.json."""
    (artifact,) = demo.artifacts("npm")
    publish = (require("npm"), "publish", "--dry-run", "--json", "--offline", "--tag", "latest")
    published = json.loads(run(*publish, demo.file("npm"), cwd=tmp_path))
    assert artifact["name"] in json.dumps(published)


def test_runs_nothing_when_it_is_installed(built: Built) -> None:
    """There are no lifecycle scripts: package managers refuse packages that have any."""
    description = json.loads(readers.read("npm", built.file("npm")).data("package/package.json"))
    assert "scripts" not in description
