"""A double of GitHub's REST API for releases, as its documentation describes it, with a fault on demand."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.publish.registries import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "ghs_of-the-job"  # noqa: S105  of a test
_REPOSITORY = "/repos/acme/trust"


@dataclass
class Hosting:
    """A repository: its releases, the assets of each with their bytes, and how many uploads end half-way."""

    url: str = ""
    releases: list[dict[str, Any]] = field(default_factory=list)
    assets: dict[int, dict[str, Any]] = field(default_factory=dict)
    data: dict[int, bytes] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    halves: int = 0
    digests: bool = True


@contextlib.contextmanager
def hosting() -> Iterator[Hosting]:
    """Run one."""
    server = _Server(("127.0.0.1", 0), _Answer)
    server.hosting = Hosting()
    with serving(server) as url:
        server.hosting.url = url
        yield server.hosting


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    hosting: Hosting


class _Answer(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        found, parts = self.server.hosting, urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        words = parts.path.removeprefix(_REPOSITORY).strip("/").split("/")
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._json(401, {"message": "Bad credentials"})
            return
        if self.command != "GET":
            found.log.append(f"{self.command} {'/'.join(words)}")
        match self.command, words:
            case "GET", ["releases"]:
                page = int(parse_qs(parts.query).get("page", ["1"])[0])
                self._json(200, found.releases[100 * (page - 1) : 100 * page])
            case "POST", ["releases"]:
                made = {"draft": False, **json.loads(data), "id": len(found.releases) + 1}
                found.releases.insert(0, made)
                self._json(201, made)
            case "PATCH", ["releases", number]:
                one = next(one for one in found.releases if one["id"] == int(number))
                one.update(json.loads(data))
                self._json(200, one)
            case "GET", ["releases", "assets", number]:
                self._answer(200, found.data[int(number)], "application/octet-stream")
            case "DELETE", ["releases", "assets", number]:
                del found.assets[int(number)]
                self._answer(204, b"", "text/plain")
            case "GET", ["releases", number, "assets"]:
                self._json(200, [one for one in found.assets.values() if one["release"] == int(number)])
            case "POST", ["releases", number, "assets"]:
                self._attach(int(number), parse_qs(parts.query)["name"][0], data)
            case _:
                self._json(404, {"message": "Not Found"})

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  http.server's names

    def _attach(self, release: int, name: str, data: bytes) -> None:
        found = self.server.hosting
        if any(one["name"] == name and one["release"] == release for one in found.assets.values()):
            self._json(422, {"message": "Validation Failed", "errors": [{"code": "already_exists"}]})
            return
        key = 1 + max(found.data, default=0)
        whole = not found.halves
        found.halves -= not whole
        made = {"id": key, "name": name, "release": release, "state": "uploaded" if whole else "starter"}
        if found.digests and whole:
            made["digest"] = f"sha256:{hashlib.sha256(data).hexdigest()}"
        found.assets[key] = made
        found.data[key] = data if whole else data[: len(data) // 2]
        self._json(201 if whole else 502, made)

    def _json(self, status: int, value: object) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
