"""A gem's specification in an index, held to what RubyGems makes of the gem itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder import formats
from builder.formats import compression, gem, gemspec
from builder.formats.unpacked import Malformed
from builder.model import File
from tests.unit.formats.packages import package, run

if TYPE_CHECKING:
    from pathlib import Path

SPECIFICATION = """\
--- !ruby/object:Gem::Specification
name: acme-thing
version: !ruby/object:Gem::Version
  version: '1.20261124'
platform: ruby
authors:
- Ümläut & Söhne
date: 2026-11-24 00:00:00.000000000 Z
dependencies:
- !ruby/object:Gem::Dependency
  name: rack
  requirement: !ruby/object:Gem::Requirement
    requirements:
    - - ">="
      - !ruby/object:Gem::Version
        version: '2'
    - - "<"
      - !ruby/object:Gem::Version
        version: '4'
  type: :runtime
- !ruby/object:Gem::Dependency
  name: rake
  requirement: !ruby/object:Gem::Requirement
    requirements:
    - - "~>"
      - !ruby/object:Gem::Version
        version: '13.0'
  type: :development
description: More than a line.
email:
- pki@acme.example
files: [lib/acme-thing.rb]
homepage: https://pki.acme.example/
licenses: [Apache-2.0]
metadata:
  rubygems_mfa_required: "true"
require_paths: [lib]
required_ruby_version: !ruby/object:Gem::Requirement
  requirements:
  - - ">="
    - !ruby/object:Gem::Version
      version: "2.7"
required_rubygems_version: !ruby/object:Gem::Requirement
  requirements:
  - - ">="
    - !ruby/object:Gem::Version
      version: '3.1'
rubygems_version: 3.3.15
summary: A thing
"""
_SAME = """
require 'rubygems/package'
genuine = Marshal.load(Marshal.dump(Gem::Package.new(ARGV[0]).spec))
ours = Marshal.load(Gem::Util.inflate(File.binread(ARGV[1])))
fields = %i[name version date summary required_ruby_version required_rubygems_version original_platform
            dependencies email authors description homepage platform licenses metadata rubygems_version]
fields.each { |field| puts field if genuine.public_send(field) != ours.public_send(field) }
puts ours.full_name
"""


def _gem(specification: str = SPECIFICATION) -> bytes:
    files = (File("metadata", specification.encode()), File("lib/acme-thing.rb", b"ACME = 1\n"))
    return formats.write(package("gem", *files))


def test_ruby_reads_the_same_specification(tmp_path: Path) -> None:
    """Field by field, what RubyGems' own index would say of the gem."""
    data = _gem()
    (tmp_path / "a.gem").write_bytes(data)
    (tmp_path / "a.rz").write_bytes(compression.zlib_stream(gemspec.dump(gem.specification(data))))
    found = run("ruby", "-rrubygems", "-e", _SAME, tmp_path / "a.gem", tmp_path / "a.rz")
    assert found == "acme-thing-1.20261124\n"


def test_the_line_has_what_a_resolver_needs() -> None:
    """Dependencies at run time, the checksum, and which Ruby and RubyGems it is for."""
    assert gemspec.line(gem.specification(_gem()), "ab" * 32) == (
        f"1.20261124 rack:>= 2&< 4|checksum:{'ab' * 32},ruby:>= 2.7,rubygems:>= 3.1\n"
    )


def test_a_gem_for_every_ruby_says_nothing_of_it() -> None:
    """`>= 0` is left out, as the public index does."""
    every = SPECIFICATION.replace('"2.7"', "'0'").replace("'3.1'", "'0'")
    assert gemspec.line(gem.specification(_gem(every)), "ab").endswith("|checksum:ab\n")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("date: 2026-11-24", "date: 2026-13-45", "its date is not a valid date"),
        ("date: 2026-11-24", "date: soon", "its date is not a valid date"),
        ("  name: rack\n", "", "a dependency has no name"),
        ("        version: '2'\n", "        number: '2'\n", "a requirement is none"),
    ],
)
def test_a_specification_without_sense_is_refused(old: str, new: str, complaint: str) -> None:
    """The message says what of it has none."""
    fields = gem.specification(_gem(SPECIFICATION.replace(old, new, 1)))
    with pytest.raises(Malformed, match=complaint):
        gemspec.dump(fields)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: rack", 'name: "x:>= 0|checksum:0\\n99 "'),
        ("name: rack", 'name: "rack,rake"'),
        ("version: '4'", "version: '4,evil:>= 0'"),
        ('- - "<"', '- - "< 1&>="'),
        ("type: :runtime", "type: :theirs"),
    ],
)
def test_no_dependency_begins_a_line_of_its_own(old: str, new: str) -> None:
    """What a gem says of another would be a version that nobody has published, with a digest of its own."""
    fields = gem.specification(_gem(SPECIFICATION.replace(old, new, 1)))
    with pytest.raises(Malformed, match=r"metadata\.gz: a (dependency|requirement) is none"):
        gemspec.line(fields, "0" * 64)
