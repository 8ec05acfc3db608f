"""install.sh on systems that know nothing of the site yet, over TLS under the site's own CA.

The systems are tests/roots.py's; see hosts.py for what stands in for Fedora and openSUSE.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from builder.prove.server import server_context

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.prove.sandbox import Result
    from tests.repositories.hosts import Host, Hosts
    from tests.repositories.sites import Releases, Site

_NAME, _OWN = "acme-ca-certs", "acme-repository"
_FILES = {
    "apt": (
        "/usr/share/keyrings/acme-repository.asc",
        "/etc/apt/sources.list.d/acme.sources",
        "/etc/apt/preferences.d/acme",
        "/etc/apt/apt.conf.d/52acme-repository",
    ),
}


@pytest.fixture
def site(releases: Releases, open_site: Callable[..., Site]) -> Site:
    """Serve a site over TLS, under one of the CAs that it brings."""
    now = dt.datetime.now(dt.UTC)
    leaf = authority.issue(releases.first.authorities["kept"], ["127.0.0.1", "localhost"], now=now)
    return open_site(releases.first, context=server_context(leaf))


def run(host: Host, site: Site, *options: str, shell: str = "sh", check: bool = True) -> Result:
    """Run the site's install.sh."""
    host.sandbox.copy_in("/root/install.sh", (site.folder / "install.sh").read_bytes())
    return host.run(f"cd /root && {shell} install.sh {' '.join(options)} 2>&1", check=check)


@pytest.mark.parametrize(
    "name",
    [
        "apt-bookworm",
        *(pytest.param(name, marks=pytest.mark.long) for name in ("apt-bullseye", "apt-trixie", "apt-sid")),
    ],
)
def test_it_installs_and_the_site_is_trusted(hosts: Hosts, site: Site, name: str, releases: Releases) -> None:
    """Afterwards the system knows the site, its keys and its CAs, and takes upgrades from it by itself."""
    host = hosts.open(name)
    digest = hashlib.sha256((site.folder / "bundle.pem").read_bytes()).hexdigest()
    run(host, site, "--bundle-sha256", digest)
    assert releases.first.package_version("deb") == host.version(_NAME)
    assert host.version(_OWN)
    host.run(f"curl -fsS {site.url}/bundle.pem >/dev/null")
    site.add(releases.second)
    host.upgrade(_NAME)
    assert releases.second.package_version("deb") == host.version(_NAME)
