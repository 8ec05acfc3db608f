"""Programs that load the gem in their own ways: Bundler, the gem command, Puma."""

import contextlib
import datetime as dt
import functools
import http.server
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove.authority import Authority, Leaf, issue
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
# What the gem command says, and what Bundler makes of the same.
REFUSED = re.compile("certificate verify failed|Could not verify the SSL certificate")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a gem server with one gem, hello."""
    site = tmp_path_factory.mktemp("site")
    home = Home(tmp_path_factory.mktemp("maker"))
    (home.path / "lib").mkdir()
    (home.path / "lib" / "hello.rb").write_text("puts 'hello'\n")
    (home.path / "hello.gemspec").write_text(HELLO)
    home.run(require("gem"), "build", "hello.gemspec")
    (site / "gems").mkdir()
    shutil.copy(home.path / "hello-1.0.gem", site / "gems")
    home.run(require("ruby"), "-C", str(site), "-e", INDEX)
    return site


@contextlib.contextmanager
def offer(site: Path, leaf: Leaf) -> Iterator[str]:
    """Serve a folder over HTTPS with `leaf` while the block runs; yield the URL."""
    handler = functools.partial(Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # refused handshakes are expected
    server.socket = server_context(leaf).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def sources(site: Path, leaves: list[Leaf]) -> Iterator[list[str]]:
    """Start four gem servers: Acme's, one of another CA, one with another name, one that has expired."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(offer(site, leaf)) for leaf in leaves]


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


def test_the_gem_command(home: Home, gem: Path, sources: list[str]) -> None:
    """`gem fetch` reaches an internal source as soon as the gem is installed, and no longer than that."""

    def verdict(source: str) -> str:
        fetch = [require("gem"), "fetch", "hello", "--clear-sources", "--source", source]
        done = home.attempt(*fetch)  # some versions of RubyGems call a failure a success
        if (home.path / "hello-1.0.gem").exists():
            (home.path / "hello-1.0.gem").unlink()
            return "accepted"
        assert REFUSED.search(done.stderr), done.stderr
        return "refused"

    assert verdict(sources[0]) == "refused"
    home.install(gem)
    assert [verdict(source) for source in sources] == ["accepted", "refused", "refused", "refused"]
    home.uninstall("acme-ca")
    assert verdict(sources[0]) == "refused"


def test_the_bundle_command(installed: Home, sources: list[str], tmp_path: Path) -> None:
    """`bundle install` loads no plugin of RubyGems, and reaches an internal source with the environment."""
    (option,) = installed.ruby("require 'acme_ca'; puts AcmeCa.env['RUBYOPT']")

    def verdict(source: str, **environment: str) -> str:
        project = Path(tempfile.mkdtemp(dir=tmp_path))
        (project / "Gemfile").write_text(f"source '{source}'\ngem 'hello'\n")
        bundler = {"BUNDLE_GEMFILE": str(project / "Gemfile"), "BUNDLE_PATH": str(project / "vendor")}
        done = installed.attempt(require("bundle"), "install", "--retry", "0", **bundler, **environment)
        if done.returncode == 0:
            assert list(project.glob("vendor/ruby/*/gems/hello-1.0/lib/hello.rb")) != []
            return "accepted"
        assert REFUSED.search(done.stdout + done.stderr), done.stdout + done.stderr
        return "refused"

    assert verdict(sources[0]) == "refused"
    verdicts = [verdict(source, RUBYOPT=option) for source in sources]
    assert verdicts == ["accepted", "refused", "refused", "refused"]


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
