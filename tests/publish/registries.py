"""Registries on loopback, real ones where there are any: pypiserver, devpi, verdaccio, and a gem server."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder import inspect
from tests.tools import require

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

USER, PASSWORD = "publisher", "s3cret-of-the-publisher"
_HOST = "127.0.0.1"
_SECONDS = 60
_BIN = Path(sys.executable).parent
_VERDACCIO = Path(__file__).parent / "verdaccio" / "node_modules" / "verdaccio" / "bin" / "verdaccio"


@dataclass(frozen=True)
class Running:
    """A registry: where it is, what trustpack.yaml has of it, and the variables that let trustpack in."""

    url: str
    section: Mapping[str, Any]
    variables: Mapping[str, str]
    folder: Path
    index: str = ""

    def stored(self, name: str) -> bytes:
        """Return the bytes that it keeps as a file of a name."""
        [path] = [path for path in self.folder.rglob(name) if path.is_file()]
        return path.read_bytes()


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind((_HOST, 0))
        port: int = found.getsockname()[1]
        return port


@contextlib.contextmanager
def _started(command: Sequence[str | Path], url: str, folder: Path) -> Iterator[None]:
    """Run a server until the block ends; what it logs is in `folder`."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, cwd=folder, env=environment)
    try:
        end = time.monotonic() + _SECONDS
        while not _answers(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310  loopback
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def asked(method: str, url: str, value: Any = None, **headers: str) -> Any:
    """Make a request in JSON to a server on loopback, and return its answer."""
    data = None if value is None else json.dumps(value).encode()
    sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
    request = urllib.request.Request(url, data, sent, method=method)  # noqa: S310  loopback
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  as above
        return json.loads(answer.read() or b"null")


@contextlib.contextmanager
def pypiserver(folder: Path) -> Iterator[Running]:
    """Run pypiserver, which wants a password for everything."""
    require(str(_BIN / "pypi-server"))
    files = folder / "files"
    files.mkdir(parents=True)
    digest = base64.b64encode(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).digest()).decode()
    (folder / "htpasswd").write_text(f"{USER}:{{SHA}}{digest}\n")
    port = free_port()
    url = f"http://{_HOST}:{port}/"
    command: list[str | Path] = [
        sys.executable, "-m", "pypiserver", "run", "-i", _HOST, "-p", str(port), "-P", folder / "htpasswd",
        "-a", "update,list,download", "--server", "wsgiref", files,
    ]  # fmt: skip
    with _started(command, url, folder):
        variables = {"TWINE_USERNAME": USER, "TWINE_PASSWORD": PASSWORD}
        index = f"http://{USER}:{PASSWORD}@{_HOST}:{port}/simple/"
        yield Running(url, {"pypi": {"url": url}}, variables, folder, index)


@contextlib.contextmanager
def devpi(folder: Path) -> Iterator[Running]:
    """Run devpi, with an index whose files stay as they are."""
    init, server = (require(str(_BIN / name)) for name in ("devpi-init", "devpi-server"))
    folder.mkdir(parents=True)
    port, state = free_port(), folder / "state"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    words: list[str | Path] = [init, "--serverdir", state, "--no-root-pypi"]
    subprocess.run(words, check=True, capture_output=True, env=environment)
    url = f"http://{_HOST}:{port}/"
    command: list[str | Path] = [
        server,
        "--serverdir",
        state,
        "--host",
        _HOST,
        "--port",
        str(port),
    ]
    with _started(command, url, folder):
        asked("PUT", f"{url}{USER}", {"password": PASSWORD, "email": "publisher@acme.example"})
        login = asked("POST", f"{url}+login", {"user": USER, "password": PASSWORD})
        key = base64.b64encode(f"{USER}:{login['result']['password']}".encode()).decode()
        index = {"type": "stage", "volatile": False, "bases": []}
        asked("PUT", f"{url}{USER}/stable", index, **{"X-Devpi-Auth": key})
        where = f"{url}{USER}/stable/"
        section = {"pypi": {"url": where, "index": f"{where}+simple/"}}
        variables = {"UV_PUBLISH_USERNAME": USER, "UV_PUBLISH_PASSWORD": PASSWORD}
        yield Running(where, section, variables, folder, f"{where}+simple/")


@contextlib.contextmanager
def verdaccio(folder: Path) -> Iterator[Running]:
    """Run verdaccio, which knows no other registry."""
    folder.mkdir(parents=True)
    node = require("node")
    settings = {
        "storage": str(folder / "storage"),
        "auth": {"htpasswd": {"file": str(folder / "htpasswd")}},
        "uplinks": {},
        "packages": {"**": {"access": "$authenticated", "publish": "$authenticated"}},
        "log": {"type": "stdout", "format": "pretty", "level": "warn"},
    }
    (folder / "config.yaml").write_text(json.dumps(settings))
    port = free_port()
    url = f"http://{_HOST}:{port}/"
    command: list[str | Path] = [
        node,
        _VERDACCIO,
        "--config",
        folder / "config.yaml",
        "--listen",
        f"{_HOST}:{port}",
    ]
    with _started(command, url, folder):
        made = asked("PUT", f"{url}-/user/org.couchdb.user:{USER}", {"name": USER, "password": PASSWORD})
        yield Running(url, {"npm": {"url": url}}, {"NODE_AUTH_TOKEN": made["token"]}, folder)


@contextlib.contextmanager
def gem_server(folder: Path) -> Iterator[Running]:
    """Run a gem server: it takes what gem pushes, and answers what gem asks before it installs."""
    folder.mkdir(parents=True)
    with serving(_GemServer(folder)) as url:
        yield Running(url, {"rubygems": {"url": url}}, {"GEM_HOST_API_KEY": PASSWORD}, folder)


@contextlib.contextmanager
def serving(server: http.server.ThreadingHTTPServer) -> Iterator[str]:
    """Serve until the block ends, and yield the address."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://{_HOST}:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class _GemServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__((_HOST, 0), _GemAnswer)
        self.folder = folder
        self.busy = threading.Lock()
        (folder / "gems").mkdir()


class _GemAnswer(http.server.BaseHTTPRequestHandler):
    server: _GemServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != PASSWORD:
            self._answer(401, b"HTTP Basic: Access denied.")
            return
        package = inspect.unpack("x.gem", data)
        path = self.server.folder / "gems" / f"{package.name}-{package.version}.gem"
        with self.server.busy:
            if path.exists():
                self._answer(409, b"Repushing of gem versions is not allowed.")
                return
            path.write_bytes(data)
            command = [require("gem"), "generate_index", "--directory", str(self.server.folder)]
            subprocess.run(command, check=True, capture_output=True, env={"PATH": os.environ["PATH"]})
        self._answer(200, f"Successfully registered gem: {package.name} ({package.version})".encode())

    def do_GET(self) -> None:
        name, folder = self.path.lstrip("/"), self.server.folder
        if name.startswith("info/"):
            package = name.removeprefix("info/")
            found = sorted((folder / "gems").glob(f"{package}-*.gem"))
            digests = {one.stem.removeprefix(f"{package}-"): one.read_bytes() for one in found}
            listed = [f"{key} |checksum:{hashlib.sha256(data).hexdigest()}" for key, data in digests.items()]
            self._answer(200 if listed else 404, "\n".join(["---", *listed, ""]).encode())
        elif (folder / name).is_file():
            self._answer(200, (folder / name).read_bytes())
        else:
            self._answer(404, b"Not Found")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
