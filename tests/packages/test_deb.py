"""The .deb, read and installed by Debian's own tools."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from builder.prove.sandbox import open_sandbox
from tests import targets
from tests.packages import readers
from tests.packages.built import DEMO, NOW, Built, fingerprints, run, trustpack
from tests.packages.linters import explained
from tests.roots import root
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path


def test_dpkg_reads_its_fields(built: Built) -> None:
    """Package, version and the rest are what the manifest says."""
    (artifact,) = built.artifacts("deb")
    fields = ("Package", "Version", "Architecture", "Multi-Arch", "Depends")
    found = run(require("dpkg-deb"), "-f", built.file("deb"), *fields).splitlines()
    assert [
        f"Package: {artifact['name']}",
        f"Version: {artifact['version']}",
        "Architecture: all",
        "Multi-Arch: foreign",
        "Depends: ca-certificates",
    ] == found


def test_dpkg_lists_root_owned_files(built: Built) -> None:
    """Everything belongs to root, and nobody else may write to it."""
    lines = run(require("dpkg-deb"), "-c", built.file("deb")).splitlines()
    assert {"root/root"} == {line.split()[1] for line in lines}
    assert {"drwxr-xr-x", "-rw-r--r--"} == {line.split()[0] for line in lines}
    assert "postinst" in run(require("dpkg-deb"), "-I", built.file("deb"))


def test_one_certificate_in_each_file(built: Built, tmp_path: Path) -> None:
    """update-ca-certificates takes one certificate a file, under a name that no other file has."""
    run(require("dpkg-deb"), "-x", built.file("deb"), tmp_path)
    files = readers.certificate_files(tmp_path / "usr/share/ca-certificates")
    assert len({path.rsplit("/", 1)[-1] for path in files}) == len(files)
    assert sorted([digest] for digest in built.fingerprints) == sorted(files.values())


@pytest.mark.parametrize("suite", ["bookworm"])
def test_apt_installs_and_purges_it(built: Built, suite: str) -> None:
    """Installed by apt, the package verifies and the system's bundle has its CAs; purged, they are gone."""
    deb = built.file("deb")
    (artifact,) = built.artifacts("deb")
    name = artifact["name"]
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    with open_sandbox(root(suite)) as sandbox:
        before = sandbox.read(bundle)
        sandbox.copy_in(f"/root/{deb.name}", deb.read_bytes())
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        sandbox.run(["apt-get", "--yes", "install", f"/root/{deb.name}"], environment=quiet)
        assert sandbox.run(["dpkg", "--verify", name]).out == ""
        assert fingerprints(before) | built.fingerprints == fingerprints(sandbox.read(bundle))
        sandbox.run(["apt-get", "--yes", "purge", name], environment=quiet)
        assert before == sandbox.read(bundle)


def test_debsums_finds_every_file_as_it_was_packed(built: Built, tmp_path: Path) -> None:
    """Each file has its sum, and a changed one is found out."""
    (artifact,) = built.artifacts("deb")
    database = tmp_path / "var/lib/dpkg"
    for folder in ("info", "updates"):
        (database / folder).mkdir(parents=True)
    (database / "status").touch()
    # Unpacking runs no script: there is no system below the folder that could.
    run(require("dpkg"), f"--root={tmp_path}", "--force-depends", "--unpack", built.file("deb"))
    status = (database / "status").read_text()
    (database / "status").write_text(status.replace("install ok unpacked", "install ok installed"))
    command = [require("debsums"), f"--root={tmp_path}", artifact["name"]]
    files = [entry for entry in readers.deb(built.file("deb")).entries if entry.data is not None]
    lines = run(*command).splitlines()
    assert [line.split()[-1] for line in lines] == ["OK"] * len(files)
    (tmp_path / files[0].path[1:]).write_bytes(b"changed")
    changed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [line.split()[-1] for line in changed.stdout.splitlines()].count("FAILED") == 1


_DEBS = [name for name, one in targets.ALL.items() if one.recipe.outputs[0].container == "deb"]


@pytest.fixture(params=["demo", "acme"])
def lintable(request: pytest.FixtureRequest, demo: Built, tmp_path: Path, target: str) -> Path:
    """Return the .deb of a configured organisation, and of one that says next to nothing of itself."""
    if request.param == "demo":
        return demo.file(target)
    config = tmp_path / "trustpack.yaml"
    name = '{slug: acme, name: "Acme Holding and Trading of the Northern Hemisphere, Limited"}'
    config.write_text(f"organisation: {name}\nbundle: {{paths: [{DEMO}]}}\ntargets: [{target}]\n")
    trustpack("build", "--config", config, "--out", tmp_path, "--now", NOW, "--quiet")
    return next(tmp_path.glob("*.deb"))


@pytest.mark.parametrize("target", _DEBS)
def test_lintian_finds_what_the_recipe_explains(lintable: Path, target: str) -> None:
    """No tag is without a reason in the recipe, and no reason is without its tag."""
    options = ("--no-cfg", "--allow-root", "--pedantic", "--display-info", "--color=never")
    # lintian's exit code says that there are errors; which ones are meant is the recipe's to say.
    done = subprocess.run(
        [require("lintian"), *options, "--tag-display-limit=0", lintable],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert explained(target, "lintian") == {words[2] for words in lines}, done.stdout + done.stderr
