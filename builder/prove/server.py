"""An HTTPS server on loopback whose private key never touches a disk."""

from __future__ import annotations

import contextlib
import http.server
import os
import socketserver
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.prove import http2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.prove.authority import Leaf

_BODY = b"trusted\n"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    server: _Server

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        # OpenSSL 3.5 clients report an unexpected EOF without a length.
        self.send_header("Content-Length", str(len(_BODY)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(_BODY)

    do_HEAD = do_GET  # noqa: N815  the standard library looks methods up by this name

    def log_message(self, *_: object) -> None:
        """Say nothing: refused handshakes are this server's daily work."""


class _CallHandler(socketserver.StreamRequestHandler):
    """The same for clients that speak HTTP/2 alone, of which gRPC's are some."""

    server: _Server

    def handle(self) -> None:
        self.wfile.write(http2.SETTINGS)
        if self.rfile.read(len(http2.PREFACE)) != http2.PREFACE:
            return
        while frame := http2.read(self.rfile):
            self.server.requests += frame.ends_request
            self.wfile.write(http2.reply(frame, _BODY))


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        # The server's order decides: h2 is for those who offer nothing else, and so need it.
        context.set_alpn_protocols(["http/1.1", "h2"])
        self.context = context
        self.connections = 0
        self.requests = 0

    def finish_request(self, request: Any, client_address: Any) -> None:
        # The handshake runs in the request's own thread: a client that refuses must not hold up the next.
        self.connections += 1
        request.settimeout(10)
        with contextlib.suppress(OSError), self.context.wrap_socket(request, server_side=True) as secured:
            speaks = _CallHandler if secured.selected_alpn_protocol() == "h2" else _Handler
            speaks(secured, client_address, self)
            with contextlib.suppress(OSError):
                secured.unwrap()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: see _Handler.log_message."""


@contextlib.contextmanager
def _in_memory(data: bytes) -> Iterator[str]:
    """Give `data` a path that OpenSSL can open, without a file: a memfd, or a pipe where there is none."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("trustpack", os.MFD_CLOEXEC)
        os.write(descriptor, data)
        path = f"/proc/self/fd/{descriptor}"
    else:
        descriptor, writer = os.pipe()
        os.write(writer, data)
        os.close(writer)
        path = f"/dev/fd/{descriptor}"
    try:
        yield path
    finally:
        os.close(descriptor)


def server_context(leaf: Leaf) -> ssl.SSLContext:
    """Return a server-side TLS context that presents `leaf`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with _in_memory(leaf.chain) as chain, _in_memory(leaf.key) as key:
        context.load_cert_chain(chain, key)
    return context


@dataclass(frozen=True, slots=True)
class Seen:
    """What a server saw so far: TCP connections, and requests that came through TLS."""

    connections: int
    requests: int


class Listener:
    """A running server: its port, and what it has seen."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.port: int = server.server_address[1]

    def seen(self) -> Seen:
        """Return the counts so far."""
        return Seen(self._server.connections, self._server.requests)


@contextlib.contextmanager
def listen(leaf: Leaf) -> Iterator[Listener]:
    """Serve HTTPS with `leaf` on 127.0.0.1 while the block runs.

    GET / answers 200 with a short text; each connection has its own thread. A client that speaks HTTP/2 alone
    gets it, and gRPC's answer to any call.
    """
    server = _Server(server_context(leaf))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Listener(server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def serve(leaf: Leaf) -> Iterator[int]:
    """Serve HTTPS as `listen` does; yield the port alone."""
    with listen(leaf) as listener:
        yield listener.port
