"""CAs with domains in Chromium: handshakes with servers within and beyond them, in a copy of this machine."""

import contextlib
import datetime as dt
import html
import http.server
import re
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from builder.prove import authority
from builder.prove.sandbox import Sandbox, open_sandbox
from builder.prove.server import Listener, listen
from builder.prove.testbeds.browsers import OPTIONS
from tests import limited, releases
from tests.limited import NAMES, NETWORKS, SERVERS
from tests.tools import require, require_mounts

NOW = dt.datetime.now(dt.UTC)
_HOSTS = "--host-resolver-rules=MAP *.example 127.0.0.1, MAP corp.example 127.0.0.1, EXCLUDE 127.0.0.1"
_WORDS = re.compile(r'data-word="(\w+)" data-name="([^"]+)"')
_SCRIPT = """<script src="https://{host}:{port}/" data-word="nothing" data-name="{name}"
 onload="this.dataset.word = 'accepted'" onerror="this.dataset.word = 'refused'"></script>"""
LIMITED, FREE = (authority.create(f"Acme {name}", now=NOW) for name in ("Limited", "Free"))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    require("chromium")
    require_mounts()
    with open_sandbox(Path("/")) as opened:
        yield opened


@pytest.fixture(scope="module")
def listeners() -> Iterator[Mapping[str, tuple[str, Listener]]]:
    """Serve each leaf of the limited CA, and one beyond its domains of another CA."""
    with contextlib.ExitStack() as stack:
        found = {
            name: (each.host, stack.enter_context(listen(limited.leaf(LIMITED, each, now=NOW))))
            for name, each in SERVERS.items()
        }
        free = SERVERS["outside"]
        found["of another CA"] = (free.host, stack.enter_context(listen(limited.leaf(FREE, free, now=NOW))))
        yield found


class _Page(http.server.BaseHTTPRequestHandler):
    def __init__(self, page: bytes, *rest: object) -> None:
        self.page = page
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(self.page)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def accepted(sandbox: Sandbox, listeners: Mapping[str, tuple[str, Listener]]) -> set[str]:
    """Return which servers a new Chromium accepts, which both ends must say."""
    scripts = (_SCRIPT.format(host=host, port=one.port, name=name) for name, (host, one) in listeners.items())
    page = f"<!doctype html><title>servers</title><body>{''.join(scripts)}".encode()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Page, page))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    before = {name: one.seen().requests for name, (_, one) in listeners.items()}
    words = ("chromium", *OPTIONS, _HOSTS, "--user-data-dir=/root/chromium", "--dump-dom")
    script = 'rm -rf /root/chromium; exec "$@"'
    address = f"http://127.0.0.1:{server.server_port}/"
    said = sandbox.run(["sh", "-c", script, "sh", *words, address], seconds=240).out
    server.shutdown()
    server.server_close()
    seen = {name for name, (_, one) in listeners.items() if one.seen().requests > before[name]}
    told = {html.unescape(name): word for word, name in _WORDS.findall(said)}
    assert told == {name: "accepted" if name in seen else "refused" for name in listeners}, said
    return seen


@pytest.mark.parametrize(
    "domains", [NAMES, NETWORKS, (*NAMES, *NETWORKS), ()], ids=["names", "networks", "both", "none"]
)
def test_a_ca_is_trusted_for_its_domains_alone(
    sandbox: Sandbox,
    listeners: Mapping[str, tuple[str, Listener]],
    tmp_path: Path,
    domains: tuple[str, ...],
) -> None:
    """All names of hosts and addresses of a leaf are within; Chromium looks at no other kind of name."""
    [package] = releases.build(
        tmp_path, "acme", [LIMITED, FREE], target="browsers-deb", limited={LIMITED.pem: domains}
    )
    sandbox.copy_in(f"/root/{package.name}", package.read_bytes())
    sandbox.run(["dpkg", "--install", f"/root/{package.name}"])
    expected = {name for name, one in SERVERS.items() if one.within(domains, all_kinds=False)}
    assert accepted(sandbox, listeners) == expected | {"of another CA"}
