"""The HTTP/2 of the proof's server: who is offered it, and that it is one to clients that others wrote."""

import contextlib
import datetime as dt
import io
import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.prove import authority, http2
from builder.prove.server import Listener, listen
from tests.tools import require

NOW = dt.datetime.now(dt.UTC)
ROOT = authority.create("Root", now=NOW)
LEAF = authority.issue(ROOT, ["localhost"], now=NOW)
# Node's own client, which is nghttp2's: a ping, and a request with a body.
NODE = """
const session = require('node:http2').connect(process.argv[1], { ca: process.argv[2] });
const seen = { responses: [] };
session.on('goaway', (code) => (seen.goaway = code));
session.on('close', () => console.log(JSON.stringify(seen)));
session.on('remoteSettings', () => session.ping((error) => {
  seen.ping = error;
  const request = session.request({ ':method': 'POST', ':path': '/' });
  const one = { data: '' };
  request.on('response', (headers) => (one.status = headers[':status']));
  request.on('trailers', (trailers) => (one.trailers = { ...trailers }));
  request.on('data', (data) => (one.data += data.toString('hex')));
  request.on('close', () => seen.responses.push({ ...one, code: request.rstCode }));
  request.end('a body of its own');
}));
"""


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Serve the leaf."""
    with listen(LEAF) as found:
        yield found


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["h2"], "h2"),
        (["h2", "http/1.1"], "http/1.1"),
        (["http/1.1", "h2"], "http/1.1"),
        (["http/1.1"], "http/1.1"),
        (["spdy/1"], None),
        ([], None),
    ],
)
def test_who_can_do_without_is_not_given_it(
    listener: Listener, offered: list[str], chosen: str | None
) -> None:
    """HTTP/2 is for clients that offer nothing else; all others go on as ever."""
    context = ssl.create_default_context(cadata=ROOT.pem.decode())
    if offered:
        context.set_alpn_protocols(offered)
    with (
        socket.create_connection(("127.0.0.1", listener.port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        assert secured.selected_alpn_protocol() == chosen


def test_curl_stays_with_http_1(listener: Listener, tmp_path: Path) -> None:
    """Though it asks for HTTP/2 where a server has it."""
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    words = ["--http2", "--silent", "--write-out", "%{http_version}", "--cacert", "root.pem"]
    done = subprocess.run(
        [require("curl"), *words, f"https://localhost:{listener.port}/"],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "trusted\n1.1")


def test_a_foreign_client_is_answered_and_sent_off(listener: Listener) -> None:
    """Settings, ping, a call's headers, message and status, and a farewell without an error."""
    url = f"https://localhost:{listener.port}/"
    done = subprocess.run(
        [require("node"), "--dns-result-order=ipv4first", "-e", NODE, url, ROOT.pem.decode()],
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "ping": None,
        "goaway": 0,
        "responses": [
            {
                "status": 200,
                "data": (b"\x00\x00\x00\x00\x08" + b"trusted\n").hex(),
                "trailers": {"grpc-status": "0"},
                "code": 0,
            }
        ],
    }
    assert listener.seen().requests == 1


def test_a_handshake_is_no_request(listener: Listener) -> None:
    """A client may judge a host's name after the handshake: its settings alone have accepted nothing."""
    context = ssl.create_default_context(cadata=ROOT.pem.decode())
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", listener.port), 10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        secured.sendall(http2.PREFACE + http2.SETTINGS)
        received = b""
        while len(received) < 18:
            received += secured.recv(18)
    assert received == http2.SETTINGS + bytes(http2.Frame(4, 1, 0))
    assert (listener.seen().connections, listener.seen().requests) == (1, 0)


@pytest.mark.parametrize("size", [0, 5, 9, 12])
def test_a_frame_that_is_cut_off_is_none(size: int) -> None:
    """In its head, or in its payload."""
    whole = bytes(http2.Frame(6, 0, 0, b"12345678"))
    assert http2.read(io.BytesIO(whole[:size])) is None
    assert http2.read(io.BytesIO(whole)) == http2.Frame(6, 0, 0, b"12345678")


def test_whether_a_server_speaks_it_is_known_from_the_server(listener: Listener) -> None:
    """Ours does; one that is not there does not."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as nobody:
        port = nobody.getsockname()[1]
    assert http2.spoken(f"https://localhost:{listener.port}/")
    assert not http2.spoken(f"https://localhost:{port}/")
