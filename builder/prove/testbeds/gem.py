"""The testbed of the gem: a fresh GEM_HOME beside the gems that this machine's Ruby has."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from builder.prove.probes import PROBES, find, start
from builder.prove.testbed import Client, Ran

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

    from builder.model import Recipe

_PROBE = str(PROBES / "client.rb")
_IN_RUBY = ("net/http", "open-uri", "openssl", "store")
_LIBRARIES = (*_IN_RUBY, "faraday", "httparty", "excon", "rest-client", "httpclient", "http", "typhoeus")
_BUNDLER = "bundler"
NAMES = (*_LIBRARIES, _BUNDLER)
SECONDS = (5, 14)
_VERSIONS = """
ARGV.each do |name|
  require name
  puts "#{name} #{Gem.loaded_specs[name]&.version}"
rescue LoadError
  next
end
"""
# A self-signed certificate verifies where the store trusts it.
_DEFAULT_TRUST = """
require 'openssl'
paths = [OpenSSL::X509::DEFAULT_CERT_FILE, '/etc/ssl/certs/ca-certificates.crt']
bundle = paths.find { |file| File.readable?(file) }
blocks = bundle ? File.read(bundle).scan(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/m) : []
roots = blocks.map { |block| OpenSSL::X509::Certificate.new(block) }
trusted = roots.select { |root| OpenSSL::SSL::SSLContext::DEFAULT_CERT_STORE.verify(root) }
puts trusted.map { |root| OpenSSL::Digest::SHA256.hexdigest(root.to_der) }
"""
_UNDER_BUNDLER = "Bundler.require; load ARGV.shift"


def fetched(only: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001  what is here is asked
    """Fetch nothing."""
    return ()


@contextlib.contextmanager
def open_testbed(
    *,
    recipe: Recipe,  # noqa: ARG001  one testbed for all
    name: str,
    root: Path | None,  # noqa: ARG001  a language target
    folder: Path,
    offline: bool,  # noqa: ARG001  nothing is ever fetched here
    only: frozenset[str],  # noqa: ARG001  asking for all costs a second
    settings: Mapping[str, str],  # noqa: ARG001  no setting changes what is asked here
) -> Iterator[Gems]:
    """Open an empty GEM_HOME below `folder`; see testbeds.Opener."""
    (folder / "gems").mkdir()
    gems = Gems(name, folder, ruby=find("ruby"), gem=find("gem"), bundle=shutil.which("bundle") or "")
    gems.write_gemfile("")
    yield gems


@dataclass(frozen=True, slots=True)
class Gems:
    """An open home for gems; see trial.Testbed."""

    name: str
    folder: Path
    ruby: str
    gem: str
    bundle: str
    stand_in: str = ""

    @property
    def home(self) -> Path:
        """Where gems are installed."""
        return self.folder / "gems"

    def clients(self) -> Sequence[Client]:
        """Return the libraries that are there; their program requires the gem where it is installed."""
        feature = self._feature
        features = {"typhoeus": f"{feature}/typhoeus"}  # the one library with a store of its own
        clients = [
            Client(
                library,
                (self.ruby, _PROBE, library, features.get(library, feature), "{url}"),
                note="with require",
                version=version,
            )
            for library, version in self._libraries().items()
        ]
        return [*clients, self._bundled()] if self.bundle else clients

    def absent(self) -> Sequence[str]:
        """Return the libraries that are not."""
        there = self._libraries()
        missing = [library for library in _LIBRARIES if library not in there]
        return missing if self.bundle else [*missing, _BUNDLER]

    def run(self, client: Client, url: str) -> Ran:
        """Let a client open `url`; its word becomes an exit status."""
        words = [url if word == "{url}" else word for word in client.command]
        done = self._start(words, client.environment)
        refused = done.stdout.split()[-1:] == ["refused"]
        return Ran(done.returncode or int(refused), done.stdout + done.stderr)

    def install(self, package: Path) -> None:
        """Install a gem's file, and name it in the Gemfile."""
        self._start([self.gem, "install", "--local", "--no-document", str(package)], check=True)
        self.write_gemfile(f"gem '{self.name}'\n")

    def upgrade(self, package: Path) -> None:
        """Install a newer gem's file: RubyGems keeps the old one, and loads the new."""
        self.install(package)

    def remove(self) -> None:
        """Uninstall all versions, and take the gem out of the Gemfile."""
        self._start([self.gem, "uninstall", "--all", "--executables", self.name], check=True)
        self.write_gemfile("")

    @property
    def manager(self) -> str:
        """Which instructions are typed here."""
        return "gem"

    def know_nothing(self) -> None:
        """Let no documentation be made, which takes longer than all else."""
        (self.folder / ".gemrc").write_text("gem: --no-document\n")

    def type_in(self, lines: str, *, there: bool) -> None:
        """Run shell lines with the home for gems, and name in the Gemfile what is there."""
        path = os.pathsep.join((str(self.home / "bin"), str(Path(self.gem).parent), os.defpath))
        self._start(["/bin/sh", "-ec", lines], {"PATH": path}, check=True)
        self.write_gemfile(f"gem '{self.name}'\n" if there else "")

    def trust(self) -> Mapping[str, object]:
        """Return the digest of each file that gems could have brought."""
        files = (path for path in self.home.rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.home)): hashlib.sha256(path.read_bytes()).digest() for path in files
        }

    def roots(self) -> Mapping[str, frozenset[str]]:
        """Return the digests of the machine's public roots that Ruby's default store trusts."""
        installed = "gem" in (self.folder / "Gemfile").read_text()
        feature = ("-r", self._feature) if installed else ()
        found = self._start([self.ruby, *feature, "-e", _DEFAULT_TRUST], check=True).stdout
        return {"OpenSSL::SSL::SSLContext::DEFAULT_CERT_STORE": frozenset(found.split())}

    @property
    def _feature(self) -> str:
        return re.sub(r"[^A-Za-z0-9]", "_", self.name)

    def _libraries(self) -> dict[str, str]:
        """Return the libraries that load, with their versions."""
        names = [name for name in _LIBRARIES if name not in _IN_RUBY]
        found = self._start([self.ruby, "-W0", "-e", _VERSIONS, *names], check=True).stdout
        versions = dict(line.split(" ") for line in found.splitlines())
        own = self._start([self.ruby, "-e", "print RUBY_VERSION"], check=True).stdout
        return {name: versions.get(name, own) for name in _LIBRARIES if name in {*versions, *_IN_RUBY}}

    def _bundled(self) -> Client:
        # What `bundle exec` sets, at half its cost.
        program = (self.ruby, "-rbundler/setup", "-e", _UNDER_BUNDLER, _PROBE)
        version = self._start([self.bundle, "--version"], check=True).stdout.split()[-1]
        # The Gemfile alone loads the gem: `uri` is a feature that every Ruby has.
        return Client(
            _BUNDLER, (*program, "net/http", "uri", "{url}"), note="with a Gemfile", version=version
        )

    def write_gemfile(self, text: str) -> None:
        """Write a Gemfile and its lock, so that clients that start at once need not."""
        (self.folder / "Gemfile").write_text(text)
        if self.bundle:
            (self.folder / "Gemfile.lock").unlink(missing_ok=True)
            self._start([self.bundle, "install", "--local", "--quiet"], check=True)

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, *, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        gems = {"GEM_HOME": str(self.home), "BUNDLE_GEMFILE": str(self.folder / "Gemfile")}
        return start(command, folder=self.folder, environment={**gems, **(environment or {})}, check=check)
