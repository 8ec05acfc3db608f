"""pacman uses a site's repository by name; what it refuses is in test_refusals.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.repositories.ecosystems import pacman
from tests.unit.repositories.ecosystems import shelves

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.repositories.hosts import Hosts
    from tests.repositories.sites import Releases, Site

NAME = "acme-ca-certs"
CLIENT = "pacman"


def test_it_is_installed_and_upgraded_by_name(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """It takes the newest, and an old one by its address; who owns a file is known before it is there."""
    site = open_site(releases.first)
    host = hosts.open(CLIENT)
    host.know(site)
    host.install(NAME)
    assert releases.first.version == host.version(NAME)
    site.add(releases.second, releases.third)
    host.upgrade(NAME)
    assert releases.third.version == host.version(NAME)
    host.run("pacman --noconfirm --files --refresh")
    assert f"acme/{NAME}" in host.run(f"pacman --files /usr/share/{NAME}/roots.pem").out
    old = releases.second.file("arch").name
    host.run(f"pacman --noconfirm --upgrade {site.url}/arch/{old}")
    assert releases.second.version == host.version(NAME)


def test_what_is_withdrawn_is_offered_no_more(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """A host that has it upgrades to what is newest, as with any other upgrade."""
    site = open_site(releases.first)
    host = hosts.open(CLIENT)
    host.know(site)
    host.install(NAME)
    site.add(releases.second)
    site.retire(releases.first)
    host.run("pacman --noconfirm --sync --refresh --sysupgrade")
    assert releases.second.version == host.version(NAME)
    assert "2026.10" not in host.run(f"pacman --sync --info {NAME}").out


def test_a_name_that_the_distribution_has_comes_from_there(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """It stands above the site in pacman.conf, and pacman takes what is first, whatever the version."""
    site = open_site(releases.second)
    host = hosts.open(CLIENT)
    host.know(site)
    old = shelves.released("arch", "1")
    files = shelves.indexes(pacman, shelves.shelf(pacman, old, keys=site.keys), site.keys)
    packages = pacman.admit(old, shelves.publication(site.keys)).files
    for path, data in {**files, **{one.path: one.data for one in packages}}.items():
        host.sandbox.copy_in(f"/root/{path.replace('acme.db', 'core.db')}", data)
    host.run("sed -i 's,^.acme.$,[core]\\nServer = file:///root/arch\\n&,' /etc/pacman.conf")
    host.install(NAME)
    assert "1" == host.version(NAME)
    host.run("pacman --noconfirm --sync --refresh --sysupgrade")
    assert "1" == host.version(NAME)
