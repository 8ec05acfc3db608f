"""What the gem leaves as it was: servers, explicit choices, public roots; and how it is switched off."""

import contextlib
import datetime as dt
import socket
import ssl
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from builder.prove.authority import Authority, Leaf, issue
from tests import jruby
from tests.runtime.gem.conftest import CLIENT, HERE, Home
from tests.tools import require

GET = "require 'net/http'; uri = URI(ARGV.shift); "
TRY = "begin; {}; puts 'accepted'; rescue OpenSSL::SSL::SSLError; puts 'refused'; end"
START = "Net::HTTP.start(uri.host, uri.port, use_ssl: true, {}) {{ |http| http.get('/') }}"


@pytest.mark.parametrize(
    "choice",
    [
        "ca_file: ARGV.first",
        "cert_store: OpenSSL::X509::Store.new.add_file(ARGV.first)",
        "cert_store: OpenSSL::X509::Store.new.tap { |store| store.add_file(ARGV.first) }",
    ],
)
def test_who_names_other_roots_gets_those_alone(
    choice: str, installed: Home, stranger: Authority, urls: list[str], tmp_path: Path
) -> None:
    """A ca_file or a cert_store of one's own trusts what it holds and nothing else."""
    (tmp_path / "own.pem").write_bytes(stranger.pem)
    program = GET + TRY.format(START.format(choice))
    verdicts = [
        installed.ruby(program, url, str(tmp_path / "own.pem"), RUBYOPT="-racme_ca") for url in urls[:2]
    ]
    assert verdicts == [["refused"], ["accepted"]]


def test_ssl_cert_file_means_that_file(
    installed: Home, stranger: Authority, urls: list[str], tmp_path: Path
) -> None:
    """With SSL_CERT_FILE in the environment nothing is added to what it names."""
    (tmp_path / "own.pem").write_bytes(stranger.pem)
    for client in ("net/http", "store"):
        verdicts = installed.client(client, "acme_ca", *urls[:2], SSL_CERT_FILE=str(tmp_path / "own.pem"))
        assert verdicts == ["refused", "accepted"]


def test_disabled_by_the_environment(installed: Home, urls: list[str]) -> None:
    """ACME_CA_DISABLE=1 switches the gem off for a process; 0 and nothing do not."""
    assert installed.client("net/http", "acme_ca", urls[0], ACME_CA_DISABLE="1") == ["refused"]
    assert installed.client("net/http", "acme_ca", urls[0], ACME_CA_DISABLE="0") == ["accepted"]
    assert installed.client("net/http", "acme_ca", urls[0], ACME_CA_DISABLE="") == ["accepted"]
    assert installed.ruby("require 'acme_ca'; p AcmeCa.activate!", ACME_CA_DISABLE="1") == ["false"]


def test_public_roots_still_count(installed: Home) -> None:
    """Every root of this machine verifies with the gem as it does without."""
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    if not bundle.exists():
        pytest.skip("this machine has no bundle of public roots")
    program = (
        "require 'openssl'; store = OpenSSL::X509::Store.new.tap(&:set_default_paths); "
        "File.read(ARGV.first).scan(/-----BEGIN.+?END CERTIFICATE-----/m)"
        ".map { |pem| puts store.verify(OpenSSL::X509::Certificate.new(pem)) }"
    )
    without = installed.ruby(program, str(bundle))
    assert without.count("true") > 100
    assert installed.ruby(program, str(bundle), RUBYOPT="-racme_ca") == without


def ask(port: int, client: Leaf, tmp_path: Path) -> None:
    """Connect to a TLS server with a client certificate and read what it says."""
    (tmp_path / "client.pem").write_bytes(client.chain + client.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(tmp_path / "client.pem")
    with socket.create_connection(("127.0.0.1", port), 10) as plain, context.wrap_socket(plain) as secured:
        secured.recv(100)


@pytest.fixture
def serves(acme: Authority, now: dt.datetime, tmp_path: Path) -> Callable[..., str]:
    """Run a Ruby TLS server that wants client certificates, and tell what it makes of one of Acme's."""

    def verdict(home: Home, *arguments: str, ruby: Sequence[str] = (require("ruby"),)) -> str:
        leaf = issue(acme, ["localhost"], now=now)
        command = [*ruby, str(HERE / "server.rb"), "acme_ca", *arguments]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(home.path), "GEM_HOME": str(home.path)}
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write((leaf.chain + leaf.key).decode())
            server.stdin.close()
            port = int(server.stdout.readline())
            client = issue(acme, ["device"], now=now, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
            with contextlib.suppress(OSError):  # what a client that is refused sees
                ask(port, client, tmp_path)
            return server.stdout.readline().strip()

    return verdict


@pytest.mark.parametrize("roots", ["params", "store", "used"])
def test_servers_accept_no_client_for_it(
    roots: str, installed: Home, serves: Callable[..., str], urls: list[str]
) -> None:
    """A server on the default store refuses Acme's client certificates, even when it is a client too."""
    assert serves(installed, roots, urls[0]) == "refused"


def test_a_server_of_jruby_accepts_no_client_for_it(
    installed: Home, serves: Callable[..., str], urls: list[str], acme: Authority, tmp_path: Path
) -> None:
    """JRuby's TLS library knows what these roots are trusted for; with a root of one's own it accepts."""
    command = [require("java"), "-XX:TieredStopAtLevel=1", "-jar", str(jruby.jar())]
    assert serves(installed, "used", urls[0], ruby=command) == "refused"
    (tmp_path / "clients.pem").write_bytes(acme.pem)
    assert serves(installed, "file", str(tmp_path / "clients.pem"), ruby=command) == "accepted"


@pytest.mark.parametrize("roots", ["file", "before", "after", "default"])
def test_a_server_that_trusts_acme_itself_still_does(
    roots: str, home: Home, installed: Home, serves: Callable[..., str], acme: Authority, tmp_path: Path
) -> None:
    """A server to which Acme's root was given accepts its client certificates as it does without the gem."""
    (tmp_path / "clients.pem").write_bytes(acme.pem)
    for place in (home, installed):
        assert serves(place, roots, str(tmp_path / "clients.pem")) == "accepted"


@pytest.fixture
def signer(acme: Authority, now: dt.datetime, tmp_path: Path) -> list[str]:
    """Return the files of Acme's root and of one to whom it issued a certificate for signatures."""
    leaf = issue(acme, ["signer"], now=now, usage=ExtendedKeyUsageOID.EMAIL_PROTECTION)
    (tmp_path / "root.pem").write_bytes(acme.pem)
    (tmp_path / "signer.pem").write_bytes(leaf.chain + leaf.key)
    return [str(tmp_path / "root.pem"), str(tmp_path / "signer.pem")]


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        ("store.set_default_paths", "false"),
        ("store.add_file(root); store.set_default_paths", "true"),
        ("store.set_default_paths; store.add_file(root)", "true"),
        ("store.set_default_paths; get(store); store.add_file(root)", "false"),
        ("store.set_default_paths; store.add_file(root); get(store)", "true"),
    ],
)
def test_a_signature_by_a_root_of_ones_own(
    steps: str, verdict: str, installed: Home, signer: list[str], urls: list[str]
) -> None:
    """A root that the program adds itself counts for signatures, if it comes before the store's first use."""
    program = (
        "require 'net/http'; root, signer, $url = ARGV; def get(store) = Net::HTTP.start("
        "'localhost', URI($url).port, use_ssl: true, cert_store: store) { |http| http.get('/') }; "
        "pem = File.read(signer); store = OpenSSL::X509::Store.new; "
        "signed = OpenSSL::PKCS7.sign(OpenSSL::X509::Certificate.new(pem), OpenSSL::PKey.read(pem), 'text'); "
        f"{steps}; puts signed.verify([], store)"
    )
    assert installed.ruby(program, *signer, urls[0], RUBYOPT="-racme_ca") == [verdict]


def writable(home: Home, name: str) -> Path:
    """Return a file of the installed gem that a test may spoil."""
    file = next(home.path.glob(f"gems/*/lib/acme_ca/{name}"))
    file.chmod(0o644)
    return file


def test_the_server_test_can_tell(
    home: Home, gem: Path, serves: Callable[..., str], acme: Authority, urls: list[str]
) -> None:
    """Were the anchors plain certificates, the server would accept: the refusal is due to their purpose."""
    home.install(gem)
    writable(home, "anchors/*.0").write_bytes(acme.pem)
    trust = writable(home, "trust.rb")
    trust.write_text(trust.read_text("utf-8").replace("faulty? || ", ""), "utf-8")
    assert serves(home, "used", urls[0]) == "accepted"


def test_a_library_that_ignores_purposes_gets_nothing(
    home: Home, gem: Path, acme: Authority, urls: list[str]
) -> None:
    """Where anchors would count for clients too, the gem says so and stays inactive."""
    home.install(gem)
    writable(home, "anchors/*.0").write_bytes(acme.pem)
    done = home.run(require("ruby"), str(CLIENT), "net/http", "acme_ca", urls[0])
    assert done.stdout.split() == ["refused"]
    assert "AcmeCa: not activated" in done.stderr


@pytest.mark.parametrize("file", ["anchors/*.0", "roots.pem"])
@pytest.mark.parametrize("fault", ["empty", "cut", "cut_by_a_byte", "gone", "binary", "words"])
def test_a_damaged_gem_gets_nothing(file: str, fault: str, home: Home, gem: Path, urls: list[str]) -> None:
    """With a damaged file of its own the gem says so and stays inactive; the program runs as without it."""
    home.install(gem)
    damaged = writable(home, file)
    whole = damaged.read_bytes()
    lines = whole.splitlines(keepends=True)
    last = lines[-2].strip().rstrip(b"=")
    damaged.write_bytes(
        {
            "empty": b"",
            "cut": whole[: len(whole) // 2],
            "cut_by_a_byte": b"".join([*lines[:-2], last[: (len(last) - 1) // 4 * 4], b"\n", lines[-1]]),
            "gone": whole,
            "binary": bytes(range(256)),
            "words": b"not a certificate\n",
        }[fault]
    )
    if fault == "gone":
        damaged.unlink()
    for client, feature in (("net/http", "acme_ca"), ("typhoeus", "acme_ca/typhoeus")):
        done = home.run(require("ruby"), str(CLIENT), client, feature, urls[0])
        assert done.stdout.split() == ["refused"]
        assert "AcmeCa: not activated, because the files in" in done.stderr
    done = home.run(require("ruby"), "-r", "acme_ca", "-e", "p AcmeCa.activate!")
    assert done.stdout == "false\n"


def test_no_certificates(home: Home, gem: Path) -> None:
    """A gem without certificates is inactive and has nothing to say."""
    home.install(gem)
    writable(home, "anchors/*.0").unlink()
    writable(home, "roots.pem").write_bytes(b"")
    assert home.ruby("require 'acme_ca'; p AcmeCa.activate!; require 'acme_ca/typhoeus'") == ["false"]


def test_files_that_go_while_a_program_runs(home: Home, gem: Path, urls: list[str]) -> None:
    """A program whose gem is removed under it makes its connections without these roots, and says why."""
    home.install(gem)
    program = (
        "require 'acme_ca'; require 'net/http'; require 'fileutils'; "
        "FileUtils.rm_r(File.dirname(AcmeCa.path)); "
        f"ARGV.each {{ |url| {TRY.format('Net::HTTP.get(URI(url))')} }}"
    )
    done = home.run(require("ruby"), "-e", program, *urls[:2])
    assert done.stdout.split() == ["refused", "refused"]
    assert done.stderr.count("AcmeCa: not trusted, because the files in") == 1
