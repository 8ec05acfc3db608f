"""A site can bring its own packages only: a `bash` of version 99 on it reaches no machine."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from builder import formats
from builder.model import Package
from tests.unit import bundles

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.repositories.hosts import Host, Hosts
    from tests.repositories.sites import Release, Releases, Site

_VICTIM = "bash"
_UPGRADE = {
    "apt": "apt-get update && apt-get --yes dist-upgrade",
    "dnf": "dnf --assumeyes --refresh --releasever=1 upgrade",
    "dnf5": "dnf5 --assumeyes --refresh --releasever=1 --disable-plugin=local upgrade",
}
# What keeps others' names out, and how to do without it.
_UNLIMITED = {
    "apt": "rm /etc/apt/preferences.d/acme && sed -i /^Include/d /etc/apt/sources.list.d/acme.sources",
    "dnf": "sed -i /^includepkgs/d /etc/yum.repos.d/acme.repo",
    "dnf5": "sed -i /^includepkgs/d /etc/yum.repos.d/acme.repo",
}

_DISTRIBUTION = b"""[distribution]
enabled=1
baseurl=dir:/root/distribution
type=plaindir
gpgcheck=0
"""


def package(container: str, version: str) -> bytes:
    """Return an empty package called bash."""
    return formats.write(
        Package(
            target="bash",
            container=container,
            name=_VICTIM,
            version=version,
            filename=f"bash.{container}",
            epoch=1_790_000_000,
            organisation=bundles.organisation("distribution"),
            files=(),
            metadata={"description": "a shell"} if container == "deb" else {},
        )
    )


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Release:
    """Return a release as trustpack would not build it: its packages are called bash, version 99."""
    folder = tmp_path_factory.mktemp("bash")
    manifest = dict(releases.first.manifest, release="99")
    manifest["artifacts"] = [one for one in manifest["artifacts"] if one["target"] in {"deb", "rpm"}]
    for one in manifest["artifacts"]:
        data = package(one["target"], "99")
        digest = hashlib.sha256(data).hexdigest()
        one.update(name=_VICTIM, version="99", file=f"bash.{one['target']}", size=len(data), sha256=digest)
        (folder / one["file"]).write_bytes(data)
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return dataclasses.replace(releases.first, folder=folder, version="99")


def installed(host: Host, container: str) -> str:
    """Let the system have a bash of its own, and return its version."""
    if container == "rpm":
        host.sandbox.copy_in("/root/bash.rpm", package("rpm", "5.2"))
        host.run("rpm --install --nosignature /root/bash.rpm")
    return host.version(_VICTIM)


@pytest.mark.parametrize(
    "name",
    [
        "apt-bookworm",
        "dnf",
        "dnf5",
        *(pytest.param(name, marks=pytest.mark.long) for name in ("apt-bullseye", "apt-trixie", "apt-sid")),
    ],
)
def test_a_bash_on_the_site_stays_there(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases, bash: Release, name: str
) -> None:
    """No upgrade takes it, nor does who asks for bash; without what limits the site, an upgrade does."""
    manager, _, _ = name.partition("-")
    site = open_site(releases.first)
    host = hosts.open(name)
    host.know(site)
    host.install("acme-ca-certs")
    before = installed(host, "deb" if manager == "apt" else "rpm")
    assert before
    site.add(bash)
    host.run(_UPGRADE[manager])
    assert before == host.version(_VICTIM)
    # Who names the version gets it from apt before 3.1, which knows no list of names beside a source.
    host.install(_VICTIM, "99" if name in {"apt-sid", "dnf", "dnf5"} else "", check=False)
    assert before == host.version(_VICTIM)
    host.run(_UNLIMITED[manager])
    host.run(_UPGRADE[manager], check=False)  # a bash without a bash may end badly
    assert (
        "99"
        in host.run("dpkg -l bash || rpm -q bash" if manager == "apt" else "rpm -q bash", check=False).out
    )


def test_zypper_takes_it_from_the_distribution(
    hosts: Hosts, open_site: Callable[..., Site], releases: Releases, bash: Release
) -> None:
    """It can be told of no names, but not to prefer the site: what the distribution has comes from there."""
    site = open_site(releases.first, bash)
    host = hosts.open("zypper")
    host.know(site)
    host.sandbox.copy_in("/root/distribution/bash.rpm", package("rpm", "5.2"))
    host.sandbox.copy_in("/etc/zypp/repos.d/distribution.repo", _DISTRIBUTION)
    host.run("zypper --non-interactive install --allow-unsigned-rpm bash")
    assert "5.2" == host.version(_VICTIM)
    host.run("zypper --non-interactive update")
    assert "5.2" == host.version(_VICTIM)
    host.run("rm /etc/zypp/repos.d/distribution.repo && zypper --non-interactive update")
    assert "99" == host.version(_VICTIM)
