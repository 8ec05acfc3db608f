"""Browsers in a copy of this machine, each asked about many servers at one start: by a page that names all.

What a browser made of a certificate both ends say: the page, of each script that it loads from a server, and
the server, which sees a request only of who accepted it.
"""

import contextlib
import functools
import html
import http.server
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from builder.prove import authority
from builder.prove.authority import Authority, Leaf
from builder.prove.sandbox import Sandbox
from builder.prove.server import Listener, listen
from builder.prove.testbeds.browsers import OPTIONS
from tests.trust.world import HOST, World, bad_leaves

_WORDS = re.compile(r'data-word="(\w+)" data-name="([^"]+)"')
_SCRIPT = """<script src="https://{host}:{port}/" data-word="nothing" data-name="{name}"
 onload="this.dataset.word = 'accepted'" onerror="this.dataset.word = 'refused'"></script>"""
# Firefox asks its maker about much; here nobody but loopback is reached.
_USER_JS = b"""\
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("network.proxy.no_proxies_on", "localhost, 127.0.0.1");
"""
_PROFILE = "/root/firefox"


@dataclass(frozen=True)
class Servers:
    """A server for each question, by what host it is asked for, and the address of a page that names all."""

    listeners: Mapping[str, Listener]
    hosts: frozenset[str]
    page: str

    @property
    def rules(self) -> str:
        """Chromium's option by which these hosts are this machine, and no other is anywhere."""
        known = "".join(f"MAP {host} 127.0.0.1, " for host in sorted(self.hosts - {"127.0.0.1"}))
        return f"--host-resolver-rules={known}MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"

    def accepted(self, ask: Sequence[str], sandbox: Sandbox) -> tuple[set[str], str]:
        """Start a browser once; return which servers got a request, and what the browser printed."""
        before = {name: one.seen() for name, one in self.listeners.items()}
        done = sandbox.run(ask, seconds=240)
        after = {name: one.seen() for name, one in self.listeners.items()}
        unasked = [name for name, one in after.items() if one.connections == before[name].connections]
        assert unasked == [], done.out
        return {name for name, one in after.items() if one.requests > before[name].requests}, done.out


def chromium(servers: Servers, sandbox: Sandbox) -> set[str]:
    """Return the names of the servers that a new Chromium accepts, which both ends must say."""
    words = (
        "chromium",
        *OPTIONS,
        servers.rules,
        "--user-data-dir=/root/chromium",
        "--dump-dom",
        servers.page,
    )
    script = 'rm -rf /root/chromium; exec "$@"'
    found, said = servers.accepted(["sh", "-c", script, "sh", *words], sandbox)
    told = {html.unescape(name): word for word, name in _WORDS.findall(said)}
    assert told == {name: "accepted" if name in found else "refused" for name in servers.listeners}, said
    return found


def firefox(servers: Servers, sandbox: Sandbox) -> set[str]:
    """Return the names of the servers that Firefox accepts, in the one profile that the sandbox has."""
    sandbox.copy_in(f"{_PROFILE}/user.js", _USER_JS)
    words = ("firefox-esr", "--headless", "--no-remote", "--profile", _PROFILE)
    shot = ("--screenshot", "/root/firefox.png", servers.page)
    return servers.accepted(["timeout", "120", *words, *shot], sandbox)[0]


class _Page(http.server.BaseHTTPRequestHandler):
    def __init__(self, page: bytes, *rest: object) -> None:
        self.page = page
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.page)))
        self.end_headers()
        with contextlib.suppress(OSError):  # for a page's icon, a browser that has ended does not wait
            self.wfile.write(self.page)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serving(world: World, others: Mapping[str, Authority]) -> contextlib.AbstractContextManager[Servers]:
    """Serve a leaf of each CA of the world and of `others`, and the leaves that all must refuse."""
    named = {name: getattr(world, name) for name in ("kept", "old", "new", "beta")} | dict(others)
    leaves = {name: authority.issue(one, [HOST], now=world.now) for name, one in named.items()}
    bad = bad_leaves(world.kept, world.now)
    return servers({name: (HOST, leaf) for name, leaf in sorted((leaves | bad).items())})


@contextlib.contextmanager
def servers(leaves: Mapping[str, tuple[str, Leaf]]) -> Iterator[Servers]:
    """Serve leaves, each for the host that it is asked for, and the page that asks."""
    with contextlib.ExitStack() as stack:
        listeners = {name: stack.enter_context(listen(leaf)) for name, (_, leaf) in leaves.items()}
        scripts = (
            _SCRIPT.format(host=leaves[name][0], port=one.port, name=name) for name, one in listeners.items()
        )
        page = f"<!doctype html><title>servers</title><body>{''.join(scripts)}".encode()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Page, page))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        hosts = frozenset(host for host, _ in leaves.values())
        yield Servers(listeners, hosts, f"http://127.0.0.1:{server.server_port}/")
