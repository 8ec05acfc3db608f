"""A double of GitHub's REST API for releases, as its documentation describes it, with a fault on demand."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.publish.registries import serving
from tests.publish.tunnel import TunnelHandler, TunnelServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "ghs_of-the-job"  # noqa: S105  of a test
_REPOSITORY = "/repos/acme/trust"


@dataclass
class Hosting:
    """A repository: its releases, the assets of each with their bytes, and how many uploads end half-way.

    `described` is what it says of itself. Of another name, it was renamed: readers are redirected.
    """

    url: str = ""
    releases: list[dict[str, Any]] = field(default_factory=list)
    assets: dict[int, dict[str, Any]] = field(default_factory=dict)
    data: dict[int, bytes] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    halves: int = 0
    digests: bool = True
    described: dict[str, Any] = field(
        default_factory=lambda: {"full_name": "acme/trust", "private": True, "archived": False}
    )
    busy: threading.RLock = field(default_factory=threading.RLock)
    drafting: Callable[[], None] = lambda: None  # called before a draft is made


@contextlib.contextmanager
def hosting(certificate: Path | None = None) -> Iterator[Hosting]:
    """Run one; with a certificate it is a proxy too, which answers for every host itself."""
    server = _Server(("127.0.0.1", 0), _Answer)
    server.hosting = Hosting()
    server.certificate = certificate
    with serving(server) as url:
        server.hosting.url = url
        yield server.hosting


class _Server(TunnelServer):
    hosting: Hosting


class _Answer(TunnelHandler):
    server: _Server

    def do_GET(self) -> None:  # noqa: N802  http.server's name
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "POST" and urlsplit(self.path).path.endswith("/releases"):
            self.server.hosting.drafting()
        with self.server.hosting.busy:
            self._asked(data)

    def _asked(self, data: bytes) -> None:  # noqa: C901, PLR0912  the API, a case each
        found, parts = self.server.hosting, urlsplit(self.path)
        words = parts.path.removeprefix(_REPOSITORY).strip("/").split("/")
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            self._json(401, {"message": "Bad credentials"})
            return
        found.asked.append((self.command, self.path))
        if self.command != "GET":
            found.log.append(f"{self.command} {'/'.join(words)}")
        now = f"/repos/{found.described.get('full_name')}"
        match self.command, words:
            case "GET", _ if parts.path == now:
                self._json(200, found.described)
            case "GET", [""] if found.described:
                self._moved(now)
            case "DELETE", ["releases", number]:
                found.releases = [one for one in found.releases if one["id"] != int(number)]
                self._answer(204, b"", "text/plain")
            case "GET", ["releases"]:
                page = int(parse_qs(parts.query).get("page", ["1"])[0])
                self._json(200, found.releases[100 * (page - 1) : 100 * page])
            case "POST", ["releases"]:
                made = {
                    "draft": False,
                    **json.loads(data),
                    "id": 1 + max((one["id"] for one in found.releases), default=0),
                }
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
                page = int(parse_qs(parts.query).get("page", ["1"])[0])
                listed = [one for one in found.assets.values() if one["release"] == int(number)]
                self._json(200, listed[100 * (page - 1) : 100 * page])
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

    def _moved(self, where: str) -> None:
        self.send_response(301)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, status: int, value: object) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
