"""The Homebrew formula, source archive and bottle, read by Ruby, tar and OpenSSL."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.packages import readers
from tests.packages.built import Built, run
from tests.tools import require

if TYPE_CHECKING:
    from pathlib import Path

# Homebrew's own names for what a formula's class body says; `brew` itself is not to be had here.
_HARNESS = """
require 'json'
class Formula
  def self.said = (@said ||= Hash.new { |all, key| all[key] = [] })
  def self.bottle(&block) = class_eval(&block)
  def self.method_missing(name, *values, **more, &block) = said[name] << values.push(*more.values)
  def self.test = nil # Kernel has one too
  def self.respond_to_missing?(*) = true
end
load ARGV.fetch(0)
puts JSON.generate(Formula.subclasses.to_h { |formula| [formula.name, formula.said] })
"""


def _formula(file: Path, tmp_path: Path) -> dict[str, dict[str, list[list[object]]]]:
    found: dict[str, dict[str, list[list[object]]]] = json.loads(
        run(require("ruby"), "-w", "-e", _HARNESS, file, cwd=tmp_path)
    )
    return found


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_ruby_reads_the_formula_without_a_warning(built: Built) -> None:
    """The formula is Ruby that says nothing twice and leaves nothing unused."""
    assert run(require("ruby"), "-wc", built.file("homebrew", ".rb")) == "Syntax OK\n"


def test_formula_describes_what_was_built(demo: Built, tmp_path: Path) -> None:
    """The URLs and both digests are those of the files beside it; brew reads the version off the URL."""
    archive, bottle = demo.file("homebrew", "02.tar.gz"), demo.file("homebrew", ".bottle.tar.gz")
    said = _formula(demo.file("homebrew", ".rb"), tmp_path)["DemoCaCerts"]
    assert [[f"https://packages.demo.example.org/{archive.name}"]] == said["url"]
    assert said["root_url"] == [["https://packages.demo.example.org"]]
    assert [[_sha256(archive)], ["any_skip_relocation", _sha256(bottle)]] == said["sha256"]


@pytest.mark.parametrize("suffix", [".bottle.tar.gz", "2.tar.gz"], ids=["bottle", "source"])
def test_one_certificate_in_each_file(built: Built, tmp_path: Path, suffix: str) -> None:
    """Bottle and source archive hold exactly the bundle, one certificate in each file."""
    run("tar", "xzf", built.file("homebrew", suffix), cwd=tmp_path)
    (folder,) = tmp_path.rglob("openssl@3/certs")
    found = readers.certificate_files(folder)
    assert sorted([digest] for digest in built.fingerprints) == sorted(found.values())


def test_bottle_is_what_the_source_installs(built: Built, tmp_path: Path) -> None:
    """Pouring the bottle gives the files that building from source would, and Homebrew's own two."""
    trees = {}
    for name, suffix in {"bottle": ".bottle.tar.gz", "source": "2.tar.gz"}.items():
        folder = tmp_path / name
        folder.mkdir()
        run("tar", "xzf", built.file("homebrew", suffix), cwd=folder)
        # NAME/VERSION in a bottle, NAME-VERSION in the archive.
        top = next(folder.rglob("share")).parent
        trees[name] = {
            str(path.relative_to(top)): (path.read_bytes(), path.stat().st_mode)
            for path in top.rglob("*")
            if path.is_file()
        }
    extra = trees["bottle"].keys() - trees["source"].keys()
    assert {"INSTALL_RECEIPT.json", f".brew/{built.slug}-ca-certs.rb"} == extra
    assert trees["source"] == {name: trees["bottle"][name] for name in trees["source"]}


def test_bottle_has_a_receipt(built: Built, tmp_path: Path) -> None:
    """Homebrew reads the bottle's receipt as JSON."""
    run("tar", "xzf", built.file("homebrew", ".bottle.tar.gz"), cwd=tmp_path)
    (receipt,) = tmp_path.rglob("INSTALL_RECEIPT.json")
    assert isinstance(json.loads(receipt.read_text("utf-8")), dict)
