"""ORG-repository: what it holds, and when it is made anew."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.formats import deb, rpm
from builder.repositories import repository_package
from builder.repositories.entry import SiteEntry
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.test_clients import UNSIGNED

if TYPE_CHECKING:
    from builder.repositories.entry import Released
    from builder.repositories.publication import Publication

NOON = int(dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC).timestamp())
SITE = replace(UNSIGNED, time=NOON)
CA = SiteEntry("20261129", "acme-ca-certs", "20261129", "x.deb", 1, "", "", NOON)


def due(publication: Publication, *entries: SiteEntry) -> Released | None:
    """Return the .deb that is to be made, None where the site has it."""
    return dict(repository_package.due(publication, {"apt": shelves.of(*entries)})).get("apt")


def kept(released: Released) -> SiteEntry:
    """Return what a site keeps of a package that was admitted."""
    package = deb.unpack(released.filename, released.data)
    return SiteEntry("", package.name, package.version, "y.deb", 1, "", released.identity, NOON)


def made(publication: Publication, *entries: SiteEntry) -> Released:
    """Return the .deb that is made where there was none."""
    found = due(publication, *entries)
    assert found is not None
    return found


def test_it_is_made_once() -> None:
    """A site that has it gets no other while nothing changes, whatever the time is."""
    first = kept(made(SITE, CA))
    assert "20261129.43200" == first.version
    assert due(replace(SITE, time=NOON + 86_400), CA, first) is None


@pytest.mark.parametrize(
    "changed",
    [
        replace(SITE, time=NOON + 60, url="https://elsewhere.example"),
        replace(SITE, url="https://elsewhere.example"),
        replace(SITE, time=NOON - 60, url="https://elsewhere.example"),
    ],
)
def test_its_version_rises_when_its_content_changes(changed: Publication) -> None:
    """An address of another day, of the same second, and of a clock that was set back."""
    second = made(changed, CA, kept(made(SITE, CA)))
    assert repository_package.moment(kept(second).version) > NOON


def test_a_new_name_on_the_site_is_a_new_version() -> None:
    """Machines may take a package from the site only when they are told of it."""
    second = made(SITE, CA, kept(made(SITE, CA)), replace(CA, name="acme-extra"))
    assert b"Package: acme-ca-certs acme-extra acme-repository\n" in deb_file(
        second, "/etc/apt/preferences.d/acme"
    )


def deb_file(released: Released, path: str) -> bytes:
    """Return a file of a .deb."""
    entries = deb.unpack(released.filename, released.data).entries
    return next(entry.data for entry in entries if entry.path == path)


def test_a_site_without_packages_for_a_package_manager_has_none_for_it() -> None:
    """Nobody is told of an index that is not there."""
    assert [] == list(repository_package.due(SITE, {"rpm": shelves.of(), "apk": shelves.of()}))


def test_what_is_removed_is_gone() -> None:
    """No file is a conffile: apt would go on asking a site whose key went with the package."""
    assert "conffiles" not in deb.unpack("x.deb", made(SITE, CA).data).metadata


def test_the_same_site_has_the_same_package() -> None:
    """Two machines that publish the same write the same bytes."""
    assert made(SITE, CA).data == made(SITE, CA).data


def test_one_rpm_serves_dnf_and_zypper() -> None:
    """Each finds the repository in its own folder; only dnf's is limited to names."""
    released = dict(repository_package.due(SITE, {"rpm": shelves.of(CA)}))["rpm"]
    files = {entry.path: entry.data for entry in rpm.unpack(released.filename, released.data).entries}
    assert b"includepkgs=acme-ca-certs,acme-repository\n" in files["/etc/yum.repos.d/acme.repo"]
    assert b"priority=120\n" in files["/etc/zypp/repos.d/acme.repo"]


@pytest.mark.parametrize("time", [NOON, 951_782_399, 951_782_400, 4_102_444_799])
def test_a_version_says_when_it_was_made(time: int) -> None:
    """What is read back from a version, with a format's own revision behind it, is the time."""
    assert time == repository_package.moment(f"{repository_package.version(time)}-r0")
