"""Stand-ins on loopback for what jobs talk to: GitHub's API, GitLab's, and who gives identities."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Answer = tuple[int, Any] | tuple[int, Any, str]  # what follows, too, where that is not all
    Handler = Callable[[str, str, dict[str, str], bytes, dict[str, str]], Answer]

BOT = {"login": "github-actions[bot]"}
LONGEST = 65536  # characters of an issue or a comment
JWT = "header.payload.signature"


@dataclass
class GitHub:
    """Issues, comments and pull requests of acme/trust; `artifacts` tells which runs have kept what."""

    artifacts: Callable[[str], list[dict[str, Any]]]
    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pulls: list[dict[str, Any]] = field(default_factory=list)

    def answer(  # noqa: C901, PLR0911  a row for each request
        self, method: str, path: str, query: dict[str, str], body: bytes, headers: dict[str, str]
    ) -> Answer:
        """Answer a request of `gh`; unknown paths are not found."""
        if headers.get("authorization") != "token t0ken":
            return 401, {}
        given = json.loads(body or b"{}")
        words = path.removeprefix("/repos/acme/trust/").split("/")
        match method, words:
            case "POST" | "PATCH", _ if len(given["body"]) > LONGEST:
                return 422, {"message": "body is too long (maximum is 65536 characters)"}
            case "GET", ["issues"]:
                return 200, [issue for issue in self.issues if issue["state"] == query["state"]]
            case "POST", ["issues"]:
                self.issues.append({"number": len(self.issues) + 1, "state": "open", "user": BOT, **given})
                return 201, self.issues[-1]
            case "PATCH", ["issues", "comments", number]:
                found = next(c for each in self.comments.values() for c in each if c["id"] == int(number))
                found.update(given)
                return 200, found
            case "PATCH", ["issues", number]:
                self.issues[int(number) - 1].update(given)
                return 200, self.issues[int(number) - 1]
            case "GET", ["issues", number, "comments"]:
                return 200, self.comments.get(number, [])
            case "POST", ["issues", number, "comments"]:
                comments = self.comments.setdefault(number, [])
                comments.append({"id": 100 + len(comments), "user": BOT, **given})
                return 201, comments[-1]
            case "GET", ["pulls"]:
                return 200, [pull for pull in self.pulls if pull["head"]["label"] == query["head"]]
            case "GET", ["actions", "artifacts"]:
                return self._page(path, query)
        return 404, {}

    def _page(self, path: str, query: dict[str, str]) -> Answer:
        kept, page, size = self.artifacts(query["name"]), int(query.get("page", "1")), int(query["per_page"])
        shown = {"artifacts": kept[(page - 1) * size : page * size]}
        if len(kept) <= page * size:
            return 200, shown
        follows = urllib.parse.urlencode({**query, "page": page + 1})
        return 200, shown, f"https://api.github.com{path}?{follows}"


@dataclass
class GitLab:
    """Issues of project 7, and the record that its last pipeline has kept."""

    record: Path
    issues: list[dict[str, Any]] = field(default_factory=list)

    def answer(
        self, method: str, path: str, query: dict[str, str], body: bytes, headers: dict[str, str]
    ) -> Answer:
        """Answer a request of curl; unknown paths are not found."""
        words = path.removeprefix("/api/v4/projects/7/").split("/")
        if words == ["jobs", "artifacts", "main", "raw", "record.json"] and query == {"job": "publish"}:
            known = headers.get("job-token") == "j0b" and self.record.exists()
            return (200, self.record.read_bytes()) if known else (404, {})
        if headers.get("private-token") != "pr1vate":
            return 401, {}
        given = dict(urllib.parse.parse_qsl(body.decode()))
        match method, words:
            case "GET", ["issues"]:
                assert query["scope"] == "created_by_me"
                return 200, [issue for issue in self.issues if issue["state"] == query["state"]]
            case "POST", ["issues"]:
                self.issues.append({"iid": len(self.issues) + 1, "state": "opened", **given})
                return 201, self.issues[-1]
            case "PUT", ["issues", number]:
                issue = self.issues[int(number) - 1]
                issue.update({key: value for key, value in given.items() if key != "state_event"})
                if "state_event" in given:
                    issue["state"] = {"close": "closed"}[given["state_event"]]
                return 200, issue
        return 404, {}


def identities(
    method: str, path: str, query: dict[str, str], _body: bytes, headers: dict[str, str]
) -> Answer:
    """Give a job its identity, for the cloud that it is to be shown to."""
    known = (method, path, headers.get("authorization")) == ("GET", "/token", "bearer request")
    if known and query.get("audience") == "sts.amazonaws.com":
        return 200, {"value": JWT}
    return 403, {}


@contextlib.contextmanager
def listening(answer: Handler) -> Iterator[str]:
    """Serve on loopback while the block runs; yield the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(answer)) as server, _threaded(server):
        yield f"http://127.0.0.1:{server.server_port}"


@contextlib.contextmanager
def listening_at(socket: Path, answer: Handler) -> Iterator[None]:
    """Serve at a Unix socket while the block runs: `gh` sends there what would go to GitHub."""
    with socketserver.ThreadingUnixStreamServer(str(socket), _handler(answer)) as server, _threaded(server):
        yield


@contextlib.contextmanager
def _threaded(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _handler(answer: Handler) -> type[BaseHTTPRequestHandler]:
    class Requests(BaseHTTPRequestHandler):
        """Hands each request on."""

        def _do(self) -> None:
            address = urllib.parse.urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(urllib.parse.parse_qsl(address.query))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, found, *more = answer(self.command, address.path, query, body, headers)
            data = found if isinstance(found, bytes) else json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/xml" if data[:1] == b"<" else "application/json")
            self.send_header("Content-Length", str(len(data)))
            for link in more:
                self.send_header("Link", f'<{link}>; rel="next"')
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = _do  # noqa: N815  http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as above
            """Say nothing."""

    return Requests
