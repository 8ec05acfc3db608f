"""What is installed is held to the release, whatever the package manager's database says beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from builder.errors import VerificationError
from builder.provenance import installed, system_store, verify_release, verify_report
from tests.tools import require
from tests.unit.provenance import projects

if TYPE_CHECKING:
    from pathlib import Path

KEY = "browsers-deb, deb, gem, npm, rpm, wheel"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a release's folder."""
    folder = tmp_path_factory.mktemp("made") / "one"
    projects.attested(folder, targets=KEY)
    return folder / "dist"


def named(dist: Path, root: Path, *places: Path) -> dict[str, str]:
    """Return what differs below a root, by the file's path from there."""
    files = verify_release.read(dist)
    there = installed.find(files.manifest, files.data, root, places)
    found = installed.verify(verify_release.verify("dist", files), files.manifest, there)
    return {one.file.removeprefix(f"{root}/"): one.problem for one in found.discrepancies}


@pytest.fixture
def debian(dist: Path, tmp_path: Path) -> Path:
    """Return a folder into which dpkg has unpacked the release's .deb, with a database and a store."""
    root = tmp_path / "root"
    (deb,) = dist.glob("*-ca-certs*.deb")
    subprocess.run([require("dpkg-deb"), "-x", deb, root], check=True, env={"PATH": "/usr/bin:/bin"})
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    (root / "etc/ssl/certs").mkdir(parents=True)
    roots = (root / "usr/share/acme-ca-certs/roots.pem").read_bytes()
    (root / "etc/ssl/certs/ca-certificates.crt").write_bytes(roots)
    listed = [f"acme/{path.name}\n" for path in (root / "usr/share/ca-certificates/acme").iterdir()]
    (root / "etc/ca-certificates.conf").write_text("".join(listed))
    return root


def test_what_was_installed_is_as_the_release_has_it(dist: Path, debian: Path) -> None:
    """Of the systems' packages the one whose package manager is there; left out documents do not count."""
    assert {} == named(dist, debian)
    (debian / "usr/share/doc/acme-ca-certs/README").unlink()
    assert {} == named(dist, debian)


def test_the_policies_of_browsers_are_compared_beside_the_systems_package(
    dist: Path, debian: Path, tmp_path: Path
) -> None:
    """With its own files, and not with the system's store, which it does not fill."""
    (deb,) = dist.glob("*-ca-browsers*.deb")
    alone = tmp_path / "alone"
    for root in (debian, alone):
        subprocess.run([require("dpkg-deb"), "-x", deb, root], check=True, env={"PATH": "/usr/bin:/bin"})
        (root / "var/lib/dpkg").mkdir(parents=True, exist_ok=True)
        assert {} == named(dist, root)
        policy = "etc/chromium/policies/managed/acme-ca-browsers.json"
        (root / policy).write_text("{}")
        assert {policy: f"holds something else than {deb.name} does"} == named(dist, root)


def test_a_changed_a_missing_and_a_further_file_are_named(dist: Path, debian: Path) -> None:
    """Though dpkg's own list of digests was changed with them."""
    certificates = debian / "usr/share/ca-certificates/acme"
    (first,) = certificates.iterdir()
    content = first.read_bytes()
    first.write_bytes(content.replace(b"M", b"N", 1))
    (debian / "var/lib/dpkg/info/acme-ca-certs.md5sums").write_text("as the attacker has it\n")
    (certificates / "evil.crt").write_bytes(content)
    (debian / "usr/share/acme-ca-certs/certificates.json").unlink()
    (deb,) = dist.glob("*-ca-certs*.deb")
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
    (copy,) = installed.find(files.manifest, files.data, debian).copies
    wrong, examined = system_store.verify(copy, files.manifest)
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
    (site / "acme_certifi" / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(b"x")
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


def test_rights_that_let_others_change_it_are_named(dist: Path, debian: Path) -> None:
    """A file that everybody can write, one that runs as its owner, another's, and a folder open to all."""
    share = debian / "usr/share/acme-ca-certs"
    (deb,) = dist.glob("*-ca-certs*.deb")
    (share / "roots.pem").chmod(0o666)
    (share / "certificates.json").chmod(0o4755)
    (debian / "usr/share/ca-certificates/acme").chmod(0o777)
    assert {
        "usr/share/acme-ca-certs/roots.pem": f"has the mode 0666, and {deb.name} has 0644",
        "usr/share/acme-ca-certs/certificates.json": f"has the mode 4755, and {deb.name} has 0644",
        "usr/share/ca-certificates/acme": "can be changed by everybody: its mode is 0777",
    } == named(dist, debian)


def test_links_in_the_place_of_folders_are_named(dist: Path, debian: Path, tmp_path: Path) -> None:
    """They have the same content today; and one beside the files, which an updater would go into."""
    share, certificates = debian / "usr/share/acme-ca-certs", debian / "usr/share/ca-certificates/acme"
    share.rename(tmp_path / "moved")
    share.symlink_to(tmp_path / "moved")
    (certificates / "more").symlink_to(tmp_path)
    found = named(dist, debian)
    assert {"usr/share/acme-ca-certs", "usr/share/ca-certificates/acme/more"} <= found.keys()
    assert found["usr/share/acme-ca-certs"].startswith("is a link")


def test_a_folders_link_leads_where_it_does_in_the_system(dist: Path, debian: Path, tmp_path: Path) -> None:
    """A good copy at that path of the machine that looks changes nothing; links without end are told."""
    usr = debian / "usr"
    shutil.copytree(usr, tmp_path / "usr")
    (usr / "share/acme-ca-certs/roots.pem").write_text("evil")
    usr.rename(debian / "real")
    usr.symlink_to("/real")
    assert ["usr/share/acme-ca-certs/roots.pem"] == list(named(dist, debian))
    usr.unlink()
    usr.symlink_to(tmp_path / "usr")
    with pytest.raises(VerificationError, match="is installed"):
        named(dist, debian)
    usr.unlink()
    usr.symlink_to("usr")
    assert {"cannot be read: Too many levels of symbolic links"} == {
        problem for file, problem in named(dist, debian).items() if file.startswith("usr/")
    }


def test_stores_that_are_gone_or_disagree_are_named(dist: Path, debian: Path) -> None:
    """The file of all roots, another one in the place of a link to it, and the list of what it is to have."""
    certs, listed = debian / "etc/ssl/certs", debian / "etc/ca-certificates.conf"
    (debian / "etc/ssl/cert.pem").write_text("")
    assert ["etc/ssl/cert.pem"] == list(named(dist, debian))
    (debian / "etc/ssl/cert.pem").unlink()
    (certs / "ca-certificates.crt").unlink()
    assert {"etc/ssl/certs/ca-certificates.crt": "is missing: programs find no CA"} == named(dist, debian)
    (certs / "ca-certificates.crt").mkdir()
    listed.write_text(f"!{listed.read_text()}")
    found = named(dist, debian)
    assert "cannot be read: Is a directory" == found["etc/ssl/certs/ca-certificates.crt"]
    assert found["etc/ca-certificates.conf"].startswith("deselects acme/")
    listed.write_text("mozilla/other.crt\n")
    assert named(dist, debian)["etc/ca-certificates.conf"].startswith("does not list acme/")


def test_what_dpkg_runs_is_compared(dist: Path, debian: Path) -> None:
    """A changed script, and one more; those that are not kept are not missed."""
    info = debian / "var/lib/dpkg/info"
    (info / "acme-ca-certs.postrm").write_text("evil\n")
    (info / "acme-ca-certs.preinst").write_text("evil\n")
    (deb,) = dist.glob("*-ca-certs*.deb")
    assert {
        "var/lib/dpkg/info/acme-ca-certs.postrm": f"is not the script that {deb.name} has",
        "var/lib/dpkg/info/acme-ca-certs.preinst": f"is there, and not in {deb.name}",
    } == named(dist, debian)


def test_what_python_would_run_beside_a_wheel_is_named(dist: Path, tmp_path: Path) -> None:
    """Entry points, compiled files without a source, another version's metadata; in a user's own folder."""
    site = tmp_path / "home/alice/.local/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    (metadata,) = site.glob("*.dist-info")
    (metadata / "INSTALLER").write_text("pip\n")
    assert {} == named(dist, tmp_path)
    (site / "acme_certifi/__pycache__").mkdir()
    (site / "acme_certifi-1.1.dist-info").mkdir()
    evil = {metadata / "direct.txt", site / "acme_certifi/__pycache__/evil.cpython-311.pyc"}
    for path in evil:
        path.write_text("evil")
    (site / "acme_certifi/__init__.py").chmod(0o666)
    evil |= {site / "acme_certifi-1.1.dist-info", site / "acme_certifi/__init__.py"}
    assert {str(path.relative_to(tmp_path)) for path in evil} == named(dist, tmp_path).keys()


def test_copies_within_other_packages_and_what_gems_run_are_not_passed_over(
    dist: Path, tmp_path: Path
) -> None:
    """A package of npm's below another one's, RubyGems' own copy, and what else is there is said."""
    modules, gems = tmp_path / "node_modules", tmp_path / "gems"
    nested = modules / "other" / "node_modules" / "acme-ca"
    nested.mkdir(parents=True)
    _untar(next(dist.glob("*.tgz")), nested, "--strip-components=1")
    gem = next(dist.glob("*.gem"))
    inside = gems / "gems" / gem.name.removesuffix(".gem")
    inside.mkdir(parents=True)
    (gems / "gems" / "acme-ca-1.1").mkdir()
    (gems / "cache").mkdir()
    (gems / "cache" / gem.name).write_text("evil")
    _untar(gem, tmp_path)
    _untar(tmp_path / "data.tar.gz", inside)
    (nested / "index.js").write_text("evil")
    files = verify_release.read(dist)
    there = installed.find(files.manifest, files.data, tmp_path / "empty", [modules, gems])
    found = installed.verify(verify_release.verify("dist", files), files.manifest, there)
    assert {str(nested / "index.js"), str(gems / "cache" / gem.name)} == {
        one.file for one in found.discrepancies
    }
    said = "\n".join(one.said for one in found.examined if not one.done)
    assert "other versions beside" in said
    assert f"specifications/{gem.name}spec not compared" in said
    assert "nothing of them was found: acme-ca-browsers_" in said
    with pytest.raises(VerificationError, match="installed there"):
        installed.find(files.manifest, files.data, tmp_path, [modules, tmp_path / "cache"])


def test_what_may_not_be_read_is_told(dist: Path, debian: Path) -> None:
    """It is no sign that nothing is installed, and ends in no traceback."""
    files = verify_release.read(dist)
    released = verify_release.verify("dist", files)
    debian.chmod(0)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        there = installed.find(files.manifest, files.data, debian)
        found = installed.verify(released, files.manifest, there)
    finally:
        os.seteuid(before)
        debian.chmod(0o755)
    assert {"cannot be read: Permission denied"} == {one.problem for one in found.discrepancies}


def test_hostile_names_are_shown_as_they_are_and_harmless(dist: Path, debian: Path) -> None:
    """A line's end, a colour, and bytes that are no text."""
    folder = os.fsencode(debian / "usr/share/ca-certificates/acme")
    for name in (b"a\nb.crt", b"\x1b[31m.crt", b"\xff.crt"):
        with open(os.path.join(folder, name), "wb"):  # noqa: PTH118, PTH123  a Path takes no bytes
            pass
    files = verify_release.read(dist)
    there = installed.find(files.manifest, files.data, debian)
    found = installed.verify(verify_release.verify("dist", files), files.manifest, there)
    assert 3 == len(found.discrepancies)
    text, data = verify_report.as_text(found), verify_report.as_json(found)
    assert data.isascii()
    assert "\x1b" not in text
    assert text.encode("utf-8", "backslashreplace").count(b"is there, and not in") == 3
    assert len(text.splitlines()) == len(found.examined) + 4


def _untar(archive: Path, folder: Path, *words: str) -> None:
    subprocess.run(
        [require("tar"), "-xf", archive, "-C", folder, *words], check=True, env={"PATH": "/usr/bin:/bin"}
    )
