"""A site as a web server has it, to be read: plain HTTP or HTTPS, one connection that is kept.

Redirects are followed a few times, never from HTTPS to HTTP. What comes is believed by its digest alone, so a
server's certificate keeps secret what is asked for, and no more.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from builder.errors import OutputError
from builder.repositories.stores.store import CHUNK, MAX_BYTES, OversizedError, checked
from builder.text import urls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_SECONDS = 60  # for one piece
_SLOWEST = 16 * 1024  # bytes in a second, of a file as large as it may be: who sends slower keeps us waiting
_REDIRECTS = 5
_MOVED = {301, 302, 303, 307, 308}
_GONE = {404, 410}
_AGAIN = 3  # times: a connection that was kept may have been closed meanwhile
_NONE: Mapping[str, str] = MappingProxyType({})
_UNCHANGED = "~@+:"  # of what paths have, all that no server takes for something else


class WebReader:
    """A site below an address; `ca_file` has CAs that are trusted beside the system's.

    `proxy` returns where requests go to first, by scheme and host (None: to the host itself). A file has
    `seconds` to come, and longer the larger it may be. `headers` go with each request; with `stay`, no
    redirect leads to another host.
    """

    def __init__(
        self,
        url: str,
        *,
        ca_file: Path | None = None,
        proxy: Callable[[str, str], str | None] = lambda _scheme, _host: None,
        seconds: float = 2 * _SECONDS,
        headers: Mapping[str, str] = _NONE,
        stay: bool = False,
    ) -> None:
        self._seconds = seconds
        self._headers = headers
        self._stay = stay
        self._url = url.rstrip("/")
        if urls.has_user(url):
            raise OutputError(f"{urls.shown(url)}: has a user name or a password, which is never sent")
        # To read the system's CAs takes longer than many an answer, and plain HTTP needs none.
        self._context = _context(ca_file) if ca_file is not None else None
        self._proxy = proxy
        self._connections: dict[tuple[str, str], http.client.HTTPConnection] = {}
        self._socket: socket.socket | None = None

    @property
    def name(self) -> str:
        """The address."""
        return urls.shown(self._url)

    def read(self, path: str, limit: int = MAX_BYTES) -> bytes:
        """Return a file's bytes."""
        return b"".join(self.chunks(path, limit))

    def chunks(self, path: str, limit: int = MAX_BYTES) -> Iterator[bytes]:
        """Yield a file piece by piece."""
        checked(path)
        with self._told(path), self._in_time(limit) as late:
            answer = self._found(f"{self._url}/{quote(path, safe='/' + _UNCHANGED)}", path, late)
            size = 0
            try:
                while data := answer.read(CHUNK):
                    size += len(data)
                    if size > limit:
                        raise OversizedError(f"{self.name}/{path}: is larger than {limit} bytes")
                    yield data
                if late.is_set():  # what came may only look whole
                    raise TimeoutError("it sends too slowly")
            finally:
                if not answer.isclosed():  # what is left of it would come before the next answer
                    self.close()

    @contextlib.contextmanager
    def _in_time(self, size: int) -> Iterator[threading.Event]:
        """Hang up on a server that takes too long for a file; raise TimeoutError then.

        A timeout of the connection is for one piece of what comes, which may be a byte.
        """
        late = threading.Event()

        def hang_up() -> None:
            late.set()
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self._seconds + size / _SLOWEST, hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield late
        except (OSError, http.client.HTTPException):
            if late.is_set():
                raise TimeoutError("it sends too slowly") from None
            raise
        finally:
            timer.cancel()

    def close(self) -> None:
        """Hang up."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _found(self, url: str, path: str, late: threading.Event) -> http.client.HTTPResponse:
        """Return the answer that has the file, after redirects."""
        for _ in range(_REDIRECTS + 1):
            answer = self._answer(url, late)
            if answer.status == http.client.OK:
                return answer
            answer.read(CHUNK)
            if answer.status in _GONE:
                raise FileNotFoundError(2, "No such file", f"{self.name}/{path}")
            target = answer.getheader("Location")
            if answer.status not in _MOVED or not target:
                raise OutputError(f"{self.name}/{path}: the server answers {answer.status}")
            before, url = url, urljoin(url, target)
            if urlsplit(url).scheme not in {"https", urlsplit(before).scheme}:
                raise OutputError(f"{self.name}/{path}: is redirected from HTTPS to something else")
            if self._stay and urlsplit(url).netloc != urlsplit(before).netloc:
                other = urlsplit(url).hostname or "nowhere"
                raise OutputError(f"{self.name}/{path}: is redirected to another host, {other}")
        raise OutputError(f"{self.name}/{path}: is redirected again and again")

    def _answer(self, url: str, late: threading.Event) -> http.client.HTTPResponse:
        parts = urlsplit(url)
        proxy = self._proxy(parts.scheme, parts.hostname or "")
        # A proxy is told whole addresses of plain HTTP, and is to pass on what is encrypted.
        whole = bool(proxy) and parts.scheme == "http"
        target = url if whole else f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        for attempt in range(_AGAIN):
            connection = self._connection(parts.scheme, parts.netloc, proxy)
            try:
                connection.request(
                    "GET",
                    target,
                    headers={**self._headers, "Host": parts.netloc, "Accept-Encoding": "identity"},
                )
                self._socket = connection.sock
                return connection.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()
                if late.is_set() or attempt == _AGAIN - 1:
                    raise
        raise AssertionError

    def _connection(self, scheme: str, host: str, proxy: str | None) -> http.client.HTTPConnection:
        key = (scheme, host)
        if key not in self._connections:
            first = urlsplit(proxy).netloc.rpartition("@")[2] if proxy else host
            if scheme == "https":
                self._context = self._context or _context(None)
                made: http.client.HTTPConnection = http.client.HTTPSConnection(
                    first, timeout=_SECONDS, context=self._context
                )
                if proxy:
                    made.set_tunnel(host)
            else:
                made = http.client.HTTPConnection(first, timeout=_SECONDS)
            self._connections[key] = made
        return self._connections[key]

    @contextlib.contextmanager
    def _told(self, path: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except ssl.SSLCertVerificationError as error:
            raise OutputError(
                f"{self.name}: its certificate is not trusted: {error.verify_message}",
                hint="name the CA that issued it: --ca-file FILE",
            ) from None
        except (http.client.HTTPException, ValueError) as error:
            raise OutputError(f"{self.name}/{path}: no answer in HTTP: {type(error).__name__}") from None
        except OSError as error:
            what = urls.scrubbed(str(error)) or type(error).__name__
            raise OutputError(f"{self.name}: cannot be reached: {what}") from None


def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError):
            raise OutputError(f"{ca_file}: has no certificates in PEM, or cannot be read") from None
    return context
