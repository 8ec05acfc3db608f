"""apt takes packages from the site by name: the newest, an older one, never one that was withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.repositories.hosts import Hosts
    from tests.repositories.sites import Releases, Site

NAME = "acme-ca-certs"
OTHERS = ("apt-bullseye", "apt-trixie", "apt-sid")
EVERY = ("apt-bookworm", *(pytest.param(name, marks=pytest.mark.long) for name in OTHERS))


@pytest.mark.parametrize("name", EVERY)
def test_a_release_is_installed_upgraded_pinned_and_removed_by_name(
    name: str, hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """Older releases stay installable."""
    site = open_site(releases.first)
    host = hosts.open(name)
    host.know(site)
    host.install(NAME)
    seen = [host.version(NAME)]
    site.add(releases.second)
    host.upgrade(NAME)
    seen.append(host.version(NAME))
    host.install(NAME, "2026.10")
    seen.append(host.version(NAME))
    host.remove(NAME)
    seen.append(host.version(NAME))
    assert seen == ["2026.10", "2026.11", "2026.10", ""]


@pytest.mark.parametrize("name", EVERY)
def test_a_withdrawn_release_is_offered_to_nobody(
    name: str, hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """A host that has it goes on to its successor; asked for by its version, it is not found."""
    site = open_site(releases.first)
    host = hosts.open(name)
    host.know(site)
    host.install(NAME)
    site.add(releases.second)
    site.retire(releases.first)
    host.upgrade(NAME)
    assert host.version(NAME) == "2026.11"
    done = host.install(NAME, "2026.10", check=False)
    assert (done.code, host.version(NAME)) == (100, "2026.11")
    assert "Version '2026.10' for 'acme-ca-certs' was not found" in done.out


def test_only_pointers_are_asked_for_by_name(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases
) -> None:
    """Everything else is immutable, so that a cache in between never mixes two publications."""
    site = open_site(releases.first)
    host = hosts.open("apt-bookworm")
    host.know(site)
    host.install(NAME)
    index = "GET /deb/dists/stable/main/binary-all/by-hash/SHA256/"
    asked = [request[: len(index)] if request.startswith(index) else request for request in site.asked()]
    assert asked == [
        "GET /deb/dists/stable/InRelease",
        index,
        "GET /deb/pool/main/a/acme-ca-certs/acme-ca-certs_2026.10_all.deb",
    ]
