"""What the built gem holds, and what Ruby's own tools say of it."""

import datetime as dt
import hashlib
import json
import ssl
from pathlib import Path

import pytest

from builder.prove.authority import Authority, create
from tests.runtime.gem.conftest import Home
from tests.tools import require


def test_ruby_reads_the_specification(home: Home, gem: Path) -> None:
    """RubyGems reads name, version, files and metadata from the gem."""
    program = (
        "require 'rubygems/package'; require 'json'; package = Gem::Package.new(ARGV.first); package.verify; "
        "spec = package.spec; puts JSON.generate([spec.name, spec.version.to_s, spec.date.to_i, "
        "spec.metadata, spec.required_ruby_version.to_s, spec.files.sort == package.contents.sort])"
    )
    (line,) = home.run(require("ruby"), "-e", program, str(gem)).stdout.splitlines()
    name, version, date, metadata, ruby, complete = json.loads(line)
    # A host that is nowhere: no public registry is to get it by mistake.
    kept = {"allowed_push_host": "https://registry.acme.invalid", "rubygems_mfa_required": "true"}
    assert (name, metadata, ruby) == ("acme-ca", kept, ">= 2.7")
    assert gem.name == f"acme-ca-{version}.gem"
    assert date % 86400 == 0
    assert complete


def test_gem_check_finds_nothing_missing(installed: Home) -> None:
    """`gem check` sees every file of the specification installed and none besides."""
    assert "acme-ca" not in installed.run(require("gem"), "check", "--alien").stdout


def test_uninstalling_leaves_nothing(removed: Home) -> None:
    """No file of the gem is left in its home, the plugin's stub included."""
    assert [path for path in removed.path.rglob("*") if "acme" in path.name] == []


def test_the_sources_are_clean(installed: Home) -> None:
    """Ruby has no warning for any file, and RuboCop no offence as it comes."""
    sources = sorted(map(str, installed.path.glob("gems/acme-ca-*/lib/**/*.rb")))
    sources += map(str, installed.path.glob("gems/acme-ca-*/exe/*"))
    assert len(sources) == 12
    for source in sources:
        assert installed.run(require("ruby"), "-wc", source).stdout == "Syntax OK\n"
    # Bundler.require wants a file named as the gem, hyphen and all.
    style = ["--force-default-config", "--cache", "false", "--except", "Naming/FileName"]
    installed.run(require("rubocop"), *style, *sources)
    installed.run(require("ruby"), "-w", "-e", "require 'acme_ca'; require 'acme-ca'")


def test_the_api(installed: Home, acme: Authority) -> None:
    """path, pem, certificates, merged_pem and env are what they say."""
    program = (
        "require 'acme_ca'; require 'json'; puts JSON.generate([AcmeCa.path, AcmeCa.pem, AcmeCa.activate!, "
        "AcmeCa.certificates.map { |c| c.to_der.unpack1('H*') }, AcmeCa.env, AcmeCa.merged_pem])"
    )
    (line,) = installed.run(require("ruby"), "-w", "-e", program, RUBYOPT="-W2").stdout.splitlines()
    path, pem, active, certificates, env, merged = json.loads(line)
    der = ssl.PEM_cert_to_DER_cert(acme.pem.decode())
    assert certificates == [der.hex()]
    assert pem == Path(path).read_text("ascii") == acme.pem.decode()
    assert active is True
    assert env == {"RUBYOPT": f"-W2 -r{Path(path).parent}.rb"}
    assert merged.endswith(f"\n{pem}")
    assert merged.count("BEGIN CERTIFICATE") > 100
    listed = json.loads(Path(path).with_name("certificates.json").read_text("ascii"))["certificates"]
    assert [entry["sha256"] for entry in listed] == [hashlib.sha256(der).hexdigest()]


def test_add_to_a_store_of_ones_own(
    installed: Home, acme: Authority, stranger: Authority, tmp_path: Path
) -> None:
    """add_to trusts the certificates in the given store for TLS servers, and returns the store."""
    (tmp_path / "acme.pem").write_bytes(acme.pem)
    (tmp_path / "stranger.pem").write_bytes(stranger.pem)
    program = (
        "require 'acme_ca'; store = AcmeCa.add_to(OpenSSL::X509::Store.new); "
        "store.trust = OpenSSL::X509::TRUST_SSL_SERVER; "
        "ARGV.each { |file| puts store.verify(OpenSSL::X509::Certificate.new(File.read(file))) }"
    )
    roots = str(tmp_path / "acme.pem"), str(tmp_path / "stranger.pem")
    assert installed.ruby(program, *roots) == ["true", "false"]


def test_a_constant_that_is_taken(installed: Home) -> None:
    """Where the program has its own AcmeCa, require fails in words and does not replace it."""
    done = installed.attempt(require("ruby"), "-e", "module AcmeCa; end; require 'acme_ca'")
    assert done.returncode == 1
    assert "AcmeCa is a constant of your program already" in done.stderr


def test_a_constant_that_another_gem_has(home: Home, gem: Path) -> None:
    """A module that looks like this gem's, but lies in a folder of another name, is no copy of it."""
    home.install(gem)
    taken = "module AcmeCa; def self.path = '/gems/ac_me_ca/roots.pem'; def self.merged_pem = ''; end; "
    done = home.attempt(require("ruby"), "-e", taken + "require 'acme_ca'")
    assert "AcmeCa is a constant of your program already" in done.stderr


VERIFY = """
store = OpenSSL::X509::Store.new.tap(&:set_default_paths)
store.trust = OpenSSL::X509::TRUST_SSL_SERVER
root = OpenSSL::X509::Certificate.new(File.read(file))
"""


@pytest.mark.parametrize(
    "verify", ["store.verify(root)", "OpenSSL::X509::StoreContext.new(store, root).verify"]
)
def test_a_store_with_the_default_paths(
    verify: str, installed: Home, acme: Authority, stranger: Authority, tmp_path: Path
) -> None:
    """Who verifies with a store by hand finds the certificates in it, for TLS servers."""
    (tmp_path / "acme.pem").write_bytes(acme.pem)
    (tmp_path / "stranger.pem").write_bytes(stranger.pem)
    program = f"require 'acme_ca'; ARGV.each {{ |file| {VERIFY}; p {verify} }}"
    roots = str(tmp_path / "acme.pem"), str(tmp_path / "stranger.pem")
    assert installed.ruby(program, *roots) == ["true", "false"]


def test_a_store_that_nobody_may_change(installed: Home, acme: Authority, tmp_path: Path) -> None:
    """A frozen store takes the certificates at once, and is verified with as before."""
    (tmp_path / "acme.pem").write_bytes(acme.pem)
    program = (
        "require 'acme_ca'; store = OpenSSL::X509::Store.new; store.trust = OpenSSL::X509::TRUST_SSL_SERVER; "
        "store.freeze; store.set_default_paths; context = OpenSSL::X509::StoreContext.new(store, "
        "OpenSSL::X509::Certificate.new(File.read(ARGV[0]))); p context.verify"
    )
    assert installed.ruby(program, str(tmp_path / "acme.pem")) == ["true"]


def test_a_store_that_many_threads_use_first(installed: Home, urls: list[str]) -> None:
    """Threads that make a store's first connections at once are all accepted, and later children."""
    program = (
        "require 'acme_ca'; require 'net/http'; uri = URI(ARGV[0]); "
        "store = OpenSSL::X509::Store.new.tap(&:set_default_paths); "
        "get = ->(one) { Net::HTTP.start(uri.host, uri.port, use_ssl: true, **one) "
        "{ |http| http.get('/').code } }; answers = Array.new(8) "
        "{ |i| Thread.new { get.(i.even? ? {} : { cert_store: store }) } }.map(&:value); "
        "Process.wait(fork { exit!(get.({ cert_store: store }) == '200') }); p answers.tally, $?.success?"
    )
    assert installed.ruby(program, urls[0]) == ['{"200"=>8}', "true"]


def test_a_root_of_the_program_with_the_same_name(
    installed: Home, now: dt.datetime, urls: list[str], tmp_path: Path
) -> None:
    """A CA that the program adds itself, of the same name and another key, hides none of the gem's."""
    (tmp_path / "older.pem").write_bytes(create("Acme Root CA", now=now).pem)
    program = (
        "require 'acme_ca'; require 'net/http'; uri = URI(ARGV[0]); "
        "get = ->(store) { Net::HTTP.start(uri.host, uri.port, use_ssl: true, cert_store: store) "
        "{ |http| puts http.get('/').code } }; old = OpenSSL::X509::Certificate.new(File.read(ARGV[1])); "
        "get.(OpenSSL::X509::Store.new.tap(&:set_default_paths).add_file(ARGV[1])); "
        "get.(OpenSSL::X509::Store.new.add_cert(old).tap(&:set_default_paths))"
    )
    assert installed.ruby(program, urls[0], str(tmp_path / "older.pem")) == ["200", "200"]


def test_stores_in_a_ractor(installed: Home, acme: Authority, tmp_path: Path) -> None:
    """A Ractor can make stores and use them: the hooks close over nothing that it may not share."""
    (tmp_path / "acme.pem").write_bytes(acme.pem)
    program = (
        f"require 'acme_ca'; ractor = Ractor.new(ARGV.first) {{ |file| {VERIFY}; store.verify(root) }}; "
        "p ractor.respond_to?(:value) ? ractor.value : ractor.take"
    )
    command = [require("ruby"), "-W0", "-e", program, str(tmp_path / "acme.pem")]
    assert installed.run(*command).stdout == "true\n"
