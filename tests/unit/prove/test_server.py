"""The HTTPS server of the proofs: what it serves, to whom, and that its key stays in memory."""

import contextlib
import datetime as dt
import http.client
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builder.prove import authority
from builder.prove.server import serve
from tests.tools import require, require_linux

NOW = dt.datetime.now(dt.UTC)
ROOT = authority.create("Root", now=NOW)
LEAF = authority.issue(ROOT, ["localhost", "127.0.0.1"], now=NOW)


def trusting(*roots: authority.Authority) -> ssl.SSLContext:
    """Return a client's context that trusts these roots only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for root in roots:
        context.load_verify_locations(cadata=root.pem.decode())
    return context


def get(port: int, context: ssl.SSLContext, host: str = "localhost") -> tuple[int, bytes]:
    """Ask the server for / as any program would, through no proxy."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    with opener.open(f"https://{host}:{port}/", timeout=10) as response:
        return response.status, response.read()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Serve the leaf for all tests of this module."""
    with serve(LEAF) as found:
        yield found


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_trusts_the_root_is_served(port: int, host: str, version: ssl.TLSVersion) -> None:
    """By name and by address, in both versions of TLS."""
    context = trusting(ROOT)
    context.minimum_version = context.maximum_version = version
    assert get(port, context, host) == (200, b"trusted\n")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_head_is_a_get_without_its_body(port: int, method: str) -> None:
    """Some clients ask so first."""
    connection = http.client.HTTPSConnection("localhost", port, context=trusting(ROOT), timeout=10)
    with contextlib.closing(connection):
        connection.request(method, "/any/path")
        response = connection.getresponse()
        assert (response.status, response.getheader("Content-Length")) == (200, "8")
        assert response.read() == (b"trusted\n" if method == "GET" else b"")


def test_a_client_that_does_not_trust_the_root_refuses(port: int) -> None:
    """With no root, and with another root of the same name."""
    for context in (trusting(), trusting(authority.create("Root", now=NOW))):
        with pytest.raises(urllib.error.URLError) as caught:
            get(port, context)
        assert isinstance(caught.value.reason, ssl.SSLCertVerificationError)


def test_refusals_never_hold_up_the_next_client(port: int) -> None:
    """A silent connection, noise and refusing clients at once: those who trust are served."""
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        noisy = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        noisy.sendall(b"GET / HTTP/1.0\r\n\r\n")

        def ask(number: int) -> object:
            try:
                return get(port, trusting(*([ROOT] if number % 2 else [])))
            except urllib.error.URLError:
                return "refused"

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, range(16)))
    assert answers == ["refused", (200, b"trusted\n")] * 8


def test_curl_is_served_without_a_complaint(port: int, tmp_path: Path) -> None:
    """The connection is ended as TLS asks, or OpenSSL 3 would report an unexpected end."""
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    command = ["curl", "-sS", "--fail", "--cacert", "root.pem", f"https://localhost:{port}/"]
    done = subprocess.run(
        [require("curl"), *command[1:]], cwd=tmp_path, env={}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "trusted\n", "")


def test_the_server_ends_with_its_block() -> None:
    """Its port refuses connections afterwards."""
    with serve(LEAF) as port:
        assert get(port, trusting(ROOT))[0] == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


PROGRAM = """
import datetime as dt, os, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(args) if event == "open" else None)
from builder.prove import authority
from builder.prove.server import serve
now = dt.datetime.now(dt.UTC)
leaf = authority.issue(authority.create("Root", now=now), ["localhost"], now=now)
opened.clear()
with serve(leaf):
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    print([a[0] for a in opened if set("wax+") & set(str(a[1] or "")) or (a[2] or 0) & writing])
    print([link for link in map(os.readlink, (f"/proc/self/fd/{n}" for n in os.listdir("/proc/self/fd")
        if os.path.lexists(f"/proc/self/fd/{n}"))) if "memfd" in link])
"""


def test_the_key_is_never_in_a_file(tmp_path: Path) -> None:
    """A server's process opens no file for writing, and keeps no copy in a file of memory."""
    require_linux()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={
            "TMPDIR": str(tmp_path),
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n[]\n"
    assert list(tmp_path.iterdir()) == []
