"""What real package managers refuse to take from a web server that somebody else writes to, and what not.

builder/docs/client-checks.md tells people of it. Each refusal is followed by what shows that nothing but the
attack was refused: the same client takes the release that Acme has published.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.repositories.attacks import APT, ATTACKS, PACMAN, RPM
from tests.repositories.sites import DAWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.repositories.attacks import Attacker
    from tests.repositories.hosts import Host, Hosts
    from tests.repositories.sites import Releases, Site

    OpenSite = Callable[..., Site]

_NAME = "acme-ca-certs"
_HOUR = 3600
_LONG = pytest.mark.long
_ASKED = {
    "apt-bookworm": APT,
    "apt-trixie": APT,
    "apt-bullseye": APT,
    "apt-sid": APT,
    "dnf": RPM,
    "dnf5": RPM,
    "zypper": RPM,
    "pacman": PACMAN,
}
# gpgv verifies for apt before 3, sqv after: CI asks one of each.
_RARE = {"apt-bullseye", "apt-sid"}
_CLIENTS = [pytest.param(name, marks=[_LONG] if name in _RARE else []) for name in _ASKED]
_TRUSTING = ["dnf", "dnf5", "zypper", "pacman"]


@pytest.mark.parametrize("name", _CLIENTS)
def test_what_was_tampered_with_is_not_installed(
    name: str,
    hosts: Hosts,
    open_site: OpenSite,
    releases: Releases,
    mallory: Attacker,
    request: pytest.FixtureRequest,
) -> None:
    """Package, lists or index: by a client that has seen the site before, and by one that has not."""
    site, host = open_site(releases.first), hosts.open(name)
    host.know(site)
    host.install(_NAME)
    older = site.snapshot()
    site.add(releases.second)
    good = site.snapshot()
    # CI has no time for each attack on both, and lets them take turns.
    long = request.config.getoption("long")
    turns = zip(ATTACKS, itertools.cycle((True, False)), strict=False)
    for attack, seen in itertools.product(ATTACKS, (True, False)) if long else turns:
        site.put_back(older)
        host.forget()
        if seen:
            host.refresh()
        site.put_back(good)
        attack(site, mallory, _ASKED[name])
        before = len(site.log)
        said = host.refresh(check=False).out + host.run(_upgrade(host), check=False).out
        assert len(site.log) > before, attack.__name__
        assert (attack.__name__, releases.first.version) == (attack.__name__, host.version(_NAME)), said
    site.put_back(good)
    host.forget()
    host.upgrade(_NAME)
    assert releases.second.version == host.version(_NAME)


def _upgrade(host: Host) -> str:
    return host.kind.upgrade.format(name=_NAME)


@pytest.mark.parametrize("name", [name for name, at in _ASKED.items() if at is APT and name not in _RARE])
def test_apt_refuses_an_index_that_has_expired(
    name: str, hosts: Hosts, open_site: OpenSite, releases: Releases
) -> None:
    """By its Valid-Until; and takes it once it is signed anew."""
    site, host = open_site(), hosts.open(name)
    site.add(releases.first, at=DAWN + _HOUR, valid=1)
    host.know(site)
    done = host.refresh(check=False)
    assert (done.code, "Release file for" in done.out and "is expired" in done.out) == (100, True), done.out
    assert host.install(_NAME, check=False).code == 100
    assert not host.version(_NAME)
    site.refresh()
    host.install(_NAME)
    assert releases.first.version == host.version(_NAME)


@pytest.mark.parametrize("name", _TRUSTING)
def test_nobody_else_notices_that_a_site_has_expired(
    name: str, hosts: Hosts, open_site: OpenSite, releases: Releases
) -> None:
    """A site that stands still goes on being used: by zypper with a warning, by the others without."""
    site, host = open_site(), hosts.open(name)
    site.add(releases.first, at=DAWN + _HOUR, valid=1)
    host.know(site)
    host.install(_NAME)
    assert releases.first.version == host.version(_NAME)


@pytest.mark.parametrize("name", ["apt-bookworm", "apt-trixie"])
def test_apt_stays_at_the_newer_index(
    name: str, hosts: Hosts, open_site: OpenSite, releases: Releases
) -> None:
    """Where an older one is put back, it keeps what it has seen, and says nothing; a new client takes it."""
    site, host = open_site(releases.first), hosts.open(name)
    host.know(site)
    older = site.snapshot()
    site.add(releases.second)
    host.refresh()
    site.put_back(older)
    host.install(_NAME)
    assert releases.second.version == host.version(_NAME)
    host.remove(_NAME)
    host.forget()
    host.install(_NAME)
    assert releases.first.version == host.version(_NAME)


@pytest.mark.parametrize("name", _TRUSTING)
def test_nobody_else_notices_an_older_index(
    name: str, hosts: Hosts, open_site: OpenSite, releases: Releases
) -> None:
    """One that was signed once is taken again, although the client has seen a newer one."""
    site, host = open_site(releases.first), hosts.open(name)
    host.know(site)
    older = site.snapshot()
    site.add(releases.second)
    host.refresh()
    site.put_back(older)
    host.install(_NAME)
    assert releases.first.version == host.version(_NAME)
