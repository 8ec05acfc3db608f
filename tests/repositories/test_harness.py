"""The harness itself: what a site of Acme's releases offers reaches a machine by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.repositories.hosts import Hosts
    from tests.repositories.sites import Releases, Site

_NAME = "acme-ca-certs"


def test_a_machine_follows_the_site(hosts: Hosts, open_site: Callable[..., Site], releases: Releases) -> None:
    """It installs by name, upgrades when the site has more, and goes back to a version that it names."""
    site = open_site(releases.first)
    host = hosts.open("apt-bookworm")
    host.know(site)
    host.install(_NAME)
    assert releases.first.package_version("deb") == host.version(_NAME)
    site.add(releases.second, releases.third)
    host.upgrade(_NAME)
    assert releases.third.package_version("deb") == host.version(_NAME)
    host.install(_NAME, releases.second.package_version("deb"))
    assert releases.second.package_version("deb") == host.version(_NAME)
    host.remove(_NAME)
    assert not host.version(_NAME)
    assert "GET /deb/dists/stable/InRelease" in site.asked()
