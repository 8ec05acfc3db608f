"""A registry on loopback from which npm, Python's and Ruby's clients fetch packages: only what they ask for.

https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md, PEP 503, and
the compact index of RubyGems' guides.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import tarfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# pnpm and yarn 4 leave a release alone that is less than a day old.
_LONG_AGO = "2026-01-01T00:00:00.000Z"
# Where Ruby's clients look for files; the other indexes say where they are.
_FILES = "/gems"


@dataclass
class Registry:
    """What is served at `url`: the data of each path."""

    url: str
    pages: dict[str, bytes] = field(default_factory=dict)

    def publish(self, packages: Sequence[Path], *, newest: str = _LONG_AGO) -> None:
        """Serve all releases of one package, and nothing else; the last was published at `newest`."""
        describe = {".tgz": _npm, ".whl": _python, ".gem": _ruby}[packages[0].suffix]
        files = {f"{_FILES}/{path.name}": path.read_bytes() for path in packages}
        self.pages = describe(self.url, packages, newest) | files


@contextmanager
def serve() -> Iterator[Registry]:
    """Serve a registry that is empty at first."""
    registry = Registry("")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            data = registry.pages.get(path)
            self.send_response(404 if data is None else 200)
            # pip's kin take a simple page only as HTML.
            self.send_header(
                "Content-Type", "text/html" if path.startswith("/simple/") else "application/json"
            )
            self.send_header("Content-Length", str(len(data or b"")))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data or b"")

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield registry
        server.shutdown()
        thread.join()


def _npm(url: str, tarballs: Sequence[Path], newest: str) -> dict[str, bytes]:
    versions: dict[str, Any] = {}
    for path in tarballs:
        with tarfile.open(path) as archive:
            described = archive.extractfile("package/package.json")
            assert described
            package = json.load(described)
        digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
        dist = {"tarball": f"{url}{_FILES}/{path.name}", "integrity": f"sha512-{digest}"}
        versions[package["version"]] = package | {"dist": dist}
    name, latest = package["name"], package["version"]
    document = {
        "name": name,
        "dist-tags": {"latest": latest},
        "versions": versions,
        "time": {**dict.fromkeys(["created", *versions], _LONG_AGO), latest: newest, "modified": newest},
    }
    return {f"/{name}": json.dumps(document).encode()}


def _python(_url: str, wheels: Sequence[Path], _newest: str) -> dict[str, bytes]:
    name = wheels[0].name.split("-")[0].replace("_", "-")
    links = [f'<a href="{_FILES}/{path.name}#sha256={_sha256(path)}">{path.name}</a>' for path in wheels]
    return {f"/simple/{name}/": f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()}


def _ruby(_url: str, gems: Sequence[Path], newest: str) -> dict[str, bytes]:
    named = [path.stem.rpartition("-") for path in gems]
    name, versions = named[0][0], [version for _, _, version in named]
    lines = [
        f"{version} |checksum:{_sha256(path)},ruby:>= 2.7\n"
        for version, path in zip(versions, gems, strict=True)
    ]
    info = f"---\n{''.join(lines)}".encode()
    digest = hashlib.md5(info, usedforsecurity=False).hexdigest()
    return {
        f"/info/{name}": info,
        "/versions": f"created_at: {newest}\n---\n{name} {','.join(versions)} {digest}\n".encode(),
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
