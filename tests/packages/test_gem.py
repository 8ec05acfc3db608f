"""The gem, read and installed by RubyGems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.packages.built import Built, run
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

_COUNT = """
require 'openssl'
spec = Gem::Specification.find_by_name(ARGV[0])
bundle = File.join(spec.full_gem_path, 'lib', ARGV[1], 'roots.pem')
OpenSSL::X509::Certificate.load_file(bundle).each do |found|
  puts OpenSSL::Digest::SHA256.hexdigest(found.to_der)
end
"""


def test_rubygems_reads_its_specification(built: Built, tmp_path: Path) -> None:
    """Name, version, licence and homepage are in the specification, which RubyGems finds valid."""
    (artifact,) = built.artifacts("gem")
    program = (
        "package = Gem::Package.new(ARGV[0]); package.extract_files(Dir.pwd); spec = package.spec; "
        "Gem::SpecificationPolicy.new(spec).validate(true); "
        "puts spec.name, spec.version, spec.platform"
    )
    found = run(
        require("ruby"),
        "-r",
        "fileutils",
        "-r",
        "rubygems/package",
        "-e",
        program,
        built.file("gem"),
        cwd=tmp_path,
    )
    assert [artifact["name"], artifact["version"], "ruby"] == found.split()
    fields = run(require("gem"), "specification", built.file("gem"), "--ruby", cwd=tmp_path)
    assert f's.name = "{artifact["name"]}"' in fields


def test_gem_installs_checks_and_uninstalls_it(built: Built, tmp_path: Path) -> None:
    """Installed by gem, Ruby's OpenSSL reads exactly the bundle; uninstalled, no file is left."""
    (artifact,) = built.artifacts("gem")
    name, home = artifact["name"], tmp_path / "home"
    inside = ("env", f"GEM_HOME={home}", f"GEM_PATH={home}")
    gem = (*inside, require("gem"))
    run(*gem, "install", "--local", "--no-document", built.file("gem"), cwd=tmp_path)
    assert run(*gem, "check", "--alien", cwd=tmp_path).strip() == "Checking gems..."
    ruby = (*inside, require("ruby"), "-e", _COUNT, name, name.replace("-", "_"))
    found = run(*ruby, cwd=tmp_path).split()
    assert len(built.fingerprints) == len(found)
    assert built.fingerprints == set(found)
    run(*gem, "uninstall", "--all", "--executables", name, cwd=tmp_path)
    assert [path for path in home.rglob("*") if path.is_file()] == []
