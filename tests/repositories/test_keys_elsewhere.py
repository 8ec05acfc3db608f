"""What else a site's key vouches for, once a machine has it: packages of other repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.repositories import clients
from tests import site_keys
from tests.repositories.sites import ORGANISATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.repositories.hosts import Host, Hosts
    from tests.repositories.sites import Releases, Site

_NAME = "acme-ca-certs"
_KEY = "/root/distribution.asc"
_RPM = """\
[distribution]
name=distribution
enabled=1
baseurl={url}/rpm/
gpgcheck=1
repo_gpgcheck={index}
gpgkey=file://{key}
"""
_PACMAN = """\
[options]
Architecture = x86_64
[acme]
SigLevel = Required
Server = {url}/arch
"""
_APT = """\
Types: deb
URIs: {url}/deb/
Suites: stable
Components: main
Signed-By: {key}
"""
_LATER = pytest.mark.long


@pytest.mark.parametrize(
    ("name", "index", "taken"),
    [
        ("apt-bookworm", 1, False),
        ("dnf", 0, True),
        ("dnf", 1, False),
        pytest.param("dnf5", 0, True, marks=_LATER),
        pytest.param("dnf5", 1, False, marks=_LATER),
        pytest.param("zypper", 1, True, marks=_LATER),
        pytest.param("pacman", 1, True, marks=_LATER),
    ],
)
def test_a_key_of_the_sites_vouches_for_another_repository(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases, name: str, index: int, *, taken: bool
) -> None:
    """Where that is named with a key of its own, too: only apt, and dnf's repo_gpgcheck, hold it to that."""
    site = open_site(releases.first)
    host = hosts.open(name)
    host.know(site)
    host.install(_NAME)
    another = open_site(releases.second)  # a mirror of somebody else's packages, and whoever has Acme's keys
    key = site_keys.keyring(9).certificate
    host.sandbox.copy_in(_KEY, key)
    _name_instead(host, name, another.url, index)
    host.forget()
    host.upgrade(_NAME, check=False)
    expected = releases.second if taken else releases.first
    assert expected.version == host.version(_NAME)
    assert any(
        "/rpm/repodata/repomd.xml" in one or "InRelease" in one or ".db" in one for one in another.asked()
    )


def _name_instead(host: Host, name: str, url: str, index: int) -> None:
    """Name another repository in the place of the site, whose keys the machine keeps."""
    if name.startswith("apt"):
        host.run(f"rm -f {clients.apt_preferences(ORGANISATION)}; chmod 755 /root")
        path, text = clients.apt_sources(ORGANISATION), _APT
    elif name == "pacman":
        path, text = "/etc/pacman.conf", _PACMAN
    else:
        kind = "zypper" if name == "zypper" else "dnf"
        path = {"zypper": clients.zypper_repository, "dnf": clients.dnf_repository}[kind](ORGANISATION)
        text = _RPM
    host.sandbox.copy_in(path, text.format(url=url, index=index, key=_KEY).encode())
