"""A server that stands before a registry, notes what comes and hands it on; tests act between the two."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from tests.publish.registries import serving
from tests.publish.tunnel import TunnelHandler, TunnelServer, context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_HOP = {"connection", "content-length", "transfer-encoding", "expect"}
UPLOADS = {"POST", "PUT"}


class Relayed(NamedTuple):
    """A request that came: `credential` is what was to let it in, `size` that of its body."""

    method: str
    path: str
    credential: str
    size: int


@dataclass
class Relay:
    """What came, and what happens then.

    `sending` is called before the body of an upload is read, `sent` before one is handed on. `redirected` is
    where uploads are redirected to, and by which status. `troubled`, those without a credential are too much.
    """

    url: str = ""
    proxy: str = ""
    behind: str = ""
    came: list[Relayed] = field(default_factory=list)
    sending: Callable[[], None] = lambda: None
    sent: Callable[[], None] = lambda: None
    redirected: tuple[int, str] | None = None
    troubled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def uploads(self) -> list[Relayed]:
        """What came to be stored, with a credential or a package."""
        return [one for one in self.came if one.method in UPLOADS and (one.credential or one.size > 1000)]


@contextlib.contextmanager
def relaying(behind: str = "", *, certificate: Path | None = None, name: str = "") -> Iterator[Relay]:
    """Run one before the registry at an address; with a certificate, by TLS.

    With a host's name, which need not exist, it is a proxy, through which that host is reached.
    """
    server = _Server(("127.0.0.1", 0), _Answer)
    server.certificate = certificate
    if certificate and not name:
        server.socket = context(certificate).wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    server.relay = Relay(behind=behind)
    with serving(server) as url:
        secure = url.replace("http:", "https:") if certificate else url
        server.relay.url, server.relay.proxy = (f"https://{name}/", url) if name else (secure, "")
        yield server.relay


class _Server(TunnelServer):
    relay: Relay


class _Answer(TunnelHandler):
    server: _Server

    def do_GET(self) -> None:  # noqa: N802  http.server's name
        relay = self.server.relay
        if self.command in UPLOADS and self.headers["Authorization"]:
            relay.sending()
        data = self._body()
        credential = self.headers["Authorization"] or ""
        with relay.lock:
            relay.came.append(Relayed(self.command, self.path, credential, len(data)))
        if self.command in UPLOADS and relay.redirected:
            status, where = relay.redirected
            self._answer(status, {"Location": f"{where.rstrip('/')}{self.path}"}, b"")
            return
        if self.command in UPLOADS and credential:
            relay.sent()
        elif self.command in UPLOADS and relay.troubled:
            self._answer(500, {}, b"")
            return
        if relay.behind:
            self._answer(*_handed_on(relay, self, data))
        else:
            self._answer(201 if self.command in UPLOADS else 404, {}, b"{}")

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815  http.server's names

    def _body(self) -> bytes:
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        pieces = []
        while size := int(self.rfile.readline(), 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)


def _handed_on(
    relay: Relay, request: http.server.BaseHTTPRequestHandler, data: bytes
) -> tuple[int, Mapping[str, str], bytes]:
    own = urlsplit(relay.behind)
    there = http.client.HTTPConnection(own.hostname or "", own.port)
    sent = {key: value for key, value in request.headers.items() if key.lower() not in _HOP}
    if relay.url.startswith("https:"):
        sent["X-Forwarded-Proto"] = "https"
    try:
        there.request(request.command, request.path, data, sent)
        answer = there.getresponse()
        body = answer.read()
        kept = {key: answer.headers[key] for key in ("Content-Type", "Location") if answer.headers[key]}
        return answer.status, kept, body
    finally:
        there.close()
