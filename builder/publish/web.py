"""Requests to registries: no secret leaves for another host, or in the clear; what may be repeated is."""

from __future__ import annotations

import contextlib
import http.client
import ssl
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit, urlunsplit

import msgspec
import urllib3
from urllib3 import exceptions

from builder.errors import OutputError, PublishError
from builder.text import urls
from builder.text.files import PACKAGE_BYTES
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from builder.publish.credential import Credential

SECONDS = 120.0
_PIECE = 64 * 1024
_TIMES = 3  # that a request is made again which may be
_REDIRECTS = 5
_REFUSED = {401, 403}
_MOVED = {301, 302, 303, 307, 308}
_TROUBLED = {429, 500, 502, 503, 504}
_ABSENT = {404, 410}
MOVED = "if it has moved there, write that address into trustpack.yaml"
_SAID = 200  # characters of what a server says
_PORTS = {"http": 80, "https": 443}
# Made twice, they do what they do once. So does PUT, but whoever sends a file looks first whether it came.
_SAFE = frozenset({"GET", "DELETE"})


class UnansweredError(PublishError):
    """A registry is in trouble or not to be reached: what was asked may be asked again."""


class HttpReply(msgspec.Struct, frozen=True):
    """What a server has answered, and where it was found in the end."""

    status: int
    url: str
    body: bytes = b""

    @property
    def absent(self) -> bool:
        """Whether there is nothing."""
        return self.status in _ABSENT


class Web:
    """Requests, each of which may take `seconds`; `ca_file` has CAs that are trusted beside the system's.

    `proxy` returns where requests go to first, by scheme and host (None: to the host itself).
    """

    def __init__(
        self,
        *,
        ca_file: Path | None = None,
        proxy: Callable[[str, str], str | None] = lambda _scheme, _host: None,
        seconds: float = SECONDS,
    ) -> None:
        self.seconds = seconds
        self._context = ssl.create_default_context()
        self._proxy = proxy
        self._pools: dict[str | None, urllib3.PoolManager] = {}
        if ca_file is not None:
            try:
                self._context.load_verify_locations(ca_file)
            except (OSError, ssl.SSLError):
                raise OutputError(f"{ca_file}: has no certificates in PEM, or cannot be read") from None

    def get(
        self,
        url: str,
        credential: Credential | None = None,
        *,
        accept: str = "*/*",
        limit: int = PACKAGE_BYTES,
        elsewhere: bool = True,
    ) -> HttpReply:
        """Return what is at an address, of at most `limit` bytes; another status than 200 is an absence.

        Redirects are followed without the credential, and to other hosts only if what comes may be
        `elsewhere`; else that is an absence, too. Raises PublishError.
        """
        sent = credential
        for _ in range(_REDIRECTS + 1):
            headers = {"Accept": accept, **(sent.headers if sent else {})}
            reply, target = self._made("GET", url, headers, None, limit, credential)
            if reply.status in _MOVED and target:
                before, url = url, urljoin(url, target)
                if urlsplit(url).scheme not in {"https", urlsplit(before).scheme}:
                    raise PublishError(f"{urls.shown(before)}: is redirected from HTTPS to something else")
                if origin(url) != origin(before):
                    if not elsewhere:
                        return HttpReply(http.client.NOT_FOUND, url)
                    sent = None
                continue
            if reply.status == http.client.OK or reply.absent:
                return reply
            raise _refusal(reply, credential)
        raise PublishError(f"{urls.shown(url)}: is redirected again and again")

    def send(
        self,
        method: str,
        url: str,
        body: bytes,
        credential: Credential,
        headers: Mapping[str, str],
        *,
        taken: frozenset[int] = frozenset(),
    ) -> HttpReply:
        """Make a request that changes something; return its answer, if it is one of success or `taken`.

        It is never redirected. Raises UnansweredError where it may be made again, else PublishError.
        """
        reply, target = self._made(
            method, url, {**headers, **credential.headers}, body, PACKAGE_BYTES, credential
        )
        if reply.status in _MOVED:
            raise _moved(url, target)
        if http.client.OK <= reply.status < http.client.MULTIPLE_CHOICES or reply.status in taken:
            return reply
        raise _refusal(reply, credential)

    def refuse_moved(self, method: str, url: str) -> None:
        """Raise PublishError where a request without body and credential is redirected to another origin.

        For clients that would follow: what is redirected only after a credential was seen is not found so.
        """
        headers = {"Content-Type": "application/json"}
        try:
            reply, target = self._made(method, url, headers, b"{}", PACKAGE_BYTES, None)
        except UnansweredError:
            return  # the client will say so, if it is more than the question that is too much for it
        if reply.status in _MOVED and origin(urljoin(url, target)) != origin(url):
            raise _moved(url, target)

    def _made(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        limit: int,
        credential: Credential | None,
    ) -> tuple[HttpReply, str]:
        if credential is not None:
            refuse_clear_text(url)
        again = _TIMES if method in _SAFE else 0
        retries = urllib3.Retry(
            total=again,
            read=min(again, 1),  # each takes as long as the first
            redirect=False,
            status_forcelist=_TROUBLED if again else (),
            allowed_methods=_SAFE,
            backoff_factor=0.3,
            raise_on_status=False,
            respect_retry_after_header=False,  # it could be days
        )
        with self._told(url):
            answer = self._pool(url).request(
                method, url, body=body, headers=dict(headers), retries=retries, redirect=False,
                preload_content=False, timeout=urllib3.Timeout(self.seconds),
            )  # fmt: skip
            try:
                reply = HttpReply(answer.status, url, self._body(answer, url, limit))
            finally:
                answer.close()
            if reply.status in _TROUBLED:
                raise UnansweredError(
                    f"{urls.shown(url)}: answers {_status(reply)}", hint="run it again later"
                )
            return reply, answer.headers.get("Location") or ""

    def _body(self, answer: urllib3.BaseHTTPResponse, url: str, limit: int) -> bytes:
        """Return what a server sends, which has an end: in size and in time."""
        until, pieces, size = time.monotonic() + self.seconds, [], 0
        while piece := answer.read1(_PIECE):
            size += len(piece)
            if size > limit:
                raise PublishError(f"{urls.shown(url)}: is larger than {limit} bytes")
            if time.monotonic() > until:
                raise UnansweredError(f"{urls.shown(url)}: is sent too slowly")
            pieces.append(piece)
        return b"".join(pieces)

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = self._proxy(parts.scheme, parts.hostname or "")
        if proxy not in self._pools:
            self._pools[proxy] = (
                urllib3.ProxyManager(proxy, ssl_context=self._context)
                if proxy
                else urllib3.PoolManager(ssl_context=self._context)
            )
        return self._pools[proxy]

    @contextlib.contextmanager
    def _told(self, url: str) -> Iterator[None]:
        """Say in our words what went wrong."""
        where = urls.shown(url)
        try:
            yield
        except exceptions.HTTPError as error:
            cause = error.reason if isinstance(error, exceptions.MaxRetryError) else error
            found = cause.args[-1] if isinstance(cause, exceptions.SSLError) and cause.args else cause
            if isinstance(found, ssl.SSLCertVerificationError):
                raise PublishError(
                    f"{where}: its certificate is not trusted: {found.verify_message}",
                    hint="name the CA that issued it: --ca-file FILE",
                ) from None
            hint = "run it again: what is there already is not sent again"
            late = isinstance(cause, exceptions.TimeoutError)
            what = f"has not answered in {self.seconds:g} seconds" if late else "cannot be reached"
            if isinstance(cause, exceptions.NewConnectionError):  # urllib3 counts it among what is late
                unknown = isinstance(cause, exceptions.NameResolutionError)
                what = "nobody knows this host" if unknown else "nobody answers at this address"
                hint = f"is it written right in trustpack.yaml? If so, {hint}"
            raise UnansweredError(f"{where}: {what}", hint=hint) from None


def origin(url: str) -> tuple[str, str, int]:
    """Return whom a credential is for: scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def refuse_clear_text(url: str) -> None:
    """Raise PublishError where a credential would cross a network in the clear."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise PublishError(
            f"{urls.shown(url)}: a credential is not sent over plain HTTP",
            hint="write https:// into trustpack.yaml",
        )


def _moved(url: str, target: str) -> PublishError:
    where = urlunsplit((*urlsplit(urljoin(url, target))[:2], "", "", "")) if target else "somewhere else"
    return PublishError(
        f"{urls.shown(url)}: sends us to {visible(urls.shown(where))}, "
        "which gets neither file nor credential",
        hint=MOVED,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refusal(reply: HttpReply, credential: Credential | None) -> PublishError:
    where = urls.shown(reply.url)
    if reply.status in _REFUSED:
        return refused(where, _status(reply), credential)
    said = " ".join(reply.body[: 4 * _SAID].decode("utf-8", "replace").split())[:_SAID]
    if credential is not None:
        said = said.replace(credential.secret, "…")
    return PublishError(
        f"{where}: answers {_status(reply)}" + (f": {visible(urls.scrubbed(said))}" if said else "")
    )


def refused(where: str, answer: str, credential: Credential | None) -> PublishError:
    """Return the error of a registry that does not let us in, with the way out."""
    if credential is None:
        return PublishError(f"{where}: answers {answer}", hint="it wants a credential to be read, too")
    return PublishError(
        f"{where}: does not accept {credential.source}: it answers {answer}",
        hint=f"it may have expired, or be for something else: renew {credential.source}",
    )


def _status(reply: HttpReply) -> str:
    name = http.client.responses.get(reply.status, "")
    return f"{reply.status} {name}".rstrip()
