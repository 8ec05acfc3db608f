"""rpm's repository: generations that stay as they are, a plain one, and what is urgent."""

from __future__ import annotations

import gzip
import hashlib
import itertools
import tracemalloc
import xml.etree.ElementTree as ET
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder.errors import PackageError
from builder.repositories.ecosystems import rpm
from builder.repositories.shelf import Again, Shelf
from builder.repositories.sitefile import Kind
from tests import site_keys
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.ecosystems.shelves import TIME, URL, Files, released

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASES = ("2026.10", "2026.11", "2026.12")
SHELF = shelves.shelf(rpm, *(released("rpm", release) for release in RELEASES))
GENERATION = f"rpm/g/{TIME}"
_REPO = "{http://linux.duke.edu/metadata/repo}"
_COMMON = "{http://linux.duke.edu/metadata/common}"


def _data(files: Files, folder: str) -> dict[str, bytes]:
    """Return each kind of metadata that a folder's repomd.xml names, and hold it to what that says of it."""
    found = {}
    for data in _xml(files[f"{folder}/repodata/repomd.xml"]).iter(f"{_REPO}data"):
        said = {one.tag.removeprefix(_REPO): one.text for one in data}
        (location,) = data.iter(f"{_REPO}location")
        packed = files[f"{folder}/{location.attrib['href']}"]
        plain = gzip.decompress(packed)
        measured = [
            hashlib.sha256(packed).hexdigest(),
            hashlib.sha256(plain).hexdigest(),
            len(packed),
            len(plain),
        ]
        expected = [said[key] for key in ("checksum", "open-checksum", "size", "open-size")]
        assert expected == [str(one) for one in measured]
        found[data.attrib["type"]] = plain
    return found


def _xml(data: bytes) -> ET.Element:
    return ET.fromstring(data)  # noqa: S314  ours


def _packages(files: Files, folder: str) -> dict[str, str]:
    """Return the location of each version in a folder's primary.xml, and hold their number to the root's."""
    tree = _xml(_data(files, folder)["primary"])
    found = {}
    for one in tree:
        version, location = one.find(f"{_COMMON}version"), one.find(f"{_COMMON}location")
        assert version is not None
        assert location is not None
        found[version.attrib["ver"]] = location.attrib["href"]
    assert str(len(found)) == tree.attrib["packages"]
    return found


def _updates(files: Files) -> list[tuple[str | None, str, str]]:
    """Return the id, type and package's version of each update."""
    tree = _xml(_data(files, "rpm")["updateinfo"])
    return [
        (one.findtext("id"), one.attrib["type"], package.attrib["version"])
        for one in tree
        for package in one.iter("package")
    ]


def test_locations_lead_to_the_packages_from_both_repositories() -> None:
    """From a generation's folder upwards, from the plain one downwards."""
    files = shelves.indexes(rpm, SHELF)
    for folder in (GENERATION, "rpm"):
        packages = _packages(files, folder)
        assert set(RELEASES) == set(packages)
        for href in packages.values():
            assert _resolved(f"{folder}/{href}") in {entry.path for entry in SHELF.entries}


def _resolved(path: str) -> str:
    steps: list[str] = []
    for step in PurePosixPath(path).parts:
        steps = steps[:-1] if step == ".." else [*steps, step]
    return "/".join(steps)


def test_a_generation_never_changes_and_the_mirror_list_leads_to_the_last() -> None:
    """Two publications share no file of a generation; the plain repository is what clients fall back to."""
    first, second = (shelves.indexes(rpm, SHELF, time=time) for time in (TIME, TIME + 1))
    generation = f"rpm/g/{TIME + 1}"
    assert not [path for path in second if path.startswith(f"{GENERATION}/")]
    assert all(first.kinds[path] is Kind.HASHED for path in first if path.startswith("rpm/g/"))
    assert f"{URL}/{generation}/\n{URL}/rpm/\n" == second["rpm/mirrorlist"].decode()
    assert Kind.POINTER == second.kinds["rpm/mirrorlist"]


def test_the_same_publication_is_the_same_bytes() -> None:
    """With the same keys and time everything is the same once more, packages too, whenever they came."""
    keys = site_keys.keyring()
    package = released("rpm", "2026.10")
    assert shelves.indexes(rpm, SHELF, keys) == shelves.indexes(rpm, SHELF, keys)
    early, late = (rpm.admit(package, shelves.publication(keys, time=time)) for time in (TIME, TIME + 999))
    assert early == late
    assert package.data != early.files[0].data


def test_signed_by_another_key_it_is_another_file() -> None:
    """Nothing that an index names changes under its name."""
    package = released("rpm", "2026.10")
    paths = {
        rpm.admit(package, shelves.publication(keys)).files[0].path
        for keys in (None, site_keys.keyring(1), site_keys.keyring(2))
    }
    assert 3 == len(paths)
    assert all(path.endswith(f"/{package.filename}") for path in paths)


def test_what_is_withdrawn_is_in_no_index() -> None:
    """Neither in the generation nor in the plain repository, and in none of the three texts."""
    files = shelves.indexes(rpm, shelves.withdrawn(SHELF, "2026.10"))
    for folder in (GENERATION, "rpm"):
        assert {"2026.11", "2026.12"} == set(_packages(files, folder))
        for kind in ("primary", "filelists", "other"):
            assert b'ver="2026.10"' not in _data(files, folder)[kind]


def test_the_newest_version_is_an_update() -> None:
    """An ordinary one, as long as nothing is withdrawn."""
    expected = [("acme-ca-certs-2026.12-1", "bugfix", "2026.12")]
    assert expected == _updates(shelves.indexes(rpm, SHELF))


def test_a_withdrawal_is_a_security_update_to_the_next_version_that_is_offered() -> None:
    """Hosts that have that one already are asked for nothing."""
    files = shelves.indexes(rpm, shelves.withdrawn(SHELF, "2026.10"))
    expected = [
        ("acme-ca-certs-2026.12-1", "bugfix", "2026.12"),
        ("acme-ca-certs-2026.10-1-withdrawn", "security", "2026.11"),
    ]
    assert expected == _updates(files)
    both = shelves.indexes(rpm, shelves.withdrawn(SHELF, "2026.10", "2026.11"))
    assert ["2026.12", "2026.12", "2026.12"] == [version for _, _, version in _updates(both)]


def test_the_sites_own_package_is_always_a_security_update() -> None:
    """It brings the next keys, also to hosts that take security updates alone."""
    own = replace(released("rpm", "1", name="acme-repository"), release="")
    shelf = shelves.shelf(rpm, released("rpm", "2026.10"), own)
    kinds = {name: kind for name, kind, _ in _updates(shelves.indexes(rpm, shelf))}
    assert {"acme-ca-certs-2026.10-1": "bugfix", "acme-repository-1-1": "security"} == kinds


def test_a_reason_is_quoted() -> None:
    """Whatever somebody writes is one text of the document."""
    reason = 'key <in> "public" & \x07more'
    files = shelves.indexes(rpm, shelves.withdrawn(SHELF, "2026.10", reason=reason))
    descriptions = [one.text or "" for one in _xml(_data(files, "rpm")["updateinfo"]).iter("description")]
    assert 'acme-ca-certs 2026.10-1 is withdrawn: key <in> "public" & more' == descriptions[-1]


def test_it_says_how_long_it_counts() -> None:
    """In seconds from its time on, as zypper reads it."""
    data = _data(shelves.indexes(rpm, SHELF), GENERATION)
    assert str(60 * 86_400) == _xml(data["suseinfo"]).findtext("expire")


def test_unsigned_it_has_no_signature_and_no_key() -> None:
    """What is there, clients would ask for."""
    files = shelves.indexes(rpm, SHELF)
    assert not [path for path in files if path.endswith((".asc", ".key"))]
    signed = shelves.indexes(rpm, SHELF, site_keys.keyring())
    assert {
        f"{folder}/repodata/repomd.xml.{end}" for folder in (GENERATION, "rpm") for end in ("asc", "key")
    } == {path for path in signed if path.endswith((".asc", ".key"))}


def test_what_is_no_rpm_is_refused() -> None:
    """By the file's name, with what is wrong with it."""
    package = released("rpm", "2026.10")
    broken = replace(package, data=package.data[:-1])
    with pytest.raises(PackageError, match=r"^acme-ca-certs-2026\.10-1\.noarch\.rpm: header and payload"):
        rpm.admit(broken, shelves.publication())


def test_ten_thousand_packages_are_not_held_at_once() -> None:
    """The index is written in less memory than a tenth of what it is made of."""
    count = 10_000
    (entry, *_) = SHELF.entries
    entries = Again(lambda: iter(itertools.repeat(entry, count)))
    lines = {text: next(iter(SHELF.each(text)))[1] for text in SHELF.texts}

    def opened(text: str) -> Iterator[bytes]:
        return itertools.chain.from_iterable(itertools.repeat([lines[text] * 100], count // 100))

    tracemalloc.start()
    rpm.index(Shelf(entries, SHELF.texts, opened), shelves.publication(), shelves.Sizes())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak * 10 < count * sum(map(len, lines.values()))
