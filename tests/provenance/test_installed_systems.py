"""`verify --installed` of what real package managers have installed, and of what was changed after that.

rpm and dnf are the real ones in a stand-in for Fedora; apk and its system are doubles: see `tests/trust`.
"""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.prove import authority
from builder.prove.sandbox import Sandbox, open_sandbox
from tests.cli.conftest import World
from tests.roots import root
from tests.tools import require
from tests.trust import alpine, distributions
from tests.trust.prepared import keep_few_roots

CONFIG = """\
organisation: {slug: acme}
bundle: {paths: [roots.pem]}
release: 20261128
targets: [apk, deb, gem, npm, rpm, wheel]
"""
WRONG = 15
# What of a system an auditor's copy has: where packages have their files, and each manager's database.
_COPIED = (
    "/etc",
    *(f"/usr/share/{name}" for name in ("acme-ca-certs", "ca-certificates", "doc/acme-ca-certs", "pki")),
    "/usr/local/share",
    "/var/lib/ca-certificates",
)


@pytest.fixture(scope="module")
def roots() -> bytes:
    """Return the PEM of a CA."""
    return authority.create("Acme Root", now=dt.datetime.now(dt.UTC)).pem


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, roots: bytes) -> World:
    """Return a folder with a release of all these packages in its dist."""
    world = World(tmp_path_factory.mktemp("release"))
    (world.folder / "roots.pem").write_bytes(roots)
    world.write("trustpack.yaml", CONFIG)
    done = world.run("build", "--quiet")
    assert done.code == 0, done.err
    return world


@dataclass(frozen=True)
class Machine:
    """An open system in which a package is installed."""

    sandbox: Sandbox
    release: World
    package: str
    database: Sequence[str]
    copies: Path

    def sh(self, script: str) -> str:
        """Do what an attacker does, who is root there."""
        return self.sandbox.run(["sh", "-euc", script]).out

    def differing(self) -> dict[str, str]:
        """Return what verify names in a copy of the system, by its paths there."""
        copy = self.copies / str(len(list(self.copies.iterdir())))
        copy.mkdir()
        archive = self.sandbox.archive([*_COPIED, *self.database])
        subprocess.run([require("tar"), "-xf", "-", "-C", copy], input=archive, check=True)
        found = _verified(self.release, "--root", copy)
        named = [one["said"] for one in found["examined"] if one["check"] == "installed" and one["done"]]
        assert [self.package in text for text in named] == [True], named
        return {one["file"].removeprefix(str(copy)): one["problem"] for one in found["discrepancies"]}


def _verified(release: World, *words: str | Path) -> dict[str, list[dict[str, str]]]:
    done = release.run("verify", "dist", "--unsigned", "--installed", "--json", *words)
    found: dict[str, list[dict[str, str]]] = json.loads(done.out)
    assert (WRONG if found["discrepancies"] else 0) == done.code
    return found


def _run(folder: Path, *command: str | Path) -> None:
    """Run a language's package manager, of whose settings on this machine nothing counts."""
    environment = {"PATH": os.defpath, "HOME": str(folder), "PIP_CONFIG_FILE": os.devnull}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def _package(release: World, pattern: str) -> Path:
    (found,) = (release.folder / "dist").glob(pattern)
    return found


def test_what_apt_has_installed(release: World, tmp_path: Path) -> None:
    """Is held to the release's manifest, where dpkg itself sees nothing of what was changed."""
    deb = _package(release, "*.deb")
    manifest = json.loads((release.folder / "dist" / "manifest.json").read_text())
    lacks = f"lacks the CA {manifest['certificates'][0]['sha256']}"
    with open_sandbox(root("bookworm")) as sandbox:
        keep_few_roots(sandbox)
        sandbox.copy_in(f"/root/{deb.name}", deb.read_bytes())
        sandbox.run(["apt-get", "--yes", "install", f"/root/{deb.name}"])
        machine = Machine(sandbox, release, deb.name, ["/var/lib/dpkg"], tmp_path)
        folder = "/usr/share/ca-certificates/acme"
        (name,) = machine.sh(f"ls {folder}").split()
        kept, gone = f"{folder}/{name}", "/usr/share/acme-ca-certs/certificates.json"
        assert {} == machine.differing()

        machine.sh(f"cp -a /etc/ssl/certs /root; find -L /etc/ssl/certs -samefile {kept} -delete")
        assert {"/etc/ssl/certs": lacks} == machine.differing()
        machine.sh("sed -i 's/^acme/!acme/' /etc/ca-certificates.conf; update-ca-certificates")
        deselected = f"deselects acme/{name}: the next update takes that CA out of the store"
        conf = {"/etc/ca-certificates.conf": deselected}
        assert conf | dict.fromkeys(("/etc/ssl/certs", alpine.BUNDLE), lacks) == machine.differing()
        machine.sh(
            "rm -r /etc/ssl/certs; mv /root/certs /etc/ssl; sed -i 's/^!acme/acme/' /etc/ca-certificates.conf"
        )

        machine.sh(
            f"sed -i s/M/N/ {kept}; rm {gone}; cd /var/lib/dpkg/info;"
            " sed -i '/certificates.json/d' acme-ca-certs.md5sums acme-ca-certs.list;"
            f' sum=$(md5sum {kept}); sed -i "/{name}/s/^[^ ]*/${{sum%% *}}/" acme-ca-certs.md5sums'
        )
        assert "" == machine.sh("dpkg --verify acme-ca-certs")
        assert {
            kept: f"holds something else than {deb.name} does",
            gone: f"is missing, and in {deb.name}",
            "/etc/ssl/certs": lacks,
        } == machine.differing()


def test_what_dnf_has_installed(release: World, tmp_path: Path) -> None:
    """By the real rpm, whose database is made to fit what was changed."""
    rpm = _package(release, "*.rpm")
    manager, fedora = distributions.DNF4, distributions.FEDORA
    with open_sandbox(root(manager.suite)) as sandbox:
        distributions.disguise(sandbox, manager, fedora)
        sandbox.copy_in(f"/root/{rpm.name}", rpm.read_bytes())
        sandbox.run([*manager.install, f"/root/{rpm.name}"])
        machine = Machine(sandbox, release, rpm.name, ["/var/lib/rpm", "/usr/lib/sysimage/rpm"], tmp_path)
        assert {} == machine.differing()
        files = machine.sh("rpm --query --list acme-ca-certs").split()
        changed = next(path for path in files if path.endswith(".crt"))
        gone = next(path for path in files if path.endswith("/certificates.json"))
        machine.sh(f"sed -i s/M/N/ {changed}; rm {gone}; rpm --erase --justdb acme-ca-certs")
        assert {
            changed: f"holds something else than {rpm.name} does",
            gone: f"is missing, and in {rpm.name}",
        } == machine.differing()
        machine.sh(f"rm {changed}; {fedora.updater}")
        assert {changed, gone, fedora.bundle} == machine.differing().keys()


def test_what_a_double_of_apk_has_installed(release: World, roots: bytes, tmp_path: Path) -> None:
    """In a stand-in for Alpine, of which the folders are real, and nothing else is."""
    apk = _package(release, "*.apk")
    double = Path(__file__).parents[1] / "prove" / "apk-double"
    with open_sandbox(root("trixie")) as sandbox:
        alpine.disguise(sandbox, roots)
        sandbox.copy_in("/usr/bin/apk", double.read_bytes(), mode=0o755)
        sandbox.copy_in(f"/root/{apk.name}", apk.read_bytes())
        sandbox.run(["apk", "add", f"/root/{apk.name}"])
        machine = Machine(sandbox, release, apk.name, ["/lib/apk"], tmp_path)
        assert {} == machine.differing()
        changed, gone, *_ = [
            path.removeprefix(".") for path in machine.sh("cat /lib/apk/double/*/files").split()
        ]
        machine.sh(f"echo evil >>{changed}; rm {gone}")
        assert {
            changed: f"holds something else than {apk.name} does",
            gone: f"is missing, and in {apk.name}",
        } == machine.differing()


def test_what_pip_npm_and_gem_have_installed(release: World, tmp_path: Path) -> None:
    """Each into a place of its own, of which a file is changed then."""
    wheel, npm, gem = (_package(release, pattern) for pattern in ("*.whl", "*.tgz", "*.gem"))
    app, gems = tmp_path / "app", tmp_path / "gems"
    app.mkdir()
    _run(tmp_path, sys.executable, "-m", "venv", "--without-pip", "venv")
    pip = (sys.executable, "-m", "pip", "--python", tmp_path / "venv/bin/python")
    _run(tmp_path, *pip, "install", "--no-index", "--no-deps", wheel)
    _run(app, require("npm"), "install", "--offline", "--no-audit", npm)
    _run(tmp_path, require("gem"), "install", "--local", "--no-document", "--install-dir", gems, gem)
    (site,) = tmp_path.glob("venv/lib/python3*/site-packages")
    words = [word for place in (site, app / "node_modules", gems) for word in ("--in", place)]
    assert [] == _verified(release, "--root", tmp_path, *words)["discrepancies"]
    changed = {
        *site.glob("acme_certifi/roots.pem"),
        *tmp_path.glob("app/node_modules/acme-ca/index.js"),
        *tmp_path.glob("gems/gems/*/lib/acme_ca.rb"),
    }
    assert 3 == len(changed)
    for path in changed:
        path.write_bytes(path.read_bytes() + b"# evil\n")
    found = _verified(release, "--root", tmp_path, *words)["discrepancies"]
    assert {str(path) for path in changed} == {one["file"] for one in found}
