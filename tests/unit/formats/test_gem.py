"""Gems: their parts and checksums, read by RubyGems."""

import gzip
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import yaml

from builder import formats
from builder.model import File
from tests.tools import require
from tests.unit.formats.packages import EPOCH, package, refusal, run

SPECIFICATION = """\
--- !ruby/object:Gem::Specification
name: acme-thing
version: !ruby/object:Gem::Version
  version: '20261124.1'
platform: ruby
authors: [Acme]
date: 2026-11-24 00:00:00.000000000 Z
files: [lib/acme-thing.rb]
require_paths: [lib]
required_ruby_version: !ruby/object:Gem::Requirement
  requirements:
  - - ">="
    - !ruby/object:Gem::Version
      version: '0'
required_rubygems_version: !ruby/object:Gem::Requirement
  requirements:
  - - ">="
    - !ruby/object:Gem::Version
      version: '0'
rubygems_version: 3.0.0
summary: x
"""
GEM = (File("metadata", SPECIFICATION.encode()), File("lib/acme-thing.rb", b"ACME = 1\n"))


def test_a_gem_is_specification_data_and_their_checksums() -> None:
    """Recomputed here: the SHA-256 and SHA-512 of the two packed members."""
    with tarfile.open(fileobj=io.BytesIO(formats.write(package("gem", *GEM)))) as found:
        members = {m.name: (stream.read() if (stream := found.extractfile(m)) else b"") for m in found}
        assert {(m.mode, m.mtime, m.uname) for m in found.getmembers()} == {(0o444, EPOCH, "root")}
    assert sorted(members) == ["checksums.yaml.gz", "data.tar.gz", "metadata.gz"]
    assert gzip.decompress(members["metadata.gz"]).decode() == SPECIFICATION
    packed = {name: members[name] for name in ("metadata.gz", "data.tar.gz")}
    assert yaml.safe_load(gzip.decompress(members["checksums.yaml.gz"])) == {
        "SHA256": {name: hashlib.sha256(data).hexdigest() for name, data in packed.items()},
        "SHA512": {name: hashlib.sha512(data).hexdigest() for name, data in packed.items()},
    }
    with tarfile.open(fileobj=io.BytesIO(members["data.tar.gz"]), mode="r:gz") as data:
        assert data.getnames() == ["lib/acme-thing.rb"]


def test_rubygems_verifies_and_reads_the_gem(tmp_path: Path) -> None:
    """Its own package reader checks every checksum and finds the specification and the files."""
    file = tmp_path / "acme.gem"
    file.write_bytes(formats.write(package("gem", *GEM)))
    program = "g = Gem::Package.new(ARGV[0]); g.verify; puts g.spec.full_name, g.contents"
    assert run("ruby", "-rrubygems/package", "-e", program, file).splitlines() == [
        "acme-thing-20261124.1",
        "lib/acme-thing.rb",
    ]


def test_a_damaged_gem_is_found_out(tmp_path: Path) -> None:
    """The checksums are those RubyGems looks at: one byte off is an error there."""
    file = tmp_path / "acme.gem"
    file.write_bytes(formats.write(package("gem", *GEM)).replace(b"ACME = 1", b"ACME = 2"))
    program = "require 'rubygems/package'; Gem::Package.new(ARGV[0]).verify"
    done = subprocess.run([require("ruby"), "-e", program, file], capture_output=True, check=False, env={})
    assert done.returncode != 0


def test_a_gem_needs_its_specification() -> None:
    """Without `metadata` there is no gem."""
    assert refusal(package("gem", File("lib/x.rb", b"")))[0] == (
        "recipe thing: a gem needs a file 'metadata', its specification"
    )
