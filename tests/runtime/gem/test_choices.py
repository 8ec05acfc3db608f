"""Variables that name roots: the public ones are no choice of others; any other value counts alone."""

import csv
import os
import re
import ssl
from pathlib import Path

import certifi
import pytest

from builder.lint import known
from builder.load import load
from builder.prove.authority import Authority
from tests.lint import known_roots
from tests.runtime.gem.conftest import Home

ROOT = Path(__file__).parents[3]
_OLD = b"ISRG Root X1"
SYSTEM = Path("/etc/ssl/certs/ca-certificates.crt")


@pytest.mark.parametrize("place", ["path", "link", "library", "with_these"])
def test_a_file_that_names_the_public_roots(
    place: str, installed: Home, acme: Authority, public_roots: Path, urls: list[str], tmp_path: Path
) -> None:
    """SSL_CERT_FILE with the system's bundle, by any name, or a library's is no choice of other roots."""
    (tmp_path / "link.pem").symlink_to(SYSTEM)
    (tmp_path / "these.pem").write_bytes(public_roots.read_bytes() + acme.pem)
    file = {
        "path": SYSTEM,
        "link": tmp_path / "link.pem",
        "library": public_roots,
        "with_these": tmp_path / "these.pem",
    }[place]
    for client in ("net/http", "store"):
        answers = installed.client(client, "acme_ca", *urls[:2], SSL_CERT_FILE=str(file))
        assert answers == ["accepted", "refused"]


def test_a_folder_that_names_the_public_roots(installed: Home, urls: list[str], tmp_path: Path) -> None:
    """SSL_CERT_DIR with the system's folder is no choice either; with another one beside it, it is."""
    (tmp_path / "link").symlink_to("/etc/ssl/certs")
    for folder in ("/etc/ssl/certs", f"{tmp_path}/link"):
        assert installed.client("store", "acme_ca", urls[0], SSL_CERT_DIR=folder) == ["accepted"]
    both = f"/etc/ssl/certs:{tmp_path}"
    assert installed.client("store", "acme_ca", urls[0], SSL_CERT_DIR=both) == ["refused"]


def _blocks(file: Path) -> list[str]:
    return re.findall("-----BEGIN CERTIFICATE.+?END CERTIFICATE-----\n", file.read_text("utf-8"), re.DOTALL)


def _is_public(block: str) -> bool:
    """Tell whether the linter knows a root of certifi; some machines add their own to its file."""
    (certificate,) = load(["-"], stdin=block.encode()).certificates
    return known.look_up(certificate) is not None


@pytest.mark.parametrize("choice", ["selection", "less", "more", "otherwise", "missing", "empty"])
def test_any_other_file_is_a_choice(
    choice: str,
    installed: Home,
    stranger: Authority,
    public_roots: Path,
    urls: list[str],
    tmp_path: Path,
) -> None:
    """A few public roots, all but one, all and another one, and a path that leads nowhere count alone."""
    file = tmp_path / "own.pem"
    if choice == "selection":
        file.write_text("".join(_blocks(public_roots)[:20]), "utf-8")
    if choice == "less":
        listed = [block for block in _blocks(Path(certifi.where())) if _is_public(block)]
        file.write_text("".join(listed), "utf-8")
        assert installed.client("store", "acme_ca", urls[0], SSL_CERT_FILE=str(file)) == ["accepted"]
        fewer = [block for block in listed if _OLD not in ssl.PEM_cert_to_DER_cert(block)]
        assert len(fewer) == len(listed) - 1
        file.write_text("".join(fewer), "utf-8")
    if choice == "more":
        file.write_bytes(public_roots.read_bytes() + stranger.pem)
    if choice == "otherwise":  # OpenSSL's second name for a certificate
        block = stranger.pem.replace(b" CERTIFICATE-", b" X509 CERTIFICATE-")
        file.write_bytes(public_roots.read_bytes() + block)
    named = "" if choice == "empty" else str(file)
    assert installed.client("store", "acme_ca", urls[0], SSL_CERT_FILE=named) == ["refused"]


def test_a_pipe_is_left_for_whom_it_is_meant(installed: Home, tmp_path: Path) -> None:
    """It can be read once, and one that nobody writes to would be waited for without end."""
    os.mkfifo(tmp_path / "pipe")
    asked = "require 'acme_ca'; puts AcmeCa.kind('SSL_CERT_FILE', ARGV[0])"
    assert installed.ruby(asked, str(tmp_path / "pipe")) == ["own"]


# What a context names is read when its connection is made, which may be later.
_CHANGED = """
require 'acme_ca'
require 'socket'
file, other, port = ARGV
puts([false, true].map do |changes|
  context = OpenSSL::SSL::SSLContext.new
  context.set_params(ca_file: file)
  File.write(file, File.read(other)) if changes
  socket = OpenSSL::SSL::SSLSocket.new(TCPSocket.new('localhost', port.to_i), context)
  socket.hostname = 'localhost'
  socket.connect && 'accepted'
rescue OpenSSL::SSL::SSLError
  'refused'
end)
"""


def test_a_file_that_changes_after_it_was_named(
    installed: Home, stranger: Authority, public_roots: Path, urls: list[str], tmp_path: Path
) -> None:
    """A file that has other roots by the time of the connection counts alone."""
    file, other = tmp_path / "named.pem", tmp_path / "other.pem"
    file.write_bytes(public_roots.read_bytes())
    other.write_bytes(stranger.pem)
    port = urls[0].rstrip("/").rpartition(":")[2]
    assert installed.ruby(_CHANGED, str(file), str(other), port) == ["accepted", "refused"]


def test_the_public_roots_are_those_that_the_linter_knows(request: pytest.FixtureRequest) -> None:
    """By half of their SHA-256: what Mozilla trusts, since when, or once did; none whose key is known."""
    path = ROOT / "templates/gem/public_roots.txt"
    with (ROOT / "builder/lint/known_roots.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["status"] in {"public", "removed"}]
    lines = sorted(f"{row['sha256'][:32]} {known_roots.day(row)}".strip() for row in rows)
    expected = "".join(f"{line}\n" for line in lines)
    if request.config.getoption("--update-golden"):
        path.write_text(expected, "utf-8")
    assert path.read_text("utf-8") == expected, "pytest --update-golden refreshes it"
