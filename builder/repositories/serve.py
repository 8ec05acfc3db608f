"""A site on loopback, served as static hosts serve it (RFC 9110): types, ranges, redirects, conditions.

Conditions are answered by content alone. A time in whole seconds, by which others answer them, would hide
an index that was written twice in a second, or an older one that was put back.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import os
import re
import socket
import ssl
import threading
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from builder.errors import OutputError
from builder.repositories.content_types import content_type
from builder.repositories.lookup import Found, Moved, look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

HOST = "127.0.0.1"
_SECONDS = 60  # that a client may stay silent
_CHUNK = 1 << 16
_MOST_DRAINED = 1 << 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class Answered(msgspec.Struct, frozen=True):
    """A request as it came in, and the status of the answer."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str] = {}


class Content(msgspec.Struct, frozen=True):
    """What a file holds at the moment: its length in bytes, MD5 in hex, and time as HTTP has it."""

    size: int
    digest: str
    date: str

    @property
    def tag(self) -> str:
        """The entity tag."""
        return f'"{self.digest}"'


@contextlib.contextmanager
def serve(
    folder: Path,
    *,
    port: int = 0,
    context: ssl.SSLContext | None = None,
    answered: Callable[[Answered], None] = lambda _: None,
) -> Iterator[str]:
    """Serve `folder` on 127.0.0.1 while the block runs; yield the address, without a slash at the end.

    Port 0 is any that is free; with a `context`, over TLS. `answered` is called after each answer, from
    several threads. Raises OutputError where the port cannot be had.
    """
    server = _listening(folder, port, context, answered)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.hang_up()
        server.server_close()


def _listening(
    folder: Path, port: int, context: ssl.SSLContext | None, answered: Callable[[Answered], None]
) -> _Server:
    try:
        return _Server(folder, port, context, answered)
    except OSError as error:
        raise OutputError(
            f"port {port}: cannot be served on: {error.strerror}", hint="choose another with --port"
        ) from error


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them, after their connections were ended
    request_queue_size = 128

    def __init__(
        self,
        folder: Path,
        port: int,
        context: ssl.SSLContext | None,
        answered: Callable[[Answered], None],
    ) -> None:
        self.folder, self.answered = folder, answered
        self.dates = _Dates()
        self._context = context
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._ending = False
        super().__init__((HOST, port), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection; the handshake is in the connection's own thread, too."""
        request.settimeout(_SECONDS)
        with contextlib.suppress(OSError), self._wrapped(request) as connection, self._kept(connection):
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
            _Handler(connection, client_address, self)

    def _wrapped(self, request: socket.socket) -> socket.socket:
        if self._context is None:
            return request
        return self._context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)

    @contextlib.contextmanager
    def _kept(self, connection: socket.socket) -> Iterator[None]:
        with self._lock:
            if self._ending:
                raise ConnectionAbortedError
            self._connections.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._connections.discard(connection)

    def hang_up(self) -> None:
        """End every connection that is still open."""
        with self._lock:
            self._ending = True
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away."""


class _Dates:
    """What content a time of a file was told for: it stands for content only if it was told for no other."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def tell(self, path: str, content: Content) -> None:
        """Note that the time is about to be told."""
        with self._lock:
            if self._told.setdefault((path, content.date), content.digest) != content.digest:
                self._told[path, content.date] = ""

    def mean(self, date: str, path: str, content: Content) -> bool:
        """Tell whether a client that has this time from us has this content."""
        return date == content.date and self._told.get((path, date)) == content.digest


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "trustpack"
    sys_version = ""
    wbufsize = -1  # an answer's head and body are one write, not two that wait for each other
    disable_nagle_algorithm = True

    server: _Server

    def do_GET(self) -> None:
        """Answer GET or HEAD."""
        path = urlsplit(self.path).path if self.path.startswith("/") else ""
        found = look_up(self.server.folder, path) if path else None
        if isinstance(found, Found):
            with found.file:
                self._send_file(found)
        elif isinstance(found, Moved):
            query = urlsplit(self.path).query
            self._say(HTTPStatus.MOVED_PERMANENTLY, Location=f"{found.to}{'?' * bool(query)}{query}")
        else:
            self._say(HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET  # noqa: N815  the standard library looks methods up by this name

    def _refuse(self) -> None:
        """Answer any other method, as hosts do that only hold files."""
        length = self.headers.get("Content-Length", "0")
        if length.isascii() and length.isdigit() and int(length) <= _MOST_DRAINED:
            self.rfile.read(int(length))  # a client that is still sending would not see the answer
        self.close_connection = True
        self._say(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD", Connection="close")

    do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _refuse  # noqa: N815

    def _send_file(self, found: Found) -> None:
        content = _content(found.file)
        # Before this content's time is told: a client that asks by it has it from elsewhere.
        kept, part = self._has(found.path, content), self._part(found.path, content)
        self.server.dates.tell(found.path, content)
        headers = {
            "ETag": content.tag,
            "Last-Modified": content.date,
            "Cache-Control": "no-cache",
            "Accept-Ranges": "bytes",
        }
        if kept:
            self._head(HTTPStatus.NOT_MODIFIED, headers)
            return
        headers["Content-Type"] = content_type(found.path)
        if part is None:
            headers |= {"Content-Length": str(content.size)}
            self._head(HTTPStatus.OK, headers)
            self._copy(found.file, 0, content.size)
        elif part:
            length = {"Content-Length": str(len(part))}
            span = {"Content-Range": f"bytes {part[0]}-{part[-1]}/{content.size}"}
            self._head(HTTPStatus.PARTIAL_CONTENT, headers | length | span)
            self._copy(found.file, part[0], len(part))
        else:
            span = {"Content-Range": f"bytes */{content.size}"}
            self._say(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, **span)

    def _has(self, path: str, content: Content) -> bool:
        """Tell whether the client says that it has this content already."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return "*" in tags or content.tag in tags
        return self.server.dates.mean(self.headers.get("If-Modified-Since", ""), path, content)

    def _part(self, path: str, content: Content) -> range | None:
        """Return which bytes are asked for: None for all; empty where there are none such."""
        asked = _RANGE.fullmatch(self.headers.get("Range", "").strip())
        if not asked or not any(asked.groups()):
            return None
        wanted = self.headers.get("If-Range")
        if wanted and wanted != content.tag and not self.server.dates.mean(wanted, path, content):
            return None
        return _bytes(asked[1], asked[2], content.size)

    def _copy(self, file: BinaryIO, start: int, size: int) -> None:
        if self.command == "HEAD":
            return
        file.seek(start)
        while size and (chunk := file.read(min(size, _CHUNK))):
            self.wfile.write(chunk)
            size -= len(chunk)
        if size:
            self.close_connection = True  # somebody has cut the file in the meantime: say so by ending early

    def _say(self, status: HTTPStatus, **headers: str) -> None:
        """Answer with nothing but a status, and its words for people."""
        body = f"{status.value} {status.phrase}\n".encode()
        kind = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
        self._head(status, kind | headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.server.answered(Answered(self.command, self.path, status, dict(self.headers)))

    def log_message(self, *_: object) -> None:
        """Say nothing: `answered` is told."""


def _content(file: BinaryIO) -> Content:
    found = os.fstat(file.fileno())
    # As S3 has it. Bundler before 2.5 takes an entity tag for the MD5 of what came: with any other it goes on
    # without the index that has checksums.
    digest, size = hashlib.md5(usedforsecurity=False), 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return Content(size, digest.hexdigest(), formatdate(found.st_mtime, usegmt=True))


def _bytes(first: str, last: str, size: int) -> range | None:
    """Return the bytes of a range of HTTP; None where it contradicts itself, and so does not count."""
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)
