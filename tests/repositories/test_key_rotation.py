"""A rotation of the site's keys reaches hosts that were set up before it, by ordinary upgrades alone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from builder.signing import generation, rotation
from builder.signing import site_keys as signing
from tests.repositories import sites

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.repositories.hosts import Host, Hosts
    from tests.repositories.sites import Releases, Site

_NAME, _OWN = "acme-ca-certs", "acme-repository"
# What a host does by itself, or is done to all of them: no key and no question is answered by hand.
_ORDINARY = {
    "apt": "apt-get update && apt-get --yes upgrade",
    "dnf": "dnf --assumeyes --refresh --releasever=1 upgrade",
    "dnf5": "dnf5 --assumeyes --refresh --releasever=1 --disable-plugin=local upgrade",
    "zypper": "zypper --non-interactive refresh --force && zypper --non-interactive update",
}


def begin(folder: Path) -> None:
    """Begin a rotation, with shorter keys than people's: each is made in a moment."""
    rotation.begin(folder, rotation.Rotation(time=sites.DAWN, pair=generation.make(3072)))


def upgrade(host: Host, name: str) -> None:
    """Do what is ordinarily done, and forget nothing that the package manager keeps; an hour has passed."""
    # zypper looks for another generation when it has known one for ten minutes.
    host.run("find /var/cache -name '*mirrorlist*' -exec touch -d '1 hour ago' {} +")
    host.run(_ORDINARY[name.partition("-")[0]])


@pytest.mark.parametrize(
    "name",
    [
        "apt-bookworm",
        "dnf",
        "dnf5",
        "zypper",
        *(pytest.param(name, marks=pytest.mark.long) for name in ("apt-bullseye", "apt-trixie", "apt-sid")),
    ],
)
def test_two_rotations_reach_a_host_that_nobody_touches(
    hosts: Hosts,
    open_site: Callable[..., Site],
    releases: Releases,
    key_folder: Path,
    tmp_path: Path,
    name: str,
) -> None:
    """The second one ends with keys that did not exist when the host was set up."""
    folder = tmp_path / "keys"
    shutil.copytree(key_folder, folder)
    site = open_site(releases.first, keys=signing.read(folder))
    host = hosts.open(name)
    host.know(site)
    host.install(_OWN)
    host.install(_NAME)
    for release in (releases.second, releases.third):
        begin(folder)
        site.keys = signing.read(folder)
        site.refresh()
        upgrade(host, name)  # brings the keys after the next ones
        rotation.finish(folder, time=sites.DAWN)
        site.keys = signing.read(folder)
        site.add(release)  # by the new keys alone
        upgrade(host, name)
        assert release.version == host.version(_NAME)


def test_a_script_that_was_checked_once_outlives_a_rotation(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases, key_folder: Path, tmp_path: Path
) -> None:
    """It stays under its digest, and knows the keys that sign next; those after them it does not know."""
    folder = tmp_path / "keys"
    shutil.copytree(key_folder, folder)
    site = open_site(releases.first, keys=signing.read(folder))
    (script,) = site.folder.glob("install-*.sh")
    before = script.read_bytes()
    for finished in (True, False):
        begin(folder)
        rotation.finish(folder, time=sites.DAWN)
        site.keys = signing.read(folder)
        site.refresh()
        assert before == script.read_bytes()
        host = hosts.open("apt-bookworm")
        host.sandbox.copy_in("/root/install.sh", before)
        done = host.run("sh /root/install.sh", check=False)
        assert (finished, finished) == (done.code == 0, bool(host.version(_NAME))), done.out
