"""Bundles from pinned https addresses, as step-ca, Vault and EST servers answer, from a local server."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from builder.load import load, url
from builder.prove.authority import Leaf
from builder.prove.server import server_context
from tests.lint import forge
from tests.lint.faults.stores import pkcs7

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PROJECT = Path(__file__).parents[2]
_ROOT = forge.certificate()
_OTHER = forge.certificate(forge.elliptic(8), subject=forge.name("Throw-Away Other Root"))
_PEM = forge.pem(_ROOT)
_BOTH = _PEM + forge.pem(_OTHER)


class _Handler(http.server.BaseHTTPRequestHandler):
    answers: ClassVar[dict[str, tuple[int, bytes]]] = {
        # https://smallstep.com/docs/step-ca/certificate-authority-server-production
        "/roots.pem": (200, _BOTH),
        # https://developer.hashicorp.com/vault/api-docs/secret/pki#read-ca-certificate: no newline at the end
        "/v1/pki/ca/pem": (200, _PEM.rstrip()),
        # RFC 7030 section 4.1.3: base64 of a certs-only CMS structure
        "/.well-known/est/cacerts": (200, base64.encodebytes(pkcs7(_ROOT, _OTHER))),
        "/v1/pki/ca": (200, _ROOT),
        "/empty": (200, b""),
        "/missing": (404, _BOTH),
        "/moved": (302, _BOTH),
        "/large": (200, b"-" * (5 * 1024 * 1024)),
    }

    def do_GET(self) -> None:
        status, body = self.answers[self.path]
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/roots.pem")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _tls(listener: socket.socket) -> socket.socket:
    """Let a listener speak TLS with a certificate of a CA that nobody trusts yet."""
    leaf = Leaf(forge.pem(forge.leaf(forge.elliptic())), forge.elliptic(1001).encoded(pem=True))
    return server_context(leaf).wrap_socket(listener, server_side=True)


@contextlib.contextmanager
def _saying(words: Iterable[bytes]) -> Iterator[str]:
    """Run a server that says `words` to the first who asks, whatever the question."""
    listener = _tls(socket.create_server(("127.0.0.1", 0)))

    def answer() -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as connection:
            connection.recv(65536)
            for word in words:
                connection.sendall(word)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    with listener:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    thread.join()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run an HTTPS server with what CAs answer."""
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listener.socket = _tls(listener.socket)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.server_address[1]}"
    listener.shutdown()
    listener.server_close()
    thread.join()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("path", "held", "warnings"),
    [
        ("/roots.pem", [_ROOT, _OTHER], []),
        ("/v1/pki/ca/pem", [_ROOT], ["no-final-newline"]),
        ("/.well-known/est/cacerts", [_ROOT, _OTHER], ["bare-base64"]),
        ("/v1/pki/ca", [_ROOT], []),
    ],
)
def test_an_address_pinned_by_its_certificates(
    server: str, path: str, held: list[bytes], warnings: list[str]
) -> None:
    """step-ca's, Vault's and EST's answers are read when all their certificates are the pinned ones."""
    pins = ",".join(_sha256(der) for der in reversed(held))

    loading = load([f"{server}{path}#sha256={pins}"])

    assert held == [certificate.der for certificate in loading.certificates]
    assert warnings == [finding.rule for finding in loading.findings]


def test_an_address_pinned_by_its_content(server: str) -> None:
    """The SHA-256 of the whole answer, in either case and with colons, is a pin as well."""
    digest = _sha256(_BOTH).upper()
    colons = ":".join(digest[i : i + 2] for i in range(0, 64, 2))

    loading = load([f"{server}/roots.pem#sha256={colons}"])

    assert [certificate.der for certificate in loading.certificates] == [_ROOT, _OTHER]
    assert loading.findings == ()


@pytest.mark.parametrize(
    ("path", "pin", "rule"),
    [
        ("/roots.pem", _sha256(b"another"), "url-mismatch"),
        ("/roots.pem", _sha256(_ROOT), "url-mismatch"),
        ("/v1/pki/ca", f"{_sha256(_ROOT)},{_sha256(_OTHER)}", "url-mismatch"),
        ("/empty", _sha256(_ROOT), "url-mismatch"),
        ("/missing", _sha256(_BOTH), "url-failed"),
        ("/moved", _sha256(_BOTH), "url-failed"),
        ("/large", _sha256(_BOTH), "url-failed"),
        ("/roots.pem", "", "url-not-pinned"),
        ("/roots.pem", "abc", "url-not-pinned"),
    ],
)
def test_nothing_but_the_pinned_content_is_used(server: str, path: str, pin: str, rule: str) -> None:
    """Any other answer, none, and an address without a full pin give one error and no certificate."""
    loading = load([f"{server}{path}#sha256={pin}"])

    assert loading.certificates == ()
    assert [rule] == [finding.rule for finding in loading.findings]


def test_plain_http_is_refused() -> None:
    """An http address is refused even with a pin: a pin does not hide what is asked for."""
    loading = load([f"http://127.0.0.1:1/roots.pem#sha256={_sha256(_BOTH)}"])

    assert [finding.rule for finding in loading.findings] == ["url-not-pinned"]


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1:1", "https://127.0.0.1:x/", "https://[::1", "https://"]
)
def test_no_server(address: str) -> None:
    """An address where nobody answers, or that is none, is an error and not a crash."""
    loading = load([f"{address}#sha256={_sha256(_BOTH)}"])

    assert [finding.rule for finding in loading.findings] == ["url-failed"]


def _slowly(piece: bytes) -> Iterator[bytes]:
    while True:
        time.sleep(0.1)
        yield piece


_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 ", b"HTTP/9 200 ", _CHUNKED], ids=len)
def test_an_answer_that_is_not_http_is_not_shown(head: bytes) -> None:
    """What a server says instead of HTTP can be a private key: the kind of the error is all that is told."""
    key = base64.b64encode(forge.elliptic().encoded())

    with _saying([head + key + b"\r\n\r\n"]) as address:
        loading = load([f"{address}/#sha256={_sha256(_BOTH)}"])

    assert [finding.rule for finding in loading.findings] == ["url-failed"]
    assert not any(key[at : at + 12].decode() in repr(loading) for at in range(len(key) - 11))


@pytest.mark.parametrize(
    "piece", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"H"], ids=["100", "200", "slow"]
)
def test_an_answer_without_end_is_cut_off(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for an answer is that of all its parts together, whatever they are."""
    monkeypatch.setattr(url, "_SECONDS", 1)
    begin = time.monotonic()

    with _saying(_slowly(piece)) as address:
        loading = load([f"{address}/#sha256={_sha256(_BOTH)}"])
        seconds = time.monotonic() - begin

    assert ["answer takes longer" in finding.message for finding in loading.findings] == [True]
    assert seconds < 2


def test_a_configuration_keeps_the_address(server: str, tmp_path: Path) -> None:
    """What init writes down, a build from another folder fetches again."""
    address = f"{server}/roots.pem#sha256={_sha256(_BOTH)}"
    config = tmp_path / "conf" / "trustpack.yaml"
    config.parent.mkdir()

    for arguments in (
        ("init", address, "--org", "acme", "--config", config),
        ("build", "--config", config, "--target", "pem", "--out", tmp_path / "dist"),
        ("build", address, "--config", config, "--target", "pem", "--out", tmp_path / "dist"),
    ):
        command = ["env", "-i", f"PYTHONPATH={_PROJECT}", sys.executable, "-m", "builder", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        # What init recommends, and what build has done, are no complaints.
        told = [
            line for line in done.stderr.splitlines() if not line.startswith(("built ", "note: anybody "))
        ]
        assert (done.returncode, told) == (0, [])


def test_an_address_with_a_password_is_refused_and_not_shown(server: str) -> None:
    """It would not be sent, and must not end up in logs."""
    address = f"{server.replace('://', '://user:hunter2@')}/roots.pem#sha256={_sha256(_BOTH)}"

    loading = load([address])

    assert [finding.rule for finding in loading.findings] == ["url-failed"]
    assert "hunter2" not in repr(loading)
