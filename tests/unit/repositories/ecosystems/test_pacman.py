"""pacman's repository: databases of the newest packages, as alpm-repo-db(7) has them."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from builder import formats
from builder.errors import PackageError
from builder.formats import compression, tar
from builder.model import File
from builder.repositories.ecosystems import pacman
from builder.repositories.entry import Released
from tests import site_keys
from tests.packages import samples
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.ecosystems.shelves import EPOCH, released

if TYPE_CHECKING:
    from collections.abc import Mapping

SHELF = shelves.shelf(pacman, *(released("arch", release) for release in ("2026.11", "2026.9", "2026.10")))


def _members(database: bytes) -> dict[str, str]:
    """Return the texts of a database, and its folders with a slash."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(database))) as archive:
        return {
            f"{one.name}/" if one.isdir() else one.name: stream.read().decode()
            if (stream := archive.extractfile(one))
            else ""
            for one in archive
        }


def _fields(text: str) -> Mapping[str, list[str]]:
    """Return the values of each field."""
    blocks = [block.splitlines() for block in text.split("\n\n") if block]
    return {lines[0].strip("%"): lines[1:] for lines in blocks}


def test_a_database_has_the_newest_version_alone() -> None:
    """By release, whatever came last; the other database has its files, too."""
    files = shelves.indexes(pacman, SHELF)
    folder = "acme-ca-certs-2026.11-1"
    assert [f"{folder}/", f"{folder}/desc"] == list(_members(files["arch/acme.db"]))
    assert [f"{folder}/", f"{folder}/desc", f"{folder}/files"] == list(_members(files["arch/acme.files"]))


def test_a_description_says_what_the_package_says() -> None:
    """And which file it is."""
    was = released("arch", "2026.10")
    admitted = pacman.admit(was, shelves.publication())
    fields = _fields(admitted.lines[0].decode())
    assert {
        "FILENAME": [was.filename],
        "NAME": ["acme-ca-certs"],
        "BASE": ["acme-ca-certs"],
        "VERSION": ["2026.10-1"],
        "DESC": ["CA certificates of Acme"],
        "CSIZE": [str(len(was.data))],
        "ISIZE": fields["ISIZE"],
        "SHA256SUM": [hashlib.sha256(was.data).hexdigest()],
        "URL": ["https://pki.acme.internal/"],
        "LICENSE": ["Apache-2.0"],
        "ARCH": ["any"],
        "BUILDDATE": [str(EPOCH)],
        "PACKAGER": ["Acme PKI <pki@acme.internal>"],
        "DEPENDS": ["ca-certificates-utils"],
    } == fields
    assert f"arch/{was.filename}" == admitted.files[0].path


def test_the_files_of_a_package_are_listed_with_their_folders() -> None:
    """Without the leading slash; a folder ends in one."""
    (found,) = [
        _fields(text)["FILES"]
        for name, text in _members(shelves.indexes(pacman, SHELF)["arch/acme.files"]).items()
        if name.endswith("/files")
    ]
    assert {"usr/", "usr/share/", "usr/share/doc/acme-ca-certs/README"} < set(found)


def test_what_is_withdrawn_is_in_no_database() -> None:
    """The newest of the others is there instead."""
    files = shelves.indexes(pacman, shelves.withdrawn(SHELF, "2026.11"))
    assert "acme-ca-certs-2026.10-1/desc" in _members(files["arch/acme.db"])
    assert "acme-ca-certs-2026.11-1/desc" not in _members(files["arch/acme.db"])


def test_packages_and_databases_have_binary_signatures() -> None:
    """Each in a file of its own, as old as what it signs; unsigned, there is none."""
    keys, was = site_keys.keyring(), released("arch", "2026.10")
    early, late = (pacman.admit(was, shelves.publication(keys, time=time)) for time in (1, 2))
    assert early == late
    assert [f"arch/{was.filename}", f"arch/{was.filename}.sig"] == [one.path for one in early.files]
    assert not early.files[1].data.startswith(b"-----BEGIN")
    signed = shelves.indexes(pacman, SHELF, keys)
    assert {"arch/acme.db", "arch/acme.db.sig", "arch/acme.files", "arch/acme.files.sig"} == set(signed)
    assert signed == shelves.indexes(pacman, SHELF, keys)
    assert {"arch/acme.db", "arch/acme.files"} == set(shelves.indexes(pacman, SHELF))


def test_relations_are_lists() -> None:
    """A line each."""
    package = samples.recipe("arch")
    metadata = {
        **package.metadata,
        "depends": ["one", "two>=3"],
        "conflicts": ["three"],
        "provides": ["four"],
    }
    package = replace(package, metadata=metadata)
    was = Released("1", package.filename, formats.write(package), identity="", epoch=EPOCH)
    fields = _fields(pacman.admit(was, shelves.publication()).lines[0].decode())
    assert (["one", "two>=3"], ["three"], ["four"]) == tuple(
        fields[key] for key in ("DEPENDS", "CONFLICTS", "PROVIDES")
    )


def test_what_is_no_package_is_refused() -> None:
    """By the file's name, with what is wrong with it."""
    was = released("arch", "2026.10")
    with pytest.raises(PackageError, match=r"^acme-ca-certs-2026\.10-1-any\.pkg\.tar\.gz: "):
        pacman.admit(replace(was, data=was.data[:-9]), shelves.publication())


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("optdepend = acme-x, , %FILENAME%, theirs.pkg.tar.zst", "etc/acme"),
        ("optdepend = acme-x, %SHA256SUM%, 00", "etc/acme"),
        ("url = https://acme.example", "etc/a\n\n%FILENAME%\ntheirs.pkg.tar.zst"),
    ],
)
def test_no_value_begins_a_field_of_its_own(line: str, file: str) -> None:
    """Values of a list stand in lines of their own, and an empty one ends the field."""
    info = f"pkgname = acme-ca\npkgver = 1-1\narch = any\n{line}\n".encode()
    data = compression.gzip(tar.write([File(".PKGINFO", info), File(file, b"")], EPOCH))
    package = Released("2026.10", "acme-ca-1-1-any.pkg.tar.gz", data, "", EPOCH)
    with pytest.raises(PackageError, match="is nothing that pacman's index holds"):
        pacman.admit(package, shelves.publication())
