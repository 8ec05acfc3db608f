"""The gem on JRuby, whose OpenSSL is another one, written in Java; it starts slowly, so few processes ask."""

import os
import subprocess
from pathlib import Path

import pytest

from builder.prove.authority import Authority
from tests import jruby
from tests.runtime.gem.conftest import Home
from tests.tools import require

ASK = """
require 'net/http'
def verdict(url, **options)
  uri = URI(url)
  Net::HTTP.start(uri.host, uri.port, use_ssl: true, **options) { |http| http.get('/').code }
rescue OpenSSL::SSL::SSLError => e
  raise unless e.message.include?('certificate verify failed') || e.message.include?('does not match')
  'refused'
end
def store = OpenSSL::X509::Store.new.tap(&:set_default_paths)
urls = ARGV[2..]
puts urls.map { |url| verdict(url) }.join(' ')
puts urls.map { |url| verdict(url, cert_store: store) }.join(' ')
puts urls.first(2).map { |url| verdict(url, ca_file: ARGV[0]) }.join(' ')
puts urls.first(2).map { |url| verdict(url, ca_file: ARGV[1]) }.join(' ')
"""


def run(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    """Run JRuby in a home, with nothing of this machine's environment."""
    clean = {"PATH": os.defpath, "HOME": str(home.path), "GEM_HOME": str(home.path), "LANG": "C.UTF-8"}
    command = [require("java"), "-XX:TieredStopAtLevel=1", "-jar", str(jruby.jar()), *words]
    return subprocess.run(command, env=clean, capture_output=True, text=True, check=False, timeout=180)


@pytest.fixture
def roots(acme: Authority, stranger: Authority, tmp_path: Path) -> list[str]:
    (tmp_path / "acme.pem").write_bytes(acme.pem)
    (tmp_path / "stranger.pem").write_bytes(stranger.pem)
    return [str(tmp_path / "acme.pem"), str(tmp_path / "stranger.pem")]


def test_connections(installed: Home, roots: list[str], urls: list[str]) -> None:
    """Default clients and stores accept Acme's server alone, and own files count alone."""
    done = run(installed, "-racme_ca", "-e", ASK, *roots, *urls)
    answers = "200 refused refused refused"
    assert done.stdout.splitlines() == [answers, answers, "200 refused", "refused 200"], done.stderr
    without = run(installed, "-e", ASK, *roots, *urls).stdout.splitlines()
    assert without == ["refused " * 3 + "refused"] * 2 + ["200 refused", "refused 200"]


def test_its_gem_command_works(home: Home, gem: Path, urls: list[str]) -> None:
    """`gem install` works, and with the plugin `gem fetch` still ends in words of its own."""
    done = run(home, "-S", "gem", "install", "--local", "--no-document", str(gem))
    assert done.returncode == 0, done.stderr
    done = run(home, "-S", "gem", "fetch", "hello", "--clear-sources", "--source", urls[0])
    assert "StackOverflow" not in done.stdout + done.stderr
    assert "stack" not in done.stderr
    assert "certificate verify failed" not in done.stdout + done.stderr


def test_the_doctor(installed: Home) -> None:
    """The command runs there, and says so."""
    done = run(installed, "-racme_ca", "-racme_ca/command", "-e", "exit AcmeCa.run(['doctor'])")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"jruby {jruby.VERSION}" in done.stdout
    assert "active: yes, through require" in done.stdout
