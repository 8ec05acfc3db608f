"""dnf, dnf5 and zypper use a site's rpm repository by name, and refuse what was tampered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.repositories.hosts import Hosts
    from tests.repositories.sites import Releases, Site

NAME = "acme-ca-certs"
CLIENTS = ("dnf", "dnf5", "zypper")


@pytest.mark.parametrize("client", CLIENTS)
def test_it_is_installed_and_upgraded_by_name(
    client: str, hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """It installs what is newest, upgrades when there is more, and installs an old version that is named."""
    site = open_site(releases.first)
    host = hosts.open(client)
    host.know(site)
    host.install(NAME)
    assert releases.first.version == host.version(NAME)
    site.add(releases.second, releases.third)
    host.upgrade(NAME)
    assert releases.third.version == host.version(NAME)
    host.remove(NAME)
    host.install(NAME, releases.second.version)
    assert releases.second.version == host.version(NAME)
