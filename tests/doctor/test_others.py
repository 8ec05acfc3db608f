"""What the doctor says of Go and Ruby, held to what they then do."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from builder.x509.trusted import trusted_pem
from tests import golang, releases
from tests.doctor.asking import accepts
from tests.doctor.machine import Machine, here, state
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.prove.authority import Authority
    from builder.prove.server import Listener

_RUBY = "require 'net/http'; Net::HTTP.get(URI(ARGV.first)) rescue exit(1)"


@pytest.fixture(scope="session")
def goask(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile a Go program that does what most do."""
    module = Path(__file__).parent / "goask"
    program = tmp_path_factory.mktemp("goask") / "goask"
    return golang.build(golang.compiler(module), module, ".", program)


def _ways(tmp_path: Path, acme: Authority, other: Authority) -> dict[str, Mapping[str, str]]:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/any-name.pem").write_bytes(acme.pem)
    (tmp_path / "ours/trusted.txt").write_text(trusted_pem(acme.certificate.public_bytes(Encoding.DER)))
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/other.pem").write_bytes(other.pem)
    ours, theirs = str(tmp_path / "ours"), str(tmp_path / "theirs")
    return {
        "nothing": {},
        "file": {"SSL_CERT_FILE": f"{ours}/any-name.pem"},
        "folder": {"SSL_CERT_DIR": ours},
        "second folder": {"SSL_CERT_DIR": f"{theirs}:{ours}"},
        "other file, our folder": {"SSL_CERT_FILE": f"{theirs}/other.pem", "SSL_CERT_DIR": ours},
        "others": {"SSL_CERT_FILE": f"{theirs}/other.pem", "SSL_CERT_DIR": theirs},
        "a file that is gone": {"SSL_CERT_FILE": f"{theirs}/gone.pem"},
        "what OpenSSL alone reads": {"SSL_CERT_FILE": f"{ours}/trusted.txt"},
    }


def test_go_trusts_as_the_doctor_says(
    tmp_path: Path, acme: Authority, other: Authority, server: Listener, goask: Path
) -> None:
    """Each variable stands for its half of what Go looks for, and any file of a folder counts."""
    said, done = {}, {}
    for way, chosen in _ways(tmp_path, acme, other).items():
        said[way] = state(here(tmp_path / "ours", **chosen).row("go", "Go programs", acme)) == "valid"
        done[way] = accepts(server, [goask, "{url}"], chosen)
    assert said == done
    assert {way for way, is_valid in said.items() if is_valid} == {
        "file", "folder", "second folder", "other file, our folder",
    }  # fmt: skip


def test_go_is_mended_by_what_stands_in_the_way(tmp_path: Path, acme: Authority, pem: Path) -> None:
    """Where variables decide, the line takes them away; elsewhere it installs into the system's store."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text('ID=ubuntu\nID_LIKE="debian"\n')
    assert Machine(str(tmp_path)).row("go", "Go", acme)["mend"] == "apt install acme-ca-certs"
    assert here(tmp_path, SSL_CERT_FILE=str(pem)).row("go", "Go", acme)["mend"] == "unset SSL_CERT_FILE"


def test_our_gem_says_who_trusts_by_it(
    tmp_path: Path, acme: Authority, other: Authority, server: Listener
) -> None:
    """A gem trusts for the gem command once it is installed, for a program once that requires it."""
    [gem] = releases.build(tmp_path / "built", "acme", [acme], target="gem", release="2026.1")
    home = tmp_path / "gems-home"
    chosen = {"GEM_HOME": str(home), "GEM_PATH": str(home)}
    words = [require("gem"), "install", "--local", "--no-document", "--install-dir", str(home), str(gem)]
    subprocess.run(
        words, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}, check=True, capture_output=True
    )
    row = here(home).row("ruby", "gem acme-ca-1.", acme)
    assert (state(row), row["effective"]) == ("valid", True)
    assert state(here(home).row("ruby", "gem acme-ca-1.", other)) == "missing"
    ruby = [require("ruby"), "-e", _RUBY, "{url}"]
    assert not accepts(server, ruby, chosen)
    assert accepts(server, [ruby[0], "-r", "acme_ca", *ruby[1:]], chosen)
    fetch = [require("gem"), "fetch", "no-such-gem", "--clear-sources", "--source", "{url}"]
    assert accepts(server, fetch, chosen)
    [plugin] = (home / "plugins").iterdir()
    plugin.unlink()
    assert here(home).row("ruby", "gem acme-ca-1.", acme)["effective"] is None
    assert not accepts(server, fetch, chosen)


def test_a_ruby_with_an_openssl_of_its_own_has_a_row(tmp_path: Path, acme: Authority) -> None:
    """What ruby-build compiles reads a store below itself."""
    ssl = tmp_path / "home/ann/.rbenv/versions/3.4.1/openssl/ssl"
    (ssl / "certs").mkdir(parents=True)
    (ssl / "cert.pem").write_bytes(acme.pem)
    row = Machine(str(tmp_path)).row("ruby", "Ruby's own OpenSSL (rbenv)", acme)
    assert (state(row), row["user"], row["mend"]) == ("valid", "ann", "gem install acme-ca")
