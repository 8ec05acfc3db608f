"""As much HTTP/2 (RFC 9113) as a gRPC client needs: a request, whichever it is, has one constant answer.

What clients say in their header blocks decides nothing here, so none is decoded; and an answer refers to
HPACK's static table alone (RFC 7541, appendix A), so a connection has no state but the frame at hand.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from io import BufferedIOBase

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # what a client sends first, with its settings behind it

_DATA, _HEADERS, _SETTINGS, _PING, _GOAWAY = 0, 1, 4, 6, 7
_ACK = _END_STREAM = 0x1
_END_HEADERS = 0x4
_HEAD = 9
_NO_ERROR = bytes(4)
_SECONDS = 20

# `:status: 200` is entry 8 of the static table, and the name of `content-type` is entry 31.
_OK = b"\x88\x0f\x10\x10application/grpc"
_TRAILERS = b"\x00\x0bgrpc-status\x010"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; see RFC 9113, section 4.1."""

    kind: int
    flags: int
    stream: int
    payload: bytes = b""

    def __bytes__(self) -> bytes:
        """Return the frame as it is sent."""
        head = len(self.payload).to_bytes(3, "big") + bytes((self.kind, self.flags))
        return head + self.stream.to_bytes(4, "big") + self.payload

    @property
    def ends_request(self) -> bool:
        """Tell whether a client has now said all it wants on this stream."""
        return self.kind in {_DATA, _HEADERS} and bool(self.flags & _END_STREAM)


SETTINGS = bytes(Frame(_SETTINGS, 0, 0))  # what a server sends first: the defaults


def read(stream: BufferedIOBase) -> Frame | None:
    """Return the next frame, or None where the connection ends."""
    head = stream.read(_HEAD)
    size = int.from_bytes(head[:3], "big")
    payload = stream.read(size)
    if len(head) < _HEAD or len(payload) < size:
        return None
    return Frame(head[3], head[4], int.from_bytes(head[5:], "big"), payload)


def reply(frame: Frame, message: bytes) -> bytes:
    """Return what a client is told after `frame`: a request's answer is `message`, and a farewell."""
    if frame.ends_request:
        length = b"\x00" + len(message).to_bytes(4, "big")
        answer = (
            Frame(_HEADERS, _END_HEADERS, frame.stream, _OK),
            Frame(_DATA, 0, frame.stream, length + message),
            Frame(_HEADERS, _END_HEADERS | _END_STREAM, frame.stream, _TRAILERS),
            Frame(_GOAWAY, 0, 0, frame.stream.to_bytes(4, "big") + _NO_ERROR),
        )
        return b"".join(map(bytes, answer))
    if frame.kind in {_SETTINGS, _PING} and not frame.flags & _ACK:
        return bytes(Frame(frame.kind, _ACK, 0, frame.payload if frame.kind == _PING else b""))
    return b""


def spoken(url: str) -> bool:
    """Tell whether the server at `url` is there and agrees to speak HTTP/2."""
    address = urlsplit(url)
    host = address.hostname or ""
    # Unverified: nothing of what it says is believed but this one word.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection((host, address.port or 443), _SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secured,
        ):
            return secured.selected_alpn_protocol() == "h2"
    except OSError:
        return False
