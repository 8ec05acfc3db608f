"""Typhoeus reads one file: whose roots it holds, whose processes it serves, and when it is not used."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.prove.authority import Authority
from tests.runtime.gem.conftest import Home
from tests.tools import require

ASK = """
require 'acme_ca/typhoeus'
def verdict(response)
  return 'accepted' if response.code == 200
  raise response.return_message unless response.return_message.include?('SSL peer certificate')
  'refused'
end
def ask(url, **options) = puts(verdict(Typhoeus.get(url, options)))
def file(url) = Typhoeus::Request.new(url).tap(&:run).options[:cainfo]
$stdout.sync = true
"""
BOTH = ["accepted", "accepted", "refused", "refused"]


def ask(home: Home, program: str, *arguments: str, **environment: str) -> list[str]:
    """Run a program that asks with Typhoeus; its own sources are not free of warnings."""
    return home.run(require("ruby"), "-e", ASK + program, *arguments, **environment).stdout.split()


@pytest.fixture
def shared(home: Home, gem: Path, build: Callable[..., Path], stranger: Authority) -> Home:
    """Return a home with the gems of two organisations."""
    home.install(gem)
    home.install(build("globex", stranger))
    return home


@pytest.mark.parametrize("order", [("acme_ca", "globex_ca"), ("globex_ca", "acme_ca")])
def test_two_organisations(order: tuple[str, str], shared: Home, urls: list[str]) -> None:
    """Two organisations' gems in one process are both active, whichever comes first; a removed one is not."""
    both = {"RUBYOPT": " ".join(f"-r{module}/typhoeus" for module in order)}
    assert shared.client("typhoeus", "acme_ca", *urls, **both) == BOTH
    without = {"ACME_CA_DISABLE": "1"}
    assert shared.client("typhoeus", "acme_ca", *urls[:2], **both, **without) == ["refused", "accepted"]
    shared.uninstall("globex-ca")
    assert shared.client("typhoeus", "acme_ca/typhoeus", *urls[:2]) == ["accepted", "refused"]


def test_an_organisation_that_comes_later(shared: Home, urls: list[str]) -> None:
    """A gem that is activated after the first request counts from then on, even for one that runs again."""
    program = (
        "request = Typhoeus::Request.new(ARGV[1]); puts verdict(request.run); "
        "require 'globex_ca/typhoeus'; puts verdict(request.run); ask(ARGV[0])"
    )
    assert ask(shared, program, *urls[:2]) == ["refused", "accepted", "accepted"]


def test_public_roots_are_in_the_file(shared: Home, urls: list[str]) -> None:
    """The file holds the machine's public roots once, and those of both gems."""
    program = (
        "require 'globex_ca/typhoeus'; text = File.read(file(ARGV[0])); "
        "p text == AcmeCa.merged_pem + GlobexCa.pem, text.scan('BEGIN CERTIFICATE').size > 100"
    )
    assert ask(shared, program, urls[0]) == ["true", "true"]


def test_many_at_once(shared: Home, urls: list[str]) -> None:
    """Requests that a Hydra runs together are answered as those that run alone."""
    program = (
        "require 'globex_ca/typhoeus'; hydra = Typhoeus::Hydra.new; "
        "requests = ARGV.map { |url| Typhoeus::Request.new(url).tap { |request| hydra.queue(request) } }; "
        "hydra.run; requests.each { |request| puts verdict(request.response) }"
    )
    assert ask(shared, program, *urls) == BOTH


def test_a_child_that_ends(installed: Home, urls: list[str]) -> None:
    """A child has its parent's file, makes none of its own, and leaves it to the parent."""
    program = (
        "path = file(ARGV[0]); Process.wait(fork { p file(ARGV[0]) == path; ask(ARGV[0]); GC.start }); "
        "p file(ARGV[0]) == path; ask(ARGV[0])"
    )
    assert ask(installed, program, urls[0]) == ["true", "accepted", "true", "accepted"]


def test_a_child_that_outlives_its_parent(installed: Home, urls: list[str], tmp_path: Path) -> None:
    """A child whose parent has gone, and its file with it, makes another, and removes that when it ends."""
    program = (
        "parent, path = Process.pid, file(ARGV[0]); request = Typhoeus::Request.new(ARGV[0]).tap(&:run); "
        "fork { sleep 0.01 while Process.ppid == parent; p File.exist?(path); "
        "ask(ARGV[0]); ask(ARGV[1]); puts verdict(request.run) }"
    )
    verdicts = ask(installed, program, *urls[:2], TMPDIR=str(tmp_path))
    assert verdicts == ["false", "accepted", "refused", "accepted"]
    assert list(tmp_path.glob("roots*")) == []


def test_a_file_that_is_lost(installed: Home, urls: list[str]) -> None:
    """When someone cleans the temporary folder, the next request has another file."""
    assert ask(installed, "File.unlink(file(ARGV[0])); ask(ARGV[0])", urls[0]) == ["accepted"]
    if os.geteuid() == 0:  # nobody else may give a file to another user, whose file is none
        program = "old = file(ARGV[0]); File.chown(65534, 65534, old); puts file(ARGV[0]) != old"
        assert ask(installed, program, urls[0]) == ["true"]


@pytest.mark.parametrize("option", ["cainfo", "ssl_cacert", "capath", "ssl_capath"])
def test_who_names_other_roots_gets_those_alone(
    option: str, installed: Home, stranger: Authority, urls: list[str], tmp_path: Path
) -> None:
    """A request's own file is left as it is; beside a folder of its own it gets no file that names Acme."""
    (tmp_path / "own.pem").write_bytes(stranger.pem)
    own = tmp_path / "own.pem" if option in {"cainfo", "ssl_cacert"} else tmp_path
    for name in (f"{option}:", f"'{option}' =>"):
        program = f"ARGV[1..].each {{ |url| puts verdict(Typhoeus.get(url, {{ {name} ARGV[0] }})) }}"
        verdicts = ask(installed, program, str(own), *urls[:2])
        assert verdicts == ["refused", "accepted" if own.is_file() else "refused"]


def test_ssl_cert_file_means_that_file(
    installed: Home, stranger: Authority, urls: list[str], tmp_path: Path
) -> None:
    """With SSL_CERT_FILE in the environment, which libcurl does not read, nothing is added to its roots."""
    (tmp_path / "own.pem").write_bytes(stranger.pem)
    assert ask(installed, "ask(ARGV[0])", urls[0], SSL_CERT_FILE=str(tmp_path / "own.pem")) == ["refused"]
