"""Distrusted CAs: blocked by the real p11-kit wherever they come from, and taken out of Debian's store."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from builder.prove.place import Place, open_place
from tests.packages import readers
from tests.packages.built import fingerprints, trustpack
from tests.roots import root

if TYPE_CHECKING:
    from pathlib import Path

_SOURCES = {
    "fedora": ("/etc/pki/ca-trust/source", "/usr/share/pki/ca-trust-source"),
    "opensuse": ("/etc/pki/trust", "/usr/share/pki/trust"),
}
_MODULE = "module: p11-kit-trust.so\ntrust-policy: yes\nx-init-reserved: paths='{}'\n"
_EXTRACT = ("trust", "extract", "--format=pem-bundle", "--filter=ca-anchors", "--purpose=server-auth")
_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


@dataclass(frozen=True)
class Releases:
    """A release with two CAs and one that distrusts the second: their folders, and the CAs' fingerprints."""

    first: Path
    second: Path
    kept: frozenset[str]
    gone: frozenset[str]
    pem: bytes  # of the distrusted CA


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    """Build both releases for deb and rpm."""
    now = dt.datetime.now(dt.UTC)
    kept, gone = (authority.create(f"Acme {name}", now=now).pem for name in ("Kept", "Gone"))
    folder = tmp_path_factory.mktemp("distrust")
    (folder / "roots.pem").write_bytes(kept + gone)
    (digest,) = fingerprints(gone)
    for version, state in ((1, "retiring"), (2, "distrusted")):
        (folder / "trustpack.yaml").write_text(
            f"organisation: {{slug: acme}}\nbundle: {{paths: [roots.pem]}}\nrelease: {version}\n"
            f"lifecycle: {{authorities: {{{digest}: {{state: {state}}}}}}}\n"
        )
        options = ("--target", "deb", "--target", "rpm", "--out", folder / str(version), "--quiet")
        trustpack("build", "--config", folder / "trustpack.yaml", *options)
    return Releases(folder / "1", folder / "2", fingerprints(kept), fingerprints(gone), gone)


def _extracted(place: Place) -> frozenset[str]:
    place.run(["rm", "-f", "/root/out.pem"])
    place.run([*_EXTRACT, "/root/out.pem"])
    return fingerprints(place.read("/root/out.pem"))


@pytest.mark.parametrize("system", _SOURCES)
def test_p11_kit_distrusts_a_ca_that_somebody_else_has_added(releases: Releases, system: str) -> None:
    """With the second release; without the package, the other's word counts again."""
    kept, gone = releases.kept, releases.gone
    with open_place(root("trixie")) as place:
        module = _MODULE.format(":".join(_SOURCES[system]))
        place.copy_in("/etc/pkcs11/modules/p11-kit-trust.module", module.encode())
        place.run(["mkdir", "-p", f"{_SOURCES[system][0]}/anchors"])
        place.copy_in(f"{_SOURCES[system][0]}/anchors/somebody.crt", releases.pem)
        assert _extracted(place) == gone
        for number, folder, expected in ((1, releases.first, kept | gone), (2, releases.second, kept)):
            place.copy_in(
                f"/root/{number}.rpm", (folder / f"acme-ca-certs-{number}-1.noarch.rpm").read_bytes()
            )
            place.run(["rpm", "--upgrade", "--nodeps", "--noscripts", f"/root/{number}.rpm"])
            assert _extracted(place) == expected
        place.run(["rpm", "--erase", "--noscripts", "acme-ca-certs"])
        assert _extracted(place) == gone


def test_the_rpm_blocks_by_a_file_in_each_blocklist(releases: Releases) -> None:
    """Of the distrusted CA, which is nowhere else in the package; the first release has none."""
    (digest,) = releases.gone
    for folder, number, expected in (
        (releases.first, 1, []),
        (releases.second, 2, ["ca-trust-source", "trust"]),
    ):
        package = readers.read("rpm", folder / f"acme-ca-certs-{number}-1.noarch.rpm")
        files = [entry.path for entry in package.entries if f"gone-{digest[:8]}" in entry.path]
        blocked = [path for path in files if "/blocklist/" in path]
        assert blocked == [
            f"/usr/share/pki/{tree}/blocklist/acme-acme-gone-{digest[:8]}.crt" for tree in expected
        ]
        assert bool(set(files) - set(blocked)) is (number == 1)


def test_debian_takes_out_the_packages_own_lines_only(releases: Releases) -> None:
    """What the administrator has added stays trusted, as the plan says, and other lines stay as they were."""
    kept, gone = releases.kept, releases.gone
    bundle, conf = "/etc/ssl/certs/ca-certificates.crt", "/etc/ca-certificates.conf"
    with open_place(root("bookworm")) as place:
        before, lines = fingerprints(place.read(bundle)), place.read(conf)
        for number, folder in ((1, releases.first), (2, releases.second)):
            place.copy_in(f"/root/{number}.deb", (folder / f"acme-ca-certs_{number}_all.deb").read_bytes())
        place.run(["dpkg", "--install", "/root/1.deb"], environment=_QUIET)
        assert fingerprints(place.read(bundle)) == before | kept | gone
        place.run(["dpkg", "--install", "/root/2.deb"], environment=_QUIET)
        assert fingerprints(place.read(bundle)) == before | kept
        now = place.read(conf)
        assert [line for line in now.splitlines() if not line.startswith(b"acme/acme-")] == lines.splitlines()
        assert b"gone" not in now
        place.copy_in("/usr/local/share/ca-certificates/somebody.crt", releases.pem)
        place.run(["update-ca-certificates"])
        assert fingerprints(place.read(bundle)) == before | kept | gone
        place.run(["dpkg", "--install", "/root/2.deb"], environment=_QUIET)
        assert fingerprints(place.read(bundle)) == before | kept | gone
