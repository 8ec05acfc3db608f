"""A site on loopback: types, conditions, ranges, redirects and errors, by a plain HTTP client."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import http.client
import os
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from builder.errors import OutputError
from builder.prove import authority
from builder.prove.server import server_context
from builder.repositories.content_types import content_type
from builder.repositories.serve import HOST, Answered, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TEXT = b"0123456789"
_SOON = 5  # seconds


class Answer:
    """A status, headers and a body."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()


def ask(url: str, path: str, method: str = "GET", **headers: str) -> Answer:
    """Make one request; underscores in headers' names are hyphens."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_SOON)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a file in it."""
    (tmp_path / "file").write_bytes(_TEXT)
    (tmp_path / "pypi" / "simple" / "acme-certifi").mkdir(parents=True)
    (tmp_path / "pypi" / "simple" / "acme-certifi" / "index.html").write_text("<!DOCTYPE html>")
    return tmp_path


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    """Serve the folder."""
    with serve(folder) as found:
        yield found


def test_a_file_comes_with_what_clients_need_to_keep_it(url: str) -> None:
    """Its length, its MD5 as a tag, its time, and that parts of it may be asked for."""
    answer = ask(url, "/file")
    assert (answer.status, answer.body) == (200, _TEXT)
    assert answer.headers["Content-Length"] == "10"
    assert answer.headers["ETag"] == f'"{hashlib.md5(_TEXT, usedforsecurity=False).hexdigest()}"'
    assert answer.headers["Last-Modified"].endswith(" GMT")
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_head_says_the_same_without_a_body(url: str) -> None:
    """As zypper and gem ask first."""
    answers = [ask(url, "/file", method) for method in ("GET", "HEAD")]
    headers = [{k: v for k, v in one.headers.items() if k != "Date"} for one in answers]
    assert headers[0] == headers[1]
    assert (answers[1].status, answers[1].body) == (200, b"")


def test_a_connection_is_used_again(url: str) -> None:
    """After an answer without a body, and after an error, too."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_SOON)
    for method, path, status in (
        ("GET", "/file", 200),
        ("HEAD", "/file", 200),
        ("GET", "/missing", 404),
        ("HEAD", "/missing", 404),
        ("GET", "/pypi", 301),
        ("GET", "/file", 200),
    ):
        connection.request(method, path)
        response = connection.getresponse()
        response.read()
        assert (method, path, response.status, response.will_close) == (method, path, status, False)
    connection.close()


def test_a_folder_without_its_slash_is_a_redirect(url: str) -> None:
    """As nginx and Apache have it, with the query kept."""
    answer = ask(url, "/pypi/simple/acme-certifi?format=html")
    assert (answer.status, answer.headers["Location"]) == (301, "/pypi/simple/acme-certifi/?format=html")
    assert ask(url, "/pypi/simple/acme-certifi/").headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/missing", "/pypi/", "/..%2f..%2fetc/passwd", "/file/", "*", "/%"])
def test_what_is_not_there_is_404(url: str, path: str) -> None:
    """A folder without an index, too: nothing is listed."""
    assert ask(url, path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nobody_can_do_but_read(url: str, folder: Path, method: str) -> None:
    """Although npm asks for advisories by POST; it takes the refusal."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_SOON)
    connection.request(method, "/file", body=b"x" * 100_000)
    response = connection.getresponse()
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
    connection.close()
    assert (folder / "file").read_bytes() == _TEXT


@pytest.mark.parametrize(
    ("asked", "status", "body", "span"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=-99", 206, _TEXT, "bytes 0-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        # What cannot be understood is as if it were not there.
        ("bytes=5-2", 200, _TEXT, None),
        ("bytes=0-1,4-5", 200, _TEXT, None),
        ("bytes=-", 200, _TEXT, None),
        ("lines=1-2", 200, _TEXT, None),
    ],
)
def test_a_part_can_be_asked_for(
    url: str, asked: str, status: int, body: bytes | None, span: str | None
) -> None:
    """As bundler asks for what its copy of `versions` lacks."""
    answer = ask(url, "/file", Range=asked)
    assert (answer.status, answer.headers["Content-Range"]) == (status, span)
    assert body is None or answer.body == body


def test_a_part_of_what_has_changed_is_the_whole(url: str, folder: Path) -> None:
    """Where the client says which content its part is to fit."""
    before = ask(url, "/file")
    for word in (before.headers["ETag"], before.headers["Last-Modified"]):
        assert ask(url, "/file", Range="bytes=4-", If_Range=word).status == 206
    (folder / "file").write_bytes(b"abcdefghij")
    for word in (before.headers["ETag"], before.headers["Last-Modified"], "W/" + before.headers["ETag"]):
        answer = ask(url, "/file", Range="bytes=4-", If_Range=word)
        assert (answer.status, answer.body) == (200, b"abcdefghij")


@pytest.mark.parametrize("condition", ["tag", "weak tag", "one of several", "any", "time"])
def test_what_a_client_has_is_not_sent_again(url: str, condition: str) -> None:
    """By tag or by time, as apt asks."""
    before = ask(url, "/file")
    tag = before.headers["ETag"]
    headers = {
        "tag": {"If-None-Match": tag},
        "weak tag": {"If-None-Match": f"W/{tag}"},
        "one of several": {"If-None-Match": f'"a", {tag}'},
        "any": {"If-None-Match": "*"},
        "time": {"If-Modified-Since": before.headers["Last-Modified"]},
    }[condition]
    answer = ask(url, "/file", **headers)
    assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", tag)


def test_content_of_the_same_second_is_sent(url: str, folder: Path) -> None:
    """A time in whole seconds says nothing of what was written within one."""
    before = ask(url, "/file")
    times = ((folder / "file").stat().st_atime, (folder / "file").stat().st_mtime)
    (folder / "file").write_bytes(b"abcdefghij")
    os.utime(folder / "file", times)
    since = before.headers["Last-Modified"]
    assert ask(url, "/file", If_Modified_Since=since).body == b"abcdefghij"
    # And from now on that time may mean either content.
    (folder / "file").write_bytes(_TEXT)
    os.utime(folder / "file", times)
    assert ask(url, "/file", If_Modified_Since=since).body == _TEXT


def test_an_older_file_that_was_put_back_is_sent(url: str, folder: Path) -> None:
    """Although it is older than what the client has."""
    since = ask(url, "/file").headers["Last-Modified"]
    (folder / "file").write_bytes(b"older")
    os.utime(folder / "file", (1, 1))
    assert ask(url, "/file", If_Modified_Since=since).body == b"older"


def test_a_time_that_another_server_told_means_nothing(url: str, folder: Path) -> None:
    """What it told it for is not known here."""
    date = "Sun, 09 Sep 2001 01:46:40 GMT"
    os.utime(folder / "file", (1_000_000_000, 1_000_000_000))
    assert ask(url, "/file", Range="bytes=4-", If_Range=date).status == 200
    os.utime(folder / "file", (1_000_000_001, 1_000_000_001))
    date = date.replace(":40 ", ":41 ")
    assert ask(url, "/file", If_Modified_Since=date).status == 200
    assert ask(url, "/file", If_Modified_Since=date).status == 304


def test_every_request_is_told(folder: Path) -> None:
    """With its status, and what the client said."""
    told: list[Answered] = []
    with serve(folder, answered=told.append) as url:
        ask(url, "/file", Range="bytes=0-3")
        ask(url, "/missing?x=1", "HEAD")
    assert [(one.method, one.path, one.status) for one in told] == [
        ("GET", "/file", 206),
        ("HEAD", "/missing?x=1", 404),
    ]
    assert told[0].headers["Range"] == "bytes=0-3"


def test_many_are_answered_at_once(url: str) -> None:
    """One that is silent keeps nobody waiting."""
    with socket.create_connection((HOST, urlsplit(url).port), _SOON), ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ask(url, "/file").body, range(200)))
    assert answers == [_TEXT] * 200


def test_an_answer_is_one_write(url: str) -> None:
    """Two would wait for each other, 40 ms every time."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_SOON)
    started = time.monotonic()
    for _ in range(50):
        connection.request("GET", "/file")
        connection.getresponse().read()
    connection.close()
    assert time.monotonic() - started < 50 * 0.04


def test_it_ends_with_connections_open(folder: Path) -> None:
    """One that is idle, and one whose client does not read on."""
    (folder / "large").write_bytes(bytes(64 * 1024 * 1024))
    threads = threading.active_count()
    with serve(folder) as url:
        idle = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_SOON)
        idle.request("GET", "/file")
        idle.getresponse().read()
        slow = socket.create_connection((HOST, urlsplit(url).port), _SOON)
        slow.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert slow.recv(1)
        started = time.monotonic()
    assert time.monotonic() - started < _SOON
    assert threading.active_count() == threads
    idle.close()
    slow.close()


def test_it_listens_on_loopback_alone(url: str) -> None:
    """No other machine reaches it."""
    assert urlsplit(url).hostname == "127.0.0.1"
    with pytest.raises(OSError):  # noqa: PT011  refused, or no such address
        socket.create_connection(("127.0.0.2", urlsplit(url).port or 0), _SOON)


def test_a_port_that_is_taken_is_an_error(url: str, folder: Path) -> None:
    """Which says what to do."""
    port = urlsplit(url).port or 0
    with pytest.raises(OutputError) as caught, serve(folder, port=port):
        pass
    assert str(caught.value) == f"port {port}: cannot be served on: Address already in use"
    assert caught.value.hint == "choose another with --port"


def test_it_speaks_tls(folder: Path) -> None:
    """And neither a client that refuses the certificate nor one that is silent keeps anybody waiting."""
    now = dt.datetime.now(dt.UTC)
    ca = authority.create("Root", now=now)
    leaf = authority.issue(ca, [HOST], now=now)
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(serve(folder, context=server_context(leaf)))
        assert url.startswith("https://127.0.0.1:")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        netloc = urlsplit(url).netloc
        with pytest.raises(ssl.SSLCertVerificationError):
            http.client.HTTPSConnection(netloc, timeout=_SOON, context=context).request("GET", "/file")
        context.load_verify_locations(cadata=ca.pem.decode())
        connection = http.client.HTTPSConnection(netloc, timeout=_SOON, context=context)
        with socket.create_connection((HOST, urlsplit(url).port or 0), _SOON):
            connection.request("GET", "/file")
            assert connection.getresponse().read() == _TEXT
            started = time.monotonic()
            stack.close()
        connection.close()
    assert time.monotonic() - started < _SOON


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("pypi/simple/acme-certifi/index.html", "text/html; charset=utf-8"),
        ("pypi/simple/acme-certifi/", "text/html; charset=utf-8"),
        ("npm/@acme/ca", "application/json"),
        ("gem/versions", "text/plain; charset=utf-8"),
        ("gem/info/acme-ca", "text/plain; charset=utf-8"),
        ("deb/dists/stable/InRelease", "text/plain; charset=utf-8"),
        ("trustpack/status", "text/plain; charset=utf-8"),
        ("install.sh", "text/plain; charset=utf-8"),
        ("feed.atom", "application/atom+xml"),
        ("rpm/repodata/repomd.xml", "application/xml"),
        ("apk/x86_64/APKINDEX.tar.gz", "application/gzip"),
        ("apk/x86_64/acme-ca-certs-1-r0.apk", "application/octet-stream"),
        ("anything.else", "application/octet-stream"),
        ("anything", "application/octet-stream"),
    ],
)
def test_each_file_has_its_type(path: str, expected: str) -> None:
    """At which pip, uv and browsers look."""
    assert expected == content_type(path)
