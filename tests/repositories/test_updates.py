"""A rotation arrives by itself: what updates hosts with nobody there takes it from the site."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.repositories.hosts import Hosts
    from tests.repositories.sites import Releases, Site

_NAME, _OWN = "acme-ca-certs", "acme-repository"
_UNATTENDED = "apt-get update && unattended-upgrade --verbose"
_DROP_IN = "/etc/apt/apt.conf.d/52acme-repository"
_AUTOMATIC = b"""
[commands]
upgrade_type = security
apply_updates = yes
random_sleep = 0
[emitters]
emit_via = stdio
"""
# Debian has dnf-automatic's code, but not the program, which is this one line.
_MAIN = 'import sys, dnf.automatic.main as it; sys.exit(it.main(["/etc/dnf/automatic.conf"]))'


def test_unattended_upgrades_take_a_release(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """As soon as ORG-repository has told them of the site, and not before."""
    site = open_site(releases.first)
    host = hosts.open("apt-bookworm")
    host.know(site)
    host.install(_NAME)
    site.add(releases.second)
    host.run(_UNATTENDED)
    assert releases.first.version == host.version(_NAME)
    host.install(_OWN)
    host.run(_UNATTENDED)
    assert releases.second.version == host.version(_NAME)


def test_dnf_automatic_takes_a_withdrawal(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """Even where it takes security updates alone: a release that is withdrawn makes one of its successor."""
    site = open_site(releases.first)
    host = hosts.open("dnf")
    host.know(site)
    host.install(_NAME)
    host.sandbox.copy_in("/etc/dnf/automatic.conf", _AUTOMATIC)
    site.add(releases.second)
    automatic = f"rm -rf /var/cache/dnf && python3 -c '{_MAIN}'"
    host.run(automatic)
    assert releases.first.version == host.version(_NAME)
    site.retire(releases.first)
    host.run(automatic)
    assert releases.second.version == host.version(_NAME)
