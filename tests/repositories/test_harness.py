"""The harness itself: what a site of Acme's releases offers reaches a machine by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.repositories import hosts as systems

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.repositories.hosts import Hosts
    from tests.repositories.sites import Releases, Site

_NAME = "acme-ca-certs"


# The others' are asked the same, and more, by tests of their own.
_MORE = [pytest.param(name, marks=pytest.mark.long) for name in systems.FEW[1:]]


@pytest.mark.parametrize("name", [systems.FEW[0], *_MORE])
def test_a_machine_follows_the_site(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases, name: str
) -> None:
    """It installs by name, upgrades when the site has more, and goes back to a version that it names."""
    site = open_site(releases.first)
    host = hosts.open(name)
    host.know(site)
    host.install(_NAME)
    assert releases.first.version == host.version(_NAME)
    site.add(releases.second, releases.third)
    host.upgrade(_NAME)
    assert releases.third.version == host.version(_NAME)
    if name != "pacman":  # its index has the newest release alone
        host.install(_NAME, releases.second.version)
        assert releases.second.version == host.version(_NAME)
    host.remove(_NAME)
    assert not host.version(_NAME)
