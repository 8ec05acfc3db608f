"""Servers on loopback that answer as public registries do, and remember what they were asked."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Answer:
    """What a server sends for a path."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Registry:
    """A running server; `asked` has each request's method and path, `headers` those of the last one."""

    url: str
    answers: dict[str, Answer]
    asked: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


# Empty, as the real ones' are; of npm's the body is {"error":"Not found"}.
NOT_FOUND = Answer(status=404)


def simple(name: str, files: Mapping[str, str]) -> Answer:
    """Return what PyPI says of a project, by file name and SHA-256."""
    listed = [
        {
            "filename": file,
            "hashes": {"sha256": digest},
            "requires-python": None,
            "size": 7,
            "upload-time": "2026-01-01T00:00:00.000000Z",
            "url": f"https://files.example/{file}",
            "yanked": False,
        }
        for file, digest in files.items()
    ]
    said = {"files": listed, "meta": {"api-version": "1.4"}, "name": name, "versions": ["1.0"]}
    return Answer(json.dumps(said).encode(), headers={"Content-Type": "application/vnd.pypi.simple.v1+json"})


def packument(name: str, versions: Mapping[str, str]) -> Answer:
    """Return what npm says of a package, by version and integrity."""
    listed = {
        version: {"name": name, "version": version, "dist": {"shasum": "0" * 40, "integrity": integrity}}
        for version, integrity in versions.items()
    }
    said = {"name": name, "dist-tags": {"latest": max(versions, default="")}, "versions": listed}
    return Answer(json.dumps(said).encode(), headers={"Content-Type": "application/json"})


def compact(versions: Mapping[str, str]) -> Answer:
    """Return what RubyGems says of a gem, by version and SHA-256."""
    lines = [f"{version} |checksum:{digest},ruby:>= 2.7\n" for version, digest in versions.items()]
    return Answer("".join(["---\n", *lines]).encode(), headers={"Content-Type": "text/plain; charset=utf-8"})


# What every copy of each has.
KNOWN = {
    "/simple/six": simple("six", {"six-1.0.tar.gz": "1" * 64}),
    "/is-number": packument("is-number", {"1.0.0": "sha512-AA=="}),
    "/info/rake": compact({"13.0": "2" * 64}),
}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        registry: Registry = self.server.registry  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        registry.asked.append(f"{self.command} {self.path}")
        registry.headers.clear()
        registry.headers.update(self.headers)
        known = registry.answers.get(self.path, NOT_FOUND)
        found = Answer(b'{"ok": true}') if self.command in {"PUT", "POST"} else known
        self.send_response(found.status)
        for name, value in {**found.headers, "Content-Length": str(len(found.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(found.body)

    do_GET = do_PUT = do_POST = _answer  # noqa: N815  names of http.server's

    def log_message(self, *_arguments: object) -> None:
        """Tell nobody."""


@contextlib.contextmanager
def running(answers: Mapping[str, Answer] | None = None, host: str = "127.0.0.1") -> Iterator[Registry]:
    """Run a registry that has what KNOWN has and `answers`, by path; it takes whatever is uploaded."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        registry = Registry(f"http://{host}:{server.server_address[1]}", {**KNOWN, **(answers or {})})
        server.registry = registry  # type: ignore[attr-defined]
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
