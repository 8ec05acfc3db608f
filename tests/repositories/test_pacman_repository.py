"""pacman uses a site's repository by name, and refuses what was tampered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import site_keys

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


def test_what_was_tampered_with_is_refused(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """A changed package, a changed database, and all that another key has signed."""
    site = open_site(releases.first)
    good = site.snapshot()
    host = hosts.open(CLIENT)
    host.know(site)
    for attack in (_change_package, _change_database, _sign_with_another_key):
        attack(site)
        host.forget()
        host.install(NAME, check=False)
        assert not host.version(NAME), attack.__name__
        site.put_back(good)
    host.forget()
    host.install(NAME)
    assert releases.first.version == host.version(NAME)


def _change_package(site: Site) -> None:
    path = f"arch/{NAME}-2026.10-1-any.pkg.tar.gz"
    data = (site.folder / path).read_bytes()
    site.overwrite(path, data[:-400] + bytes([data[-400] ^ 1]) + data[-399:])


def _change_database(site: Site) -> None:
    site.overwrite("arch/acme.db", (site.folder / "arch/acme.db").read_bytes() + b"\0")


def _sign_with_another_key(site: Site) -> None:
    keys = site_keys.keyring(9)
    for file in site.folder.glob("arch/*.sig"):
        signed = file.with_suffix("").read_bytes()
        signature = keys.detached(signed, time=site_keys.CREATED, armored=False)
        site.overwrite(str(file.relative_to(site.folder)), signature)
