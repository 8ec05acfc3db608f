"""dnf, dnf5 and zypper use a site's rpm repository by name; what they refuse is in test_refusals.py."""

from __future__ import annotations

import itertools
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.repositories import site as published
from builder.repositories.ecosystems import rpm
from builder.signing import rotation
from builder.signing import site_keys as signing
from tests.repositories import sites

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.repositories.hosts import Hosts
    from tests.repositories.sites import Releases, Site

NAME = "acme-ca-certs"
_LONG = pytest.mark.long
CLIENTS = ("dnf", "dnf5", "zypper")
# A system, whose lines, and the program in them with what makes it ask nothing.
TYPED = (
    ("dnf", "dnf", "dnf --assumeyes --releasever=1"),
    ("dnf5", "dnf", "dnf5 --assumeyes --releasever=1 --disable-plugin=local"),
    ("zypper", "zypper", "zypper --non-interactive"),
)
SECURITY = {
    "dnf": "dnf --assumeyes --releasever=1 --refresh upgrade --security",
    "dnf5": "dnf5 --assumeyes --releasever=1 --disable-plugin=local --refresh upgrade --security",
    "zypper": "zypper -n refresh --force && zypper -n patch --category security",
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_withdrawal_is_a_security_update(
    client: str, hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """A newer release is none, until the old one is withdrawn: then it is taken, and the old one gone."""
    site = open_site(releases.first)
    host = hosts.open(client)
    host.know(site)
    host.install(NAME)
    site.add(releases.second)
    host.refresh()
    host.run(SECURITY[client], check=False)
    assert releases.first.version == host.version(NAME)
    site.retire(releases.first)
    # zypper believes what it knows of the mirrors for ten minutes, and finds the repository all the same.
    host.run(SECURITY[client])
    assert releases.second.version == host.version(NAME)
    host.remove(NAME)
    host.install(NAME, releases.first.version, check=False)
    assert not host.version(NAME)


@pytest.mark.parametrize("client", ["dnf5", *(pytest.param(name, marks=_LONG) for name in ("dnf", "zypper"))])
def test_new_keys_reach_hosts_that_take_security_updates_alone(
    client: str,
    hosts: Hosts,
    open_site: Callable[..., Site],
    releases: Releases,
    key_folder: Path,
    tmp_path: Path,
) -> None:
    """Two rotations do: without the keys of the second, they would refuse what a withdrawal is about."""
    folder = tmp_path / "keys"
    shutil.copytree(key_folder, folder)
    site = open_site(releases.first, keys=signing.read(folder))
    host = hosts.open(client)
    host.know(site)
    host.install("acme-repository")
    host.install(NAME)
    for old, new in itertools.pairwise(releases.all):
        rotation.begin(folder, rotation.Rotation(time=sites.DAWN))
        site.keys = signing.read(folder)
        site.refresh()
        host.refresh()
        host.run(SECURITY[client])
        rotation.finish(folder, time=sites.DAWN)
        site.keys = signing.read(folder)
        site.add(new)
        site.retire(old)
        host.refresh()
        host.run(SECURITY[client])
        assert new.version == host.version(NAME)


def test_the_plain_repository_is_one_for_mirrors(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """A baseurl without the mirror list does."""
    site = open_site(releases.first)
    host = hosts.open("dnf")
    host.know(site)
    host.run(f"sed -i 's,^mirrorlist=.*,baseurl={site.url}/rpm/,' /etc/yum.repos.d/acme.repo")
    host.install(NAME)
    assert releases.first.version == host.version(NAME)
    assert "GET /rpm/mirrorlist" not in site.asked()


@pytest.mark.parametrize(("client", "told", "program"), TYPED, ids=CLIENTS)
def test_what_people_are_told_to_type_works(
    client: str, told: str, program: str, hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """From the key on to the removal, on a machine that knows nothing of the site; an old version, too."""
    site = open_site(releases.first)
    host = hosts.open(client)
    host.run("mkdir -p /etc/yum.repos.d /etc/zypp/repos.d")  # Debian's packages of them make none
    found = published.read(site.folder, site.keys)
    assert found is not None
    publication = replace(site.publication, time=found.state.time)
    (lines,) = [one for one in rpm.instructions(found.shelf("rpm"), publication) if one.id == told]

    def typed(script: str) -> str:
        plain = script.replace(f"sudo {told} ", f"{program} ").replace("sudo ", "")
        return host.run(f"set -e\n{plain}").out

    typed(lines.setup)
    typed(lines.install)
    assert releases.first.version == host.version(NAME)
    assert host.version("acme-repository")
    assert ": OK\n" in typed(lines.verify)
    site.add(releases.second)
    host.run("rm -rf /var/cache/zypp")  # it believes what it knows of the mirrors for ten minutes
    typed(lines.upgrade)
    assert releases.second.version == host.version(NAME)
    host.install(NAME, releases.first.version)
    assert releases.first.version == host.version(NAME)
    typed(lines.remove)
    assert not host.version(NAME)


def test_zypper_warns_of_a_repository_that_has_expired(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """It says since when, and goes on; signed once more, nothing is said."""
    site = open_site()
    day = 24 * 60 * 60
    now = int(time.time())
    site.add(releases.first, at=now - 3 * day, valid=2)
    host = hosts.open("zypper")
    host.know(site)
    assert "'acme' metadata expired since" in host.install(NAME).out
    site.refresh(at=now - day)
    assert "expired" not in host.upgrade(NAME).out
