"""Inputs from an https address, pinned: `https://ca.example/roots.pem#sha256=…`.

The pin is the SHA-256 of the content, or those of all its certificates, separated by commas. It alone
decides: the server's certificate is mostly issued by the very CA that is to be fetched, so it is not
verified, and nothing but the pinned bytes is ever used.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import queue
import re
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from builder.load import contents
from builder.load.source import MAX_BYTES, Input
from builder.model import Certificate, Finding, Origin
from builder.rules import found
from builder.text import urls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SCHEME = "https://"
_PIN = re.compile(r"sha256=((?:[0-9a-f]{64},)*[0-9a-f]{64})")
_SECONDS = 20
_TOO_SLOW = f"the answer takes longer than {_SECONDS} seconds"
_CHUNK = 65536
_OK = 200


def read(url: str, passwords: Sequence[str] = ()) -> Iterator[Certificate | Finding]:
    """Yield what the pinned https `url` holds, or the one finding that says why nothing is used of it."""
    address, _, fragment = url.partition("#")
    scheme, colon, rest = address.partition(":")
    address = scheme.lower() + colon + rest
    origin = Origin(urls.shown(address))
    if urls.has_user(address):
        # It would end up in the configuration, in shell histories and logs.
        yield found("url-failed", origin, "the address holds a user name or a password, which is never sent")
        return
    match = _PIN.fullmatch(fragment.replace(":", "").lower())
    if not match or not address.startswith(_SCHEME):
        what = "has no pin of the form #sha256=" if address.startswith(_SCHEME) else "is not https"
        yield found("url-not-pinned", origin, f"the address {what}")
        return
    data = _get(address)
    if isinstance(data, str):
        yield found("url-failed", origin, data)
        return
    items = list(contents.read(Input(origin.path, data), passwords))
    content = hashlib.sha256(data).hexdigest()
    prints = sorted({item.sha256 for item in items if isinstance(item, Certificate)})
    pins = match[1].split(",")
    if pins == [content] or sorted(set(pins)) == prints:
        yield from items
    else:
        certificates = f", its certificates {', '.join(prints[:8])}" if prints else ""
        yield found("url-mismatch", origin, f"the content has the SHA-256 {content}{certificates}")


def _get(address: str) -> bytes | str:
    """Return the body of a GET request, or what went wrong with it, before the time is over."""
    try:
        parts = urlsplit(address)
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=_SECONDS, context=_unverified()
        )
    except (ValueError, http.client.InvalidURL):
        return "the address is not one of a server"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    answer: queue.SimpleQueue[bytes | str] = queue.SimpleQueue()
    # A thread, because a socket's own timeout starts anew with each address, line and octet.
    threading.Thread(target=lambda: answer.put(_answer(connection, path)), daemon=True).start()
    try:
        return answer.get(timeout=_SECONDS)
    except queue.Empty:
        _hang_up(connection.sock)
        return _TOO_SLOW


def _hang_up(connected: socket.socket | None) -> None:
    """End what another thread does with a socket, which to close it would not."""
    if connected:
        with contextlib.suppress(OSError):
            # Not SSLSocket's own, which takes away what the other thread is using.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _answer(connection: http.client.HTTPSConnection, path: str) -> bytes | str:
    """Return the body of the answer, or what is wrong with it; no redirects, no proxies."""
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != _OK:
            return f"the server answers {response.status}"
        return _body(response)
    except (http.client.HTTPException, ValueError) as error:
        # Its text can be what the server sent, which may be a private key.
        return f"no answer in HTTP: {type(error).__name__}"
    except OSError as error:
        return f"no answer: {urls.scrubbed(str(error)) or type(error).__name__}"
    finally:
        connection.close()


def _body(response: http.client.HTTPResponse) -> bytes | str:
    # Nobody hangs up once the answer is the only one who has the socket.
    deadline = time.monotonic() + _SECONDS
    data = bytearray()
    while chunk := response.read1(_CHUNK):
        data += chunk
        if len(data) > MAX_BYTES:
            return f"the answer is larger than {MAX_BYTES} bytes"
        if time.monotonic() > deadline:
            return _TOO_SLOW
    return bytes(data)


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Not weaker than verifying: see the module's docstring.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
