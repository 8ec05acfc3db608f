"""The PEM file, as the site says how to get it: with curl, by a digest that is signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.packages.built import trustpack
from tests.repositories import projects
from tests.repositories.clean import clean
from tests.repositories.sites import Release
from tests.unit.bundles import MINIMAL_RECIPE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.repositories.sites import Releases, Site

_OWN = {
    "trustpack.yaml": "organisation:\n  slug: acme\nbundle:\n  paths: [roots.pem]\n"
    "targets: [homebrew, pem, thing]\n",
    "recipes/thing.yaml": MINIMAL_RECIPE,
}
_PEM = "files/acme-ca-certs-2026.11.pem"


def test_the_lines_fetch_compare_and_remove(
    open_site: Callable[..., Site], releases: Releases, tmp_path: Path
) -> None:
    """What comes is the newest release's bundle."""
    told = projects.instructions(open_site(releases.first, releases.second), "files")["pem"]
    done = clean(tmp_path, "sh", "-euc", told.install)
    assert (done.code, "acme-ca-certs-2026.11.pem: OK" in done.out) == (0, True), done.out
    assert (tmp_path / "acme-ca-certs-2026.11.pem").read_bytes() == releases.second.file("pem").read_bytes()
    shown = clean(tmp_path, "sh", "-euc", told.verify)
    assert (shown.code, "Total found: 2" in shown.out) == (0, True), shown.out
    assert clean(tmp_path, "sh", "-euc", told.remove).code == 0
    assert not list(tmp_path.glob("*.pem"))


def test_another_file_in_its_place_is_found_out(
    open_site: Callable[..., Site], releases: Releases, forgery: Release, tmp_path: Path
) -> None:
    """By its digest; and who changes that, too, has no signature for it."""
    site = open_site(releases.first, releases.second)
    genuine = site.snapshot()["files/SHA256SUMS"]
    site.overwrite(_PEM, forgery.file("pem").read_bytes())
    told = projects.instructions(site, "files")["pem"]
    done = clean(tmp_path, "sh", "-euc", told.install)
    assert (done.code, "acme-ca-certs-2026.11.pem: FAILED" in done.out) == (1, True), done.out
    gpg = "gpg --batch --no-autostart --homedir .home"
    names = ("acme.asc", "files/SHA256SUMS.asc", "files/SHA256SUMS")
    fetch = "".join(f"curl -fsSO {site.url}/{name}\n" for name in names)
    clean(tmp_path, "sh", "-euc", f"chmod 700 .home\n{fetch}{gpg} --import acme.asc")
    assert clean(tmp_path, "sh", "-euc", f"{gpg} --verify SHA256SUMS.asc SHA256SUMS").code == 0
    (tmp_path / "SHA256SUMS").write_bytes(genuine.replace(b"0", b"1", 1))
    changed = clean(tmp_path, "sh", "-euc", f"{gpg} --verify SHA256SUMS.asc SHA256SUMS")
    assert (changed.code, "BAD signature" in changed.out) == (1, True), changed.out


def test_what_no_package_manager_takes_is_a_download(
    open_site: Callable[..., Site], releases: Releases, tmp_path: Path
) -> None:
    """An archive of an organisation's own recipe; those beside a formula are in the tap alone."""
    for name, text in _OWN.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "roots.pem").write_bytes(releases.second.authorities["new"].pem)
    options = ("--config", tmp_path / "trustpack.yaml", "--release", "2026.11", "--out", tmp_path / "dist")
    trustpack("build", *options, "--quiet")
    release = Release(tmp_path / "dist", "2026.11", {})
    site = open_site(release)
    sums = (site.folder / "files/SHA256SUMS").read_text("utf-8")
    names = sorted(line.split()[1] for line in sums.splitlines())
    assert names == ["acme-ca-certs-2026.11.pem", "acme-thing-2026.11.tar.gz"]
    assert projects.instructions(site, "files")["pem"].remove == "rm acme-ca-certs-2026.11.pem\n"


def test_windows_is_told_to_install_from_the_site(
    open_site: Callable[..., Site], releases: Releases, tmp_path: Path
) -> None:
    """The newest installer, beside the other files of its release, which are all downloads."""
    (tmp_path / "roots.pem").write_bytes(releases.second.authorities["new"].pem)
    words = ("build", tmp_path / "roots.pem", "--org", "acme", "--quiet", "--expired", "keep")
    targets = [word for name in ("msi", "pem", "windows") for word in ("--target", name)]
    for number in ("2026.10", "2026.11"):
        trustpack(*words, *targets, "--release", number, "--out", tmp_path / number)
    site = open_site(*(Release(tmp_path / number, number, {}) for number in ("2026.10", "2026.11")))
    told = projects.instructions(site, "files")
    address = f"{site.url}/files/acme-ca-certs-2026.11.msi"
    assert (told["msi"].install, told["msi"].remove) == (
        f"msiexec /i {address} /qn\n",
        f"msiexec /x {address} /qn\n",
    )
    assert told["pem"].remove == "rm acme-ca-certs-2026.11.pem\n"
    got = clean(tmp_path, "curl", "-fsS", "-D", "-", "-o", "got.msi", address)
    assert "content-type: application/x-msi" in got.out.lower()
    assert (tmp_path / "got.msi").read_bytes() == (
        tmp_path / "2026.11/acme-ca-certs-2026.11.msi"
    ).read_bytes()


def test_snippets_and_the_configmap_come_as_the_site_says(
    open_site: Callable[..., Site], releases: Releases, tmp_path: Path
) -> None:
    """The snippets compared with the site's digests and unpacked; the ConfigMap as its address gives it."""
    (tmp_path / "roots.pem").write_bytes(releases.second.authorities["new"].pem)
    words = ("--org", "acme", "--quiet", "--target", "kubernetes,snippets", "--release", "2026.11")
    dist = tmp_path / "dist"
    trustpack("build", tmp_path / "roots.pem", *words, "--out", dist)
    told = projects.instructions(open_site(Release(dist, "2026.11", {})), "files")
    for moment in (told["snippets"].install, told["snippets"].upgrade):
        done = clean(tmp_path, "sh", "-euc", moment)
        assert (done.code, "acme-ca-snippets-2026.11.tar.gz: OK" in done.out) == (0, True), done.out
    shown = clean(tmp_path, "sh", "-euc", told["snippets"].verify)
    assert (shown.code, "Total found: 1" in shown.out) == (0, True), shown.out
    assert clean(tmp_path, "sh", "-euc", told["snippets"].remove).code == 0
    assert not list(tmp_path.glob("acme-ca-*"))
    (address,) = [word for word in told["kubernetes"].install.split() if "://" in word]
    assert clean(tmp_path, "curl", "-fsSO", address).code == 0
    name = address.rpartition("/")[2]
    assert (tmp_path / name).read_bytes() == (dist / name).read_bytes()
