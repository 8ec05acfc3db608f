"""The RubyGems repository: the compact index, and the lists before it."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from builder.errors import PackageError
from builder.repositories.ecosystems import gem
from builder.repositories.sitefile import Kind
from tests.tools import NO_HOME, require
from tests.unit.repositories.ecosystems import shelves
from tests.unit.repositories.ecosystems.libraries import gem as package

if TYPE_CHECKING:
    from tests.unit.repositories.ecosystems.shelves import Files

RELEASES = ("20261101", "20261124", "20261130")
SHELF = shelves.shelf(gem, *map(package, RELEASES))
OLD, MIDDLE, NEW = (f"1.{release}" for release in RELEASES)


def _list(files: Files, name: str) -> str:
    """Return what Ruby reads in one of the older lists."""
    program = "$stdin.binmode; print Marshal.load($stdin.read).map { |each| each.join(' ') }.join(',')"
    command = [require("ruby"), "-rrubygems", "-e", program]
    data = gzip.decompress(files[f"gem/{name}.4.8.gz"])
    env = {"HOME": NO_HOME, "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, input=data, capture_output=True, check=True, env=env).stdout.decode()


def _line(release: str) -> str:
    return f"1.{release} |checksum:{hashlib.sha256(package(release).data).hexdigest()},ruby:>= 2.7\n"


def test_the_compact_index_names_each_version_with_its_checksum() -> None:
    """And `versions` the MD5 of that file, so that a client knows whether it has it."""
    files = shelves.indexes(gem, SHELF)
    info = f"---\n{''.join(map(_line, RELEASES))}".encode()
    assert files["gem/info/acme-ca"] == info
    digest = hashlib.md5(info, usedforsecurity=False).hexdigest()
    assert files["gem/versions"].decode() == (
        f"created_at: 2026-11-30T00:53:20Z\n---\nacme-ca {OLD},{MIDDLE},{NEW} {digest}\n"
    )
    assert files["gem/names"] == b"---\nacme-ca\n"
    assert b"<title>" in files["gem/index.html"]


def test_versions_rise_in_whatever_order_they_came() -> None:
    """An older release may come to a site later."""
    files = shelves.indexes(gem, shelves.shelf(gem, *map(package, reversed(RELEASES))))
    assert files["gem/info/acme-ca"] == f"---\n{''.join(map(_line, RELEASES))}".encode()


def test_the_older_lists_are_what_ruby_reads() -> None:
    """All that is final, the newest of each name, and what is not final."""
    early = package("20261201", version="1.20261201.pre1")
    files = shelves.indexes(gem, shelves.shelf(gem, *map(package, RELEASES), early))
    assert _list(files, "specs") == ",".join(f"acme-ca {version} ruby" for version in (OLD, MIDDLE, NEW))
    assert _list(files, "latest_specs") == f"acme-ca {NEW} ruby"
    assert _list(files, "prerelease_specs") == "acme-ca 1.20261201.pre1 ruby"


def test_a_withdrawn_version_is_in_no_index() -> None:
    """As a yanked one; a gem of which nothing is left is not named."""
    files = shelves.indexes(gem, shelves.withdrawn(SHELF, "20261124"))
    assert MIDDLE not in files["gem/info/acme-ca"].decode() + files["gem/versions"].decode()
    assert MIDDLE not in _list(files, "specs")
    none = shelves.indexes(gem, shelves.withdrawn(SHELF, *RELEASES))
    assert none["gem/versions"].endswith(b"---\n")
    assert (none["gem/names"], none["gem/info/acme-ca"], _list(none, "specs")) == (b"---\n", b"---\n", "")


def test_what_is_written_when() -> None:
    """`versions` leads to the others, so it comes last."""
    kinds = shelves.indexes(gem, SHELF).kinds
    assert [path for path, kind in kinds.items() if kind is Kind.POINTER] == ["gem/versions"]
    admitted = gem.admit(package("20261124"), shelves.publication())
    assert [file.path for file in admitted.files] == [
        f"gem/gems/acme-ca-{MIDDLE}.gem",
        f"gem/quick/Marshal.4.8/acme-ca-{MIDDLE}.gemspec.rz",
    ]
    assert {file.kind for file in admitted.files} == {Kind.BLOB}


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"name": "../x"}, "is no name and version that RubyGems takes"),
        ({"name": "a b"}, "is no name and version that RubyGems takes"),
        ({"version": "1-2"}, "is no name and version that RubyGems takes"),
        ({"version": "x"}, "is no name and version that RubyGems takes"),
        ({"platform": "x86_64-linux"}, "is for platform x86_64-linux, and only ruby is supported"),
    ],
)
def test_what_cannot_be_offered_is_refused(fields: dict[str, str], complaint: str) -> None:
    """Name and version become paths."""
    with pytest.raises(PackageError, match=complaint):
        gem.admit(package("20261124", **fields), shelves.publication())


def test_the_lines_name_one_source_alone() -> None:
    """For gem, none beside it; for Bundler, for this gem alone."""
    told = {one.id: one for one in gem.instructions(SHELF, shelves.publication())}
    assert told["gem"].install == f"gem install --clear-sources --source {shelves.URL}/gem/ acme-ca\n"
    assert told["bundler"].install == f"bundle add acme-ca --source {shelves.URL}/gem/\n"
    assert list(gem.instructions(shelves.shelf(gem), shelves.publication())) == []
