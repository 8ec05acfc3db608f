"""A site as a web server has it: what is taken from it, and what a server must not do to its reader."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.server
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from builder.errors import OutputError, UsageError
from builder.prove import authority
from builder.prove.server import server_context
from builder.repositories.serve import serve
from builder.repositories.stores import OversizedError, places
from builder.repositories.stores.bucket import BucketStore
from builder.repositories.stores.folder import FolderStore
from builder.repositories.stores.web import WebReader

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path


class _Odd(http.server.BaseHTTPRequestHandler):
    """A server that answers as a test wants, and tells nobody."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        self.server.answer(self)  # type: ignore[attr-defined]

    def log_message(self, *_arguments: object) -> None:
        """Tell nobody."""


@contextlib.contextmanager
def _odd(answer: Callable[[_Odd], None]) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Odd) as server:
        server.answer = answer  # type: ignore[attr-defined]
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _refused(url: str, told: str, *, ca_file: Path | None = None) -> None:
    """Expect that nothing can be read from there."""
    with (
        contextlib.closing(WebReader(url, ca_file=ca_file)) as reader,
        pytest.raises(OutputError, match=told),
    ):
        reader.read("a/b+c~1")


def _moving(target: str) -> Callable[[_Odd], None]:
    def answer(handler: _Odd) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def _saying(data: bytes) -> Callable[[_Odd], None]:
    def answer(handler: _Odd) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a small file and a large one."""
    (tmp_path / "www" / "a").mkdir(parents=True)
    (tmp_path / "www" / "a" / "b+c~1").write_bytes(b"small")
    (tmp_path / "www" / "large").write_bytes(b"x" * 3_000_000)
    return tmp_path / "www"


def test_reads_files(folder: Path) -> None:
    """Whole and in pieces, over one connection; a missing one is told so."""
    with serve(folder) as url, contextlib.closing(WebReader(f"{url}/")) as reader:
        assert [b"small", 3_000_000] == [reader.read("a/b+c~1"), len(reader.read("large"))]
        assert url == reader.name
        with pytest.raises(FileNotFoundError):
            reader.read("none")
        with pytest.raises(OversizedError, match="large: is larger than 9 bytes"):
            reader.read("large", 9)
        assert b"small" == reader.read("a/b+c~1")
        with pytest.raises(OutputError, match="no path of a site's file"):
            reader.read("../a")


def test_follows_redirects(folder: Path) -> None:
    """To another server, a few of them; and no endless chain."""
    with serve(folder) as url, _odd(_moving(f"{url}/large")) as moved:
        reader = WebReader(moved)
        assert 3_000_000 == len(reader.read("anything"))
        reader.close()
    with _odd(_moving("/again")) as endless:
        _refused(endless, "again and again")


def _tls(folder: Path) -> tuple[authority.Authority, ssl.SSLContext]:
    now = dt.datetime.now(dt.UTC)
    root = authority.create("Acme Web", now=now)
    (folder / "ca.pem").write_bytes(root.pem)
    return root, server_context(authority.issue(root, ["127.0.0.1"], now=now))


def test_tls(folder: Path, tmp_path: Path) -> None:
    """A server under a private CA is believed with that CA's file, and not without."""
    _, tls = _tls(tmp_path)
    with serve(folder, context=tls) as url:
        with contextlib.closing(WebReader(url, ca_file=tmp_path / "ca.pem")) as reader:
            assert b"small" == reader.read("a/b+c~1")
        _refused(url, "its certificate is not trusted: ")
    with pytest.raises(OutputError, match="has no certificates in PEM"):
        WebReader(url, ca_file=folder / "large")


def test_no_way_from_https_to_http(folder: Path, tmp_path: Path) -> None:
    """A redirect that would take the encryption away is refused."""
    _, tls = _tls(tmp_path)
    with serve(folder) as plain, http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Odd) as server:
        server.answer = _moving(f"{plain}/large")  # type: ignore[attr-defined]
        server.daemon_threads = True
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        url = f"https://127.0.0.1:{server.server_address[1]}"
        _refused(url, "from HTTPS to something else", ca_file=tmp_path / "ca.pem")
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda handler: handler.send_error(500), "the server answers 500"),
        (lambda handler: handler.wfile.write(b"SSH-2.0\r\n\r\n"), "no answer in HTTP: BadStatusLine"),
        (_moving(""), "the server answers 302"),
    ],
)
def test_odd_servers(answer: Callable[[_Odd], None], told: str) -> None:
    """What is no answer is told in a sentence."""
    with _odd(answer) as url:
        _refused(url, told)


def _drips_headers(answer: _Odd) -> None:
    for number in range(200):
        answer.wfile.write(b"HTTP/1.1 200 OK\r\n" if not number else b"x")
        time.sleep(0.05)


def _drips_content(answer: _Odd) -> None:
    answer.send_response(200)
    answer.end_headers()
    for _ in range(200):
        answer.wfile.write(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [_drips_headers, _drips_content])
def test_a_server_that_sends_byte_by_byte_is_hung_up_on(answer: Callable[[_Odd], None]) -> None:
    """Who stands between could keep a watch waiting for weeks, and it would warn of nothing."""

    def dripping(handler: _Odd) -> None:
        handler.close_connection = True
        with contextlib.suppress(OSError):
            answer(handler)

    begun = time.monotonic()
    with (
        _odd(dripping) as url,
        contextlib.closing(WebReader(url, seconds=0.3)) as reader,
        pytest.raises(OutputError, match="it sends too slowly"),
    ):
        reader.read("trustpack/status", 1024)
    assert time.monotonic() - begun < 5


def test_unreachable() -> None:
    """A server that is not there is told so."""
    _refused("http://127.0.0.1:1", r"http://127\.0\.0\.1:1: cannot be reached")


def test_proxy() -> None:
    """Plain HTTP goes to the proxy with its whole address."""
    asked = []

    def answer(handler: _Odd) -> None:
        asked.append(handler.path)
        _saying(b"by proxy")(handler)

    with _odd(answer) as proxy:
        reader = WebReader("http://site.example/x", proxy=lambda *_: proxy)
        assert b"by proxy" == reader.read("a")
        reader.close()
    assert ["http://site.example/x/a"] == asked


def test_places(tmp_path: Path) -> None:
    """Folders, buckets and addresses are told apart, and what is none of them is an error."""
    options: dict[str, Any] = {"holder": "me", "clock": time}
    assert isinstance(places.writable(str(tmp_path), {}, **options), FolderStore)
    assert isinstance(places.writable("s3://bucket/site", {}, **options), BucketStore)
    assert isinstance(places.readable("gs://bucket", {}, **options), BucketStore)
    assert isinstance(places.readable("https://site.example", {}, **options), WebReader)
    for place in ("https://site.example", "ftp://site.example"):
        with pytest.raises(UsageError, match="cannot be written to"):
            places.writable(place, {}, **options)
    with pytest.raises(UsageError, match="no address that is known here"):
        places.readable("ftp://site.example", {}, **options)
    with pytest.raises(OutputError, match="a user name or a password"):
        places.readable("https://me:secret@site.example", {}, **options)
