"""What is installed is held to the release, whatever the package manager's database says beside it."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from builder.errors import VerificationError
from builder.provenance import installed, verify_release
from tests.tools import require
from tests.unit.provenance import projects

if TYPE_CHECKING:
    from pathlib import Path

KEY = "deb, gem, npm, rpm, wheel"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a release's folder."""
    folder = tmp_path_factory.mktemp("made") / "one"
    projects.attested(folder, targets=KEY)
    return folder / "dist"


def named(dist: Path, root: Path, *places: Path) -> dict[str, str]:
    """Return what differs below a root, by the file's path from there."""
    files = verify_release.read(dist)
    there = installed.copies(files.manifest, files.data, root, places)
    found = installed.verify(verify_release.verify("dist", files), files.manifest, there)
    return {one.file.removeprefix(f"{root}/"): one.problem for one in found.discrepancies}


@pytest.fixture
def debian(dist: Path, tmp_path: Path) -> Path:
    """Return a folder into which dpkg has unpacked the release's .deb, with a database and a store."""
    root = tmp_path / "root"
    (deb,) = dist.glob("*.deb")
    subprocess.run([require("dpkg-deb"), "-x", deb, root], check=True, env={"PATH": "/usr/bin:/bin"})
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    (root / "etc/ssl/certs").mkdir(parents=True)
    roots = (root / "usr/share/acme-ca-certs/roots.pem").read_bytes()
    (root / "etc/ssl/certs/ca-certificates.crt").write_bytes(roots)
    return root


def test_what_was_installed_is_as_the_release_has_it(dist: Path, debian: Path) -> None:
    """Of the systems' packages the one whose package manager is there; left out documents do not count."""
    assert {} == named(dist, debian)
    (debian / "usr/share/doc/acme-ca-certs/README").unlink()
    assert {} == named(dist, debian)


def test_a_changed_a_missing_and_a_further_file_are_named(dist: Path, debian: Path) -> None:
    """Though dpkg's own list of digests was changed with them."""
    certificates = debian / "usr/share/ca-certificates/acme"
    (first,) = certificates.iterdir()
    content = first.read_bytes()
    first.write_bytes(content.replace(b"M", b"N", 1))
    (debian / "var/lib/dpkg/info/acme-ca-certs.md5sums").write_text("as the attacker has it\n")
    (certificates / "evil.crt").write_bytes(content)
    (debian / "usr/share/acme-ca-certs/certificates.json").unlink()
    (deb,) = dist.glob("*.deb")
    assert {
        f"usr/share/ca-certificates/acme/{first.name}": f"holds something else than {deb.name} does",
        "usr/share/ca-certificates/acme/evil.crt": f"is there, and not in {deb.name}",
        "usr/share/acme-ca-certs/certificates.json": f"is missing, and in {deb.name}",
    } == named(dist, debian)


def test_a_link_in_the_place_of_a_file_is_named(dist: Path, debian: Path, tmp_path: Path) -> None:
    """It may lead to the same content today."""
    path = debian / "usr/share/acme-ca-certs/roots.pem"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert ["usr/share/acme-ca-certs/roots.pem"] == list(named(dist, debian))


def test_a_store_without_the_ca_is_named(dist: Path, debian: Path) -> None:
    """And one that has the distrusted CA."""
    store = debian / "etc/ssl/certs/ca-certificates.crt"
    store.write_bytes((dist.parent / "blocked.pem").read_bytes())
    files = verify_release.read(dist)
    (copy,) = installed.copies(files.manifest, files.data, debian)
    wrong, examined = installed.store(copy, files.manifest)
    assert ["lacks the CA", "has the dist"] == [one.problem[:12] for one in wrong]
    assert examined


def test_a_link_leads_where_it_does_in_the_system(dist: Path, debian: Path) -> None:
    """Not on the machine that looks at a copy of it; one that leads to itself leads nowhere."""
    certs = debian / "etc/ssl/certs"
    (first,) = (debian / "usr/share/ca-certificates/acme").iterdir()
    (certs / "acme.pem").symlink_to(f"/usr/share/ca-certificates/acme/{first.name}")
    (certs / "0a1b2c3d.0").symlink_to("acme.pem")
    (certs / "0a1b2c3d.1").symlink_to("0a1b2c3d.1")
    assert {} == named(dist, debian)
    (certs / "acme.pem").unlink()
    assert ["etc/ssl/certs"] == list(named(dist, debian))


def test_languages_packages_are_found_where_they_are(dist: Path, tmp_path: Path) -> None:
    """A wheel, an npm package and a gem, by the folders that are named; what Python compiles is no matter."""
    root, site, modules, gems = (tmp_path / name for name in ("root", "site", "modules", "gems"))
    for folder in (root, site, modules, gems):
        folder.mkdir()
    with pytest.raises(VerificationError, match="is installed"):
        named(dist, root)
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    (site / "acme_certifi" / "__pycache__").mkdir()
    (site / "acme_certifi" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (modules / "acme-ca").mkdir()
    _untar(next(dist.glob("*.tgz")), modules / "acme-ca", "--strip-components=1")
    gem = next(dist.glob("*.gem"))
    _untar(gem, tmp_path)
    inside = gems / "gems" / gem.name.removesuffix(".gem")
    inside.mkdir(parents=True)
    _untar(tmp_path / "data.tar.gz", inside)
    assert {} == named(dist, root, site, modules, gems)
    changed = [
        site / "acme_certifi" / "roots.pem",
        modules / "acme-ca" / "index.js",
        inside / "lib/acme_ca.rb",
    ]
    for path in changed:
        path.write_bytes(path.read_bytes() + b"# evil\n")
    (modules / "acme-ca" / "evil.js").write_text("")
    wanted = {str(path) for path in (*changed, modules / "acme-ca" / "evil.js")}
    assert wanted == named(dist, root, site, modules, gems).keys()


def _untar(archive: Path, folder: Path, *words: str) -> None:
    subprocess.run(
        [require("tar"), "-xf", archive, "-C", folder, *words], check=True, env={"PATH": "/usr/bin:/bin"}
    )
