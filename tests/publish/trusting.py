"""Trusted publishing on loopback: a CI's issuer of identities, and the registries' exchange for a token.

It stands before a real registry and hands everything else on to it, with the registry's own credential.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from tests.publish.registries import serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACCESS = "access-of-the-job"
TOKEN = "minted-t0ken"  # noqa: S105  of a test
_HOP = {"host", "connection", "content-length", "transfer-encoding", "authorization"}


@dataclass
class Trusting:
    """What it asks of an identity, and what came: identities by audience, and the uploads' credentials."""

    url: str = ""
    audience: str = ""
    registered: bool = True
    exchanges: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)
    behind: str = ""
    theirs: Mapping[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """What GitHub puts into the environment of a job that has an identity."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}issuer?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ACCESS,
        }


@contextlib.contextmanager
def trusting(audience: str, behind: str, **theirs: str) -> Iterator[Trusting]:
    """Run one before a registry, which lets in by the headers `theirs`."""
    server = _Server(("127.0.0.1", 0), _Answer)
    server.trust = Trusting(audience=audience, behind=behind, theirs=theirs)
    with serving(server) as url:
        server.trust.url = url
        yield server.trust


def identity(audience: str) -> str:
    """Return what stands for the identity of a job, for an audience."""
    return f"identity.for.{audience}"


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    trust: Trusting


class _Answer(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        trust, parts = self.server.trust, urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if parts.path == "/issuer":
            wanted = parse_qs(parts.query)
            if bearer != ACCESS or wanted["api-version"] != ["2.0"]:
                self._json(401, {"message": "no"})
            else:
                self._json(200, {"value": identity(wanted["audience"][0])})
        elif parts.path == "/_/oidc/audience":
            self._json(200, {"audience": trust.audience})
        elif parts.path == "/_/oidc/mint-token":
            self._exchange(json.loads(data)["token"], "token")
        elif parts.path.startswith("/-/npm/v1/oidc/token/exchange/package/"):
            trust.exchanges.append(unquote(parts.path.rsplit("/", 1)[1]))
            self._exchange(bearer, "token")
        elif parts.path == "/api/v1/oidc/trusted_publisher/exchange_token":
            self._exchange(json.loads(data)["jwt"], "rubygems_api_key")
        else:
            self._hand_on(data)

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815  http.server's names

    def _exchange(self, said: str, key: str) -> None:
        if not self.server.trust.registered or said != identity(self.server.trust.audience):
            self._json(422, {"message": f"no publisher is registered for {said}"})
        else:
            self._json(201, {key: TOKEN})

    def _hand_on(self, data: bytes) -> None:
        trust = self.server.trust
        given = self.headers.get("Authorization") or ""
        if self.command in {"POST", "PUT"}:
            if not given:
                self._json(401, {"message": "who are you?"})
                return
            trust.credentials.append(given)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in _HOP}
        own = urlsplit(trust.behind)
        there = http.client.HTTPConnection(own.hostname or "", own.port)
        there.request(
            self.command, self.path, data, {**headers, **trust.theirs, "Host": self.headers["Host"]}
        )
        answer = there.getresponse()
        body = answer.read()
        kind = answer.headers.get("Content-Type") or "text/plain"
        self._answer(answer.status, body, kind, answer.headers.get("Location") or "")
        there.close()

    def _json(self, status: int, value: object) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
