"""A server of files on loopback, as upload APIs are described: it notes what comes, and fails on demand."""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from builder import inspect
from tests.publish.registries import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TOKEN = "t0ken-of-the-store"  # noqa: S105  of a test
_MAGIC = {b"!<arch>": "x.deb", b"\xed\xab\xee\xdb": "x.rpm", b"\x1f\x8b": "x.apk"}
_ARCHITECTURE = ("Architecture", "Arch", "arch")


@dataclass(frozen=True)
class Received:
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    size: int


@dataclass(frozen=True)
class Fault:
    """What happens to an upload: a status, after a delay; it is `stored` all the same, or not."""

    status: int
    location: str = ""
    seconds: float = 0.0
    stored: bool = False


@dataclass
class Store:
    """What the server has, what it was asked, and what is to go wrong with the next uploads."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    lets_in: bool = True
    everybody: bool = False  # may read
    moved: str = ""  # where it sends those who read
    after: Callable[[], None] = lambda: None

    @property
    def uploads(self) -> list[str]:
        """The requests that wanted to store something."""
        return [one.path for one in self.received if one.method in {"PUT", "POST"}]


@contextlib.contextmanager
def store() -> Iterator[Store]:
    """Run one."""
    server = _Server()
    with serving(server) as url:
        server.store.url = url
        yield server.store


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.store = Store()
        self.busy = threading.Lock()


class _Answer(http.server.BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        found = self.server.store
        with self.server.busy:
            found.received.append(Received(self.command, self.path, dict(self.headers), len(data)))
            fault = found.faults.pop(0) if found.faults else None
        if fault is not None:
            time.sleep(fault.seconds)
            if fault.stored:
                self._keep(data)
            self._answer(fault.status, b"as the test wants it", fault.location)
        elif not self._let_in():
            self._answer(401, b"who are you?")
        else:
            self._answer(201 if self._keep(data) else 409)

    def do_POST(self) -> None:
        self.do_PUT()

    def do_GET(self) -> None:
        found = self.server.store
        with self.server.busy:
            found.received.append(Received(self.command, self.path, dict(self.headers), 0))
        if not (found.everybody or self._let_in()):
            self._answer(401, b"who are you?")
        elif found.moved:
            self._answer(302, location=f"{found.moved.rstrip('/')}{self.path}")
        elif self.path in found.files:
            self._answer(200, found.files[self.path])
        else:
            self._answer(404, b"nothing here")

    def _let_in(self) -> bool:
        return self.server.store.lets_in and TOKEN in " ".join(self.headers.values())

    def _keep(self, data: bytes) -> bool:
        """Store an upload where it is read later, unless something is there."""
        found, path = self.server.store, _place(self.path, data)
        with self.server.busy:
            if path in found.files:
                return False
            found.files[path] = data
            found.stored.append(path)
            found.after()
            return True

    def _answer(self, status: int, body: bytes = b"", location: str = "") -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _place(path: str, data: bytes) -> str:
    """Return where an upload is read: Nexus and Gitea choose that by what they find in the package."""
    kind = path.split("/")[1]
    bare = path.partition(";")[0]
    if kind == "nexus" and path.endswith("/"):
        name, version, architecture = _described(data)
        return f"{path}pool/{name[0]}/{name}/{name}_{version}_{architecture}.deb"
    if kind == "debian":
        name, version, architecture = _described(data)
        return f"{bare.removesuffix('upload')}{name}_{version}_{architecture}.deb"
    if kind == "rpm":
        name, version, architecture = _described(data)
        return f"{bare.removesuffix('upload')}package/{name}/{version}/{architecture}"
    if kind == "alpine":
        name, version, architecture = _described(data)
        return f"{bare}/{architecture}/{name}-{version}.apk"
    return bare


def _described(data: bytes) -> tuple[str, str, str]:
    name = next(name for magic, name in _MAGIC.items() if data.startswith(magic))
    package = inspect.unpack(name, data)
    return (
        package.name,
        package.version,
        next(package.metadata[key] for key in _ARCHITECTURE if key in package.metadata),
    )


def properties(path: str) -> dict[str, str]:
    """Return the properties that an address of Artifactory's has."""
    return {key: unquote(value) for key, value in re.findall(r";([^=;]+)=([^;]*)", path)}
