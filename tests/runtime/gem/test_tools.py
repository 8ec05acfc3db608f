"""Programs that load the gem in their own ways: Bundler, the gem command, Puma."""

import contextlib
import datetime as dt
import functools
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove.authority import Authority, issue
from builder.prove.server import server_context
from tests.runtime.gem.conftest import CLIENT, Home
from tests.tools import require

# An index as `gem generate_index` makes it, which is no longer part of RubyGems itself.
INDEX = """
require 'fileutils'; require 'rubygems/package'; require 'zlib'
spec = Gem::Package.new(Dir['gems/*.gem'].first).spec
line = [[spec.name, spec.version, spec.original_platform]]
{ 'specs' => line, 'latest_specs' => line, 'prerelease_specs' => [] }.each do |name, specs|
  File.binwrite("#{name}.4.8.gz", Gem::Util.gzip(Marshal.dump(specs)))
end
FileUtils.mkdir_p('quick/Marshal.4.8')
File.binwrite("quick/Marshal.4.8/#{spec.full_name}.gemspec.rz", Zlib::Deflate.deflate(Marshal.dump(spec)))
"""
HELLO = """
Gem::Specification.new do |spec|
  spec.name = 'hello'
  spec.version = '1.0'
  spec.summary = spec.author = 'hello'
  spec.files = ['lib/hello.rb']
end
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, acme: Authority, now: dt.datetime) -> Iterator[str]:
    """Start a gem server that has Acme's certificate, and one gem, hello."""
    site = tmp_path_factory.mktemp("site")
    home = Home(tmp_path_factory.mktemp("maker"))
    (home.path / "lib").mkdir()
    (home.path / "lib" / "hello.rb").write_text("puts 'hello'\n")
    (home.path / "hello.gemspec").write_text(HELLO)
    home.run(require("gem"), "build", "hello.gemspec")
    (site / "gems").mkdir()
    shutil.copy(home.path / "hello-1.0.gem", site / "gems")
    home.run(require("ruby"), "-C", str(site), "-e", INDEX)
    handler = functools.partial(Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # refused handshakes are expected
    context = server_context(issue(acme, ["localhost"], now=now))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_bundler_requires_it(installed: Home, urls: list[str], tmp_path: Path) -> None:
    """A Gemfile that names the gem is all it takes: Bundler.require activates it."""
    (tmp_path / "Gemfile").write_text("gem 'acme-ca'\n")
    bundler = {"BUNDLE_GEMFILE": str(tmp_path / "Gemfile"), "RUBYOPT": "-W0"}
    program = "Bundler.require; load ARGV.shift"
    client = [str(CLIENT), "net/http", "uri", *urls]
    done = installed.run(require("bundle"), "exec", require("ruby"), "-e", program, *client, **bundler)
    assert done.stdout.split() == ["accepted", "refused", "refused", "refused"]


def test_rubyopt_where_a_gemfile_hides_it(installed: Home, urls: list[str], tmp_path: Path) -> None:
    """The environment that the gem names works under a Gemfile that does not."""
    (tmp_path / "Gemfile").write_text("")
    (option,) = installed.ruby("require 'acme_ca'; puts AcmeCa.env['RUBYOPT']")
    bundler = {"BUNDLE_GEMFILE": str(tmp_path / "Gemfile")}
    client = [str(CLIENT), "net/http", "uri", urls[0]]
    run = [require("bundle"), "exec", require("ruby"), *client]
    assert installed.run(*run, **bundler).stdout.split() == ["refused"]
    assert installed.run(*run, **bundler, RUBYOPT=option).stdout.split() == ["accepted"]


def test_the_gem_command(home: Home, gem: Path, source: str) -> None:
    """`gem fetch` reaches an internal source as soon as the gem is installed, and no longer than that."""
    fetch = [require("gem"), "fetch", "hello", "--clear-sources", "--source", source]
    assert "certificate verify failed" in home.attempt(*fetch).stderr
    home.install(gem)
    home.run(*fetch)
    (home.path / "hello-1.0.gem").unlink()
    home.uninstall("acme-ca")
    assert "certificate verify failed" in home.attempt(*fetch).stderr


def test_the_bundle_command(installed: Home, source: str, tmp_path: Path) -> None:
    """`bundle install` loads no plugin of RubyGems, and reaches an internal source with the environment."""
    (tmp_path / "Gemfile").write_text(f"source '{source}'\ngem 'hello'\n")
    (option,) = installed.ruby("require 'acme_ca'; puts AcmeCa.env['RUBYOPT']")
    bundler = {"BUNDLE_GEMFILE": str(tmp_path / "Gemfile"), "BUNDLE_PATH": str(tmp_path / "vendor")}
    install = [require("bundle"), "install", "--retry", "0"]
    without = installed.attempt(*install, **bundler)
    assert "SSL" in without.stdout + without.stderr
    assert without.returncode != 0
    installed.run(*install, **bundler, RUBYOPT=option)
    assert list(tmp_path.glob("vendor/ruby/*/gems/hello-1.0/lib/hello.rb")) != []


def test_puma(
    installed: Home, acme: Authority, stranger: Authority, now: dt.datetime, tmp_path: Path
) -> None:
    """Puma accepts client certificates of the CA it was given, and none of Acme's for the gem's sake."""
    leaf = issue(acme, ["localhost"], now=now)
    (tmp_path / "chain.pem").write_bytes(leaf.chain)
    (tmp_path / "key.pem").write_bytes(leaf.key)
    (tmp_path / "clients.pem").write_bytes(stranger.pem)
    (tmp_path / "config.ru").write_text("run ->(_) { [200, {}, ['trusted']] }\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    query = "&".join(
        f"{key}={tmp_path / name}.pem" for key, name in [("key", "key"), ("cert", "chain"), ("ca", "clients")]
    )
    bind = f"ssl://127.0.0.1:{port}?{query}&verify_mode=force_peer"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "GEM_HOME": str(installed.path)}
    command = [require("puma"), "--bind", bind, "--threads", "1:1", str(tmp_path / "config.ru")]
    with subprocess.Popen(
        command, env=environment | {"RUBYOPT": "-racme_ca"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as puma:
        try:
            assert puma.stdout is not None
            while b"Ctrl-C" not in puma.stdout.readline():
                assert puma.poll() is None
            answers = [get(port, authority, now, tmp_path) for authority in (stranger, acme)]
        finally:
            puma.terminate()
    assert answers == ["trusted", "refused"]


def get(port: int, authority: Authority, now: dt.datetime, tmp_path: Path) -> str:
    """Ask a server for / with a client certificate of `authority`."""
    client = issue(authority, ["device"], now=now, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    (tmp_path / "client.pem").write_bytes(client.chain + client.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(tmp_path / "client.pem")
    with (
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain) as secured,
    ):
        secured.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(functools.partial(secured.recv, 4096), b""))
        return "trusted" if answer.endswith(b"trusted") else "refused"
    return "refused"
