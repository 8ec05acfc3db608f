"""The .rpm, read and installed by rpm itself."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from builder.prove.sandbox import open_sandbox
from tests import targets
from tests.packages import readers
from tests.packages.built import Built, run
from tests.packages.linters import explained
from tests.roots import root
from tests.tools import NO_HOME, require

if TYPE_CHECKING:
    from pathlib import Path

_RPMS = [name for name, one in targets.ALL.items() if one.recipe.outputs[0].container == "rpm"]
_TAG = re.compile(r"^\S+: [EWI]: (\S+)", re.MULTILINE)


def test_rpm_reads_its_header(built: Built) -> None:
    """Name, version, release and architecture are what the manifest says."""
    (artifact,) = built.artifacts("rpm")
    found = run(
        require("rpm"), "-qp", "--nosignature", "--qf", "%{NAME} %{VERSION} %{ARCH}", built.file("rpm")
    )
    assert f"{artifact['name']} {artifact['version']} noarch" == found


def test_rpm_verifies_its_digests(built: Built) -> None:
    """Header and payload match the digests; a signature is added in a later step."""
    assert run(require("rpm"), "-K", "--nosignature", built.file("rpm")).endswith(": digests OK\n")


def test_every_certificate_is_in_both_trees(built: Built, tmp_path: Path) -> None:
    """Fedora's folder and openSUSE's hold the same certificates, one in each file."""
    payload = readers.run_bytes(require("rpm2cpio"), built.file("rpm"))
    run(require("cpio"), "--extract", "--quiet", "--make-directories", cwd=tmp_path, data=payload)
    expected = sorted([digest] for digest in built.fingerprints)
    for tree in ("ca-trust-source", "trust"):
        assert expected == sorted(readers.certificate_files(tmp_path / "usr/share/pki" / tree).values())


def test_rpm_installs_and_erases_it(built: Built) -> None:
    """Installed by rpm, it verifies; erased, it leaves no file and no folder."""
    file = built.file("rpm")
    (artifact,) = built.artifacts("rpm")
    folders = ["sh", "-c", "find /usr/share | sort"]
    with open_sandbox(root("trixie")) as sandbox:
        sandbox.copy_in(f"/root/{file.name}", file.read_bytes())
        before = sandbox.run(folders).out
        # Debian's ca-certificates is no rpm, so the dependency cannot be met here.
        install = ["rpm", "--install", "--nodeps", "--nosignature", f"/root/{file.name}"]
        assert "warning" not in sandbox.run(install).out
        assert sandbox.run(["rpm", "--verify", "--nodeps", artifact["name"]]).out == ""
        listed = set(sandbox.run(["rpm", "--query", "--list", artifact["name"]]).out.splitlines())
        assert {entry.path for entry in readers.rpm(file).entries} == listed
        assert "warning" not in sandbox.run(["rpm", "--erase", artifact["name"]]).out
        assert before == sandbox.run(folders).out


@pytest.mark.parametrize("target", _RPMS)
def test_rpmlint_finds_what_the_recipe_explains(demo: Built, target: str) -> None:
    """No tag is without a reason in the recipe, and no reason is without its tag."""
    # rpmlint's exit code says that there are errors; which ones are meant is the recipe's to say.
    done = subprocess.run(
        [require("rpmlint"), demo.file(target)],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": NO_HOME},
        capture_output=True,
        text=True,
        check=False,
    )
    assert explained(target, "rpmlint") == set(_TAG.findall(done.stdout)), done.stdout + done.stderr


def test_rpm_leaves_nothing_of_the_policies_of_browsers(built: Built) -> None:
    """Installed, it verifies, and no file is one that rpm keeps; erased, files and folders are as before."""
    file = built.file("browsers-rpm")
    (artifact,) = built.artifacts("browsers-rpm")
    folders = ["sh", "-c", "find /etc /usr/share | sort"]
    with open_sandbox(root("trixie")) as sandbox:
        sandbox.copy_in(f"/root/{file.name}", file.read_bytes())
        before = sandbox.run(folders).out
        assert "warning" not in sandbox.run(["rpm", "--install", "--nosignature", f"/root/{file.name}"]).out
        assert sandbox.run(["rpm", "--verify", artifact["name"]]).out == ""
        assert sandbox.run(["rpm", "--query", "--configfiles", artifact["name"]]).out == ""
        assert "warning" not in sandbox.run(["rpm", "--erase", artifact["name"]]).out
        assert sandbox.run(folders).out == before
