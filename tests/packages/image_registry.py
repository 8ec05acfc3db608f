"""A registry of images (OCI distribution specification 1.1) on loopback: what pushing and pulling need."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOB = re.compile(r"/v2/(.+)/blobs/(sha256:[0-9a-f]{64})")
_UPLOAD = re.compile(r"/v2/(.+)/blobs/uploads/([0-9]*)")
_MANIFEST = re.compile(r"/v2/(.+)/manifests/([^/]+)")


@dataclass
class Registry:
    """What a registry holds: blobs and manifests by their digests, and digests by tags."""

    host: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: Registry

    def answer(self, status: int, data: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content_Length": str(len(data)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def do_GET(self) -> None:
        if self.path == "/v2/":
            self.answer(200)
        elif (found := _BLOB.fullmatch(self.path)) and found[2] in self.registry.blobs:
            self.answer(200, self.registry.blobs[found[2]])
        elif (found := _MANIFEST.fullmatch(self.path)) and self.digest(found[2]) in self.registry.manifests:
            kind, data = self.registry.manifests[self.digest(found[2])]
            self.answer(200, data, Content_Type=kind, Docker_Content_Digest=self.digest(found[2]))
        else:
            self.answer(404)

    do_HEAD = do_GET  # noqa: N815  the standard library looks methods up by this name

    def digest(self, reference: str) -> str:
        return self.registry.tags.get(reference, reference)

    def do_POST(self) -> None:
        number = str(len(self.registry.uploads))
        self.registry.uploads[number] = b""
        self.answer(202, Location=f"{self.path.rstrip('/')}/{number}", Range="0-0")

    def do_PATCH(self) -> None:
        found = _UPLOAD.fullmatch(self.path)
        assert found
        self.registry.uploads[found[2]] += self.chunks()
        self.answer(202, Location=self.path, Range=f"0-{len(self.registry.uploads[found[2]]) - 1}")

    def chunks(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.body()
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_PUT(self) -> None:
        address = urlsplit(self.path)
        if found := _UPLOAD.fullmatch(address.path):
            data = self.registry.uploads.pop(found[2]) + self.chunks()
            named, digest = parse_qs(address.query)["digest"][0], _digest(data)
            self.registry.blobs[digest] = data
            self.answer(201 if named == digest else 400, Location=f"/v2/{found[1]}/blobs/{digest}")
            return
        found = _MANIFEST.fullmatch(address.path)
        assert found
        data = self.body()
        digest = _digest(data)
        self.registry.manifests[digest] = (self.headers["Content-Type"], data)
        if found[2] != digest:
            self.registry.tags[found[2]] = digest
        self.answer(201, Location=address.path, Docker_Content_Digest=digest)

    def do_DELETE(self) -> None:
        found = _MANIFEST.fullmatch(self.path)
        digest = self.digest(found[2]) if found else ""
        gone = self.registry.manifests.pop(digest, None)
        self.registry.tags = {tag: one for tag, one in self.registry.tags.items() if one != digest}
        self.answer(202 if gone else 404)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@contextlib.contextmanager
def serve() -> Iterator[Registry]:
    """Serve an empty registry while the block runs."""
    registry = Registry()
    handler = type("Handler", (_Handler,), {"registry": registry})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    registry.host = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
