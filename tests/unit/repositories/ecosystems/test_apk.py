"""apk's repository: an index for each architecture, in the words of apk-tools."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder import formats
from builder.errors import PackageError
from builder.repositories.ecosystems import apk
from builder.repositories.entry import Released
from tests import site_keys
from tests.packages import samples
from tests.unit.formats.test_apk import streams
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.ecosystems.shelves import EPOCH, released

if TYPE_CHECKING:
    from builder.repositories.publication import SiteKeys

RELEASES = ("2026.10", "2026.11")
SHELF = shelves.shelf(apk, *(released("apk", release) for release in RELEASES))
ARCHITECTURES = ("x86_64", "aarch64")


def _records(index: bytes) -> list[dict[str, str]]:
    """Return the records of an index whose streams, a signature's too, are one archive."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(index))) as archive:
        (member,) = [one for one in archive if one.name == "APKINDEX"]
        stream = archive.extractfile(member)
        assert stream is not None
        text = stream.read().decode()
    return [
        dict(line.split(":", 1) for line in record.splitlines()) for record in text.split("\n\n") if record
    ]


def _indexes(keys: SiteKeys | None = None) -> dict[str, list[dict[str, str]]]:
    files = shelves.indexes(apk, SHELF, keys)
    return {arch: _records(files[f"apk/{arch}/APKINDEX.tar.gz"]) for arch in ARCHITECTURES}


def test_a_record_says_what_the_package_says() -> None:
    """Its identity is the SHA-1 of the control stream, which is not the first one of a signed package."""
    keys = site_keys.keyring()
    admitted = apk.admit(released("apk", "2026.10"), shelves.publication(keys))
    data = admitted.files[0].data
    (record,) = [dict(line.split(":", 1) for line in admitted.lines[0].decode().split("\n") if line)]
    control = hashlib.sha1(streams(data)[1][0], usedforsecurity=False).digest()
    assert {
        "C": f"Q1{base64.b64encode(control).decode()}",
        "P": "acme-ca-certs",
        "V": "2026.10-r0",
        "A": "noarch",
        "S": str(len(data)),
        "I": record["I"],
        "T": "CA certificates of Acme",
        "U": "https://pki.acme.internal/",
        "L": "Apache-2.0",
        "m": "Acme PKI <pki@acme.internal>",
        "t": str(EPOCH),
        "D": "ca-certificates",
    } == record
    assert int(record["I"]) > 0


def test_relations_are_in_one_line() -> None:
    """Each kind of them, with blanks in between."""
    package = samples.full("apk")
    was = Released("1", package.filename, formats.write(package), identity="", epoch=EPOCH)
    (line,) = apk.admit(was, shelves.publication()).lines
    fields = dict(one.split(":", 1) for one in line.decode().split("\n") if one)
    assert ("ca-certificates>=2020 musl !acme-older", "acme-roots") == (fields["D"], fields["p"])


def test_a_package_of_folders_has_a_size() -> None:
    """Of one with none, apk would install nothing."""
    package = replace(samples.recipe("apk"), files=())
    was = Released("1", package.filename, formats.write(package), identity="", epoch=EPOCH)
    (line,) = apk.admit(was, shelves.publication()).lines
    assert b"\nI:1\n" in line


def test_each_architecture_has_every_package_as_its_own() -> None:
    """In the index, and beside it under the name that apk asks for."""
    files = [file.path for file in apk.admit(released("apk", "2026.10"), shelves.publication()).files]
    assert [f"apk/{arch}/acme-ca-certs-2026.10-r0.apk" for arch in ARCHITECTURES] == files
    for arch, records in _indexes(site_keys.keyring()).items():
        assert [(arch, f"{release}-r0") for release in RELEASES] == [(one["A"], one["V"]) for one in records]


def test_an_index_has_no_package_that_is_not_in_its_folder() -> None:
    """A package that came before the architecture did is nowhere to be found there."""
    before = replace(shelves.publication(), architectures=("x86_64",))
    was = released("apk", "2026.10")
    admitted = apk.admit(was, before)
    shelf = replace(SHELF, entries=(shelves.entry(was, admitted), *[*SHELF.entries][1:]))
    files = shelves.indexes(apk, shelf)
    found = {arch: len(_records(files[f"apk/{arch}/APKINDEX.tar.gz"])) for arch in ARCHITECTURES}
    assert {"x86_64": 2, "aarch64": 1} == found


def test_what_is_withdrawn_is_in_no_index() -> None:
    """For none of the architectures."""
    files = shelves.indexes(apk, shelves.withdrawn(SHELF, "2026.10"))
    for arch in ARCHITECTURES:
        assert ["2026.11-r0"] == [one["V"] for one in _records(files[f"apk/{arch}/APKINDEX.tar.gz"])]


def test_the_same_publication_is_the_same_bytes() -> None:
    """With the same keys and time everything is the same once more, packages too, whenever they came."""
    keys = site_keys.keyring()
    assert shelves.indexes(apk, SHELF, keys) == shelves.indexes(apk, SHELF, keys)
    early, late = (
        apk.admit(released("apk", "2026.10"), shelves.publication(keys, time=time)) for time in (1, 2)
    )
    assert early == late


def test_what_is_no_apk_is_refused() -> None:
    """By the file's name, with what is wrong with it."""
    was = released("apk", "2026.10")
    with pytest.raises(PackageError, match=r"^acme-ca-certs-2026\.10-r0\.apk: "):
        apk.admit(replace(was, data=was.data[:-9]), shelves.publication())
