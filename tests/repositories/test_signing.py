"""What was signed on a machine of its own, and by keys after an accident, is taken by real clients."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.repositories import publish
from builder.repositories import site as published
from builder.signing import finished, rotation
from builder.signing import site_keys as signing
from tests.packages.built import trustpack
from tests.repositories import sites

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.repositories.hosts import Hosts
    from tests.repositories.sites import Releases, Site

_NAME = "acme-ca-certs"
_LATER = pytest.mark.long


@pytest.fixture
def own_keys(key_folder: Path, tmp_path: Path) -> Path:
    """Return a copy of the site's keys that a test may change."""
    shutil.copytree(key_folder, tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def config(own_keys: Path) -> Path:
    """Write the configuration beside the keys."""
    path = own_keys.parent / "trustpack.yaml"
    path.write_text("organisation:\n  slug: acme\nbundle:\n  paths: [roots.pem]\n")
    return path


@pytest.mark.parametrize(
    "name",
    ["apt-bookworm", *(pytest.param(each, marks=_LATER) for each in ("dnf", "dnf5", "zypper", "pacman"))],
)
def test_a_site_that_was_signed_elsewhere_is_taken(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases, config: Path, name: str
) -> None:
    """The machine that builds it has no keys; the one that signs it needs no releases."""
    site = open_site(releases.first, unsigned=True)
    trustpack("sign", site.folder, "--config", config)
    site.keys = signing.read(config.parent / "keys")
    host = hosts.open(name)
    host.know(site)
    host.install(_NAME)
    assert releases.first.version == host.version(_NAME)


@pytest.mark.parametrize(
    "name",
    ["dnf", *(pytest.param(each, marks=_LATER) for each in ("apt-bookworm", "dnf5", "zypper", "pacman"))],
)
def test_hosts_follow_when_keys_were_stolen(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases, config: Path, name: str
) -> None:
    """The next keys, which they have had from the first day, sign alone; nobody touches them."""
    folder = config.parent / "keys"
    site = open_site(releases.first, keys=signing.read(folder))
    host = hosts.open(name)
    host.know(site)
    host.install(_NAME)
    rotation.replace(folder, rotation.Rotation(time=sites.DAWN), stolen=True)
    trustpack("sign", site.folder, "--config", config, "--stolen")
    site.keys = signing.read(folder)
    publish.build(replace(site.order(), now=_after(site)), [releases.second.folder])
    host.upgrade(_NAME)
    assert releases.second.version == host.version(_NAME)


def _after(site: Site) -> int:
    """Return a second after the site's last publication."""
    found = published.read(site.folder, site.keys)
    assert found is not None
    return found.state.time + 1


def test_pacman_follows_a_rotation(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases, own_keys: Path
) -> None:
    """It refuses what also bears a signature that it cannot tell, so that one key signs at a time."""
    site = open_site(releases.first, keys=signing.read(own_keys))
    host = hosts.open("pacman")
    host.know(site)
    host.install(_NAME)
    rotation.begin(own_keys, rotation.Rotation(time=sites.DAWN))
    site.keys = signing.read(own_keys)
    site.add(releases.second)
    host.upgrade(_NAME)
    assert releases.second.version == host.version(_NAME)
    rotation.finish(own_keys, time=sites.DAWN)
    site.keys = signing.read(own_keys)
    site.add(releases.third)
    host.upgrade(_NAME)
    assert releases.third.version == host.version(_NAME)


@pytest.mark.parametrize("name", ["dnf", "dnf5"])
def test_rpm_takes_a_release_that_was_signed_in_its_folder(
    hosts: Hosts, releases: Releases, own_keys: Path, tmp_path: Path, name: str
) -> None:
    """Also where it is told to take no unsigned package; rpm 4.20 and 6.1 do."""
    folder = tmp_path / "dist"
    shutil.copytree(releases.first.folder, folder)
    ring = signing.read(own_keys)
    finished.sign(folder, ring)
    host = hosts.open(name)
    host.sandbox.copy_in("/root/acme.asc", ring.certificate)
    host.sandbox.copy_in("/root/a.rpm", (folder / releases.first.file("rpm").name).read_bytes())
    host.sandbox.copy_in("/root/unsigned.rpm", releases.first.file("rpm").read_bytes())
    check = "rpmkeys --define '_pkgverify_level all' --checksig /root/{}.rpm"
    host.run("rpmkeys --import /root/acme.asc")
    assert "OK" in host.run(check.format("a")).out
    assert host.run(check.format("unsigned"), check=False).code != 0


@pytest.mark.parametrize("name", ["apt-trixie", "apt-sid"])
def test_sqv_takes_both_signatures_of_a_rotation(hosts: Hosts, own_keys: Path, name: str) -> None:
    """With either key alone, which is what apt asks of it."""
    before = signing.read(own_keys)
    rotation.begin(own_keys, rotation.Rotation(time=sites.DAWN))
    ring = signing.read(own_keys)
    host = hosts.open(name)
    host.sandbox.copy_in("/root/text", b"text\n")
    host.sandbox.copy_in("/root/text.asc", ring.detached(b"text\n", time=sites.DAWN))
    host.sandbox.copy_in("/root/InRelease", ring.clear("text\n", time=sites.DAWN).encode())
    unknown = list(ring.certificates)[-1]
    for fingerprint, certificate in ring.certificates.items():
        host.sandbox.copy_in("/root/key.asc", certificate)
        for files in ("/root/text.asc /root/text", "--cleartext --output /root/out /root/InRelease"):
            done = host.run(f"rm -f /root/out; sqv --keyring /root/key.asc {files}", check=False)
            assert (fingerprint != unknown) is (done.code == 0), done.out
    assert before.signer in ring.certificates


def test_a_signed_release_makes_the_same_site(
    open_site: Callable[..., Site], releases: Releases, own_keys: Path, tmp_path: Path
) -> None:
    """What a package is does not depend on whether, or where, it was signed before."""
    folder = tmp_path / "dist"
    shutil.copytree(releases.first.folder, folder)
    ring = signing.read(own_keys)
    done = finished.sign(folder, ring)
    assert done.written
    one, other = (open_site(keys=ring, url="https://packages.acme.example") for _ in range(2))
    one.add(releases.first)
    other.add(sites.Release(folder, releases.first.version, releases.first.authorities))
    assert one.snapshot() == other.snapshot()
