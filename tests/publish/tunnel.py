"""What a server does that is a proxy, too: it answers for every host itself, behind TLS."""

from __future__ import annotations

import http.server
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class TunnelServer(http.server.ThreadingHTTPServer):
    """A server with a certificate, if it has one."""

    daemon_threads = True
    certificate: Path | None = None

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients are killed, and refuse certificates."""


class TunnelHandler(http.server.BaseHTTPRequestHandler):
    """It goes on by TLS where a tunnel is asked for, whatever host that is to lead to."""

    server: TunnelServer
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.connection = self.request = context(self.server.certificate).wrap_socket(
            self.connection, server_side=True
        )
        self.setup()
        self.close_connection = False

    def finish(self) -> None:
        """Close what a tunnel has come to, too."""
        super().finish()
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def context(certificate: Path | None) -> ssl.SSLContext:
    """Return what a server has that shows a certificate; its key is in the same file."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(certificate or "")
    return found
