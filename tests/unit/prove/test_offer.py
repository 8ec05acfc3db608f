"""What people would type for an older release, from what they are told to type for the newest."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from builder.errors import ProofError
from builder.prove.offer import Offer, find
from builder.release.manifest import ArtifactSummary
from builder.repositories.ecosystem import Instructions
from builder.repositories.ecosystems import files
from builder.repositories.entry import Released, SiteEntry
from tests.unit.repositories.ecosystems import shelves

_URL = "https://packages.acme.example"


def entry(name: str, version: str) -> SiteEntry:
    """Return a package of the site."""
    return SiteEntry(
        release=version,
        name=name,
        version=version,
        path=f"x/{name}-{version}.tgz",
        size=1,
        sha256="0" * 64,
        identity="0" * 64,
        added=1,
    )


def offer(manager: str, name: str, install: str, *, older: str = "1") -> Offer:
    """Return what a site offers: version 2, and an older one unless that is empty."""
    told = Instructions(
        id=manager, title="", setup="", install=install, verify="", upgrade="", remove="", notes=()
    )
    return Offer([told], _URL, name, entry(name, "2"), entry(name, older) if older else None)


@pytest.mark.parametrize(
    ("manager", "name", "install", "expected"),
    [
        ("apt", "a-ca", "apt-get install a-repository a-ca\n", "apt-get install a-repository a-ca=1\n"),
        ("dnf", "a-ca", "sudo dnf install a-ca\n", "sudo dnf install a-ca-1\n"),
        ("zypper", "a-ca", "sudo zypper install a-ca\n", "sudo zypper install a-ca=1\n"),
        ("pacman", "a-ca", "sudo pacman -Syu a-ca\n", f"sudo pacman -U {_URL}/x/a-ca-1.tgz\n"),
        ("pip", "a", "pip install -i https://a-b a\n", "pip install -i https://a-b a==1\n"),
        ("gem", "a-ca", "gem install --source https://x/ a-ca\n", "gem install --source https://x/ a-ca:1\n"),
        ("npm", "@a/ca", "npm install @a/ca\n", "npm install @a/ca@1\n"),
        ("npm", "a-ca", f"npm install {_URL}/x/a-ca-2.tgz\n", f"npm install {_URL}/x/a-ca-1.tgz\n"),
        ("apk", "a-ca", "apk add a-repository@a a-ca@a\n", ""),
    ],
)  # fmt: skip
def test_an_older_release_is_asked_for_by_its_version(
    manager: str, name: str, install: str, expected: str
) -> None:
    """Or by its address; nothing is made up where people have no words for it."""
    assert expected == offer(manager, name, install).pinned(manager)


def test_nothing_is_typed_where_there_is_nothing_older() -> None:
    """Nor for a package manager that people are told nothing about."""
    assert offer("apt", "a-ca", "apt-get install a-ca\n", older="").pinned("apt") == ""
    assert offer("apt", "a-ca", "apt-get install a-ca\n").pinned("dnf") == ""


@pytest.mark.parametrize(
    "hostile",
    [
        entry("acme-ca; touch owned", "2"),
        entry("acme-ca", "1; touch owned"),
        replace(entry("acme-ca", "1"), path="../$(id)"),
    ],
)
def test_what_a_site_tells_is_typed_in_only_if_it_is_a_name(hostile: SiteEntry) -> None:
    """With --unsigned, who answers for the site decides what it tells, and a shell is to run it."""
    ours = entry("acme-ca", "3")
    artifact = ArtifactSummary("rpm", "acme-ca", "3", "acme-ca-3.rpm", 1, "0" * 64, "", "", "")
    with pytest.raises(ProofError, match="which is no package of a site's"):
        find({"rpm": shelves.of(hostile, ours)}, [artifact], shelves.publication())
    good = {"rpm": shelves.of(ours)}
    assert ours == find(good, [artifact], shelves.publication())["rpm"].newest


def test_a_release_that_was_signed_since_is_what_the_site_offers() -> None:
    """Its file has other bytes then; the content without signatures is what both are told by."""
    ours = entry("acme-ca", "3")
    signed = ArtifactSummary(
        "rpm", "acme-ca", "3", "acme-ca-3.rpm", 1, "1" * 64, "", "", "", unsigned=ours.identity
    )
    assert ours == find({"rpm": shelves.of(ours)}, [signed], shelves.publication())["rpm"].newest


def test_a_plain_download_is_found_by_its_file() -> None:
    """It is called by its ending, too; the older one is of the same kind, and no other file."""
    names = ("acme-ca-2026.10.oci.tar", "acme-ca-2026.11.oci.tar", "acme-ca-snippets-2026.11.tar.gz")
    came = [Released(name.split("-")[-1][:7], name, b"x", str(at) * 64, 0) for at, name in enumerate(names)]
    artifact = ArtifactSummary("oci", "acme-ca", "2026.11", names[1], 1, "1" * 64, "", "", "", "1" * 64)
    shelf = shelves.shelf(files, *came)
    found = find({files.NAME: shelf}, [artifact], shelves.publication())["oci"]
    assert (found.name, found.newest.version) == ("acme-ca.oci.tar", "2026.11")
    assert found.older is not None
    assert found.older.path == f"files/{names[0]}"
    assert found.words("") is None  # an image comes from a registry: nobody types its name
