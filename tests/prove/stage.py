"""What every test of a testbed does: hold a whole trial in it, with packages built from throw-away CAs."""

import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from builder.prove import authority, testbeds, trial
from builder.prove.authority import Leaf
from builder.prove.server import server_context
from builder.prove.testbed import Testbed
from builder.prove.trial import Cell, Question, TrialSetup
from tests import golang, targets
from tests.runtime.go.world import PROBE
from tests.trust.world import HOST, World, build


def questions(world: World) -> tuple[Question, ...]:
    """Return a server of a CA in both releases, in the first, in the second, and of nobody's."""
    accepted = {
        "kept": {"installed", "upgraded"},
        "old": {"installed"},
        "new": {"upgraded"},
        "beta": set(),
    }
    return tuple(
        Question(name, authority.issue(getattr(world, name), [HOST], now=world.now), frozenset(phases))
        for name, phases in accepted.items()
    )


def hold(
    testbed: Testbed, world: World, out: Path, *, target: str, only: frozenset[str] = frozenset()
) -> dict[str, Cell]:
    """Build two releases, try them in an open testbed, and return the cells by their clients' names."""
    releases = (("1", world.old), ("2", world.new))
    first, second = (
        _last(build(out, "acme", [world.kept, other], version, target=target)) for version, other in releases
    )
    cells = trial.run(TrialSetup(target, first, second, questions(world)), testbed, only)
    return {cell.client: cell for cell in cells}


@contextmanager
def opened(
    folder: Path,
    *,
    target: str,
    root: Path | None = None,
    offline: bool = True,
    only: frozenset[str] = frozenset(),
) -> Iterator[Testbed]:
    """Open the testbed of a target as `trustpack prove` does; of Go, with one that is new enough."""
    chosen = targets.ALL[target]
    module = testbeds.opener(chosen.recipe)
    assert module is not None
    (folder / "testbed").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        if target == "go":  # Debian's own is older than the module is for
            programs = str(Path(golang.compiler(PROBE)).parent)
            patch.setenv("PATH", os.pathsep.join((programs, os.environ["PATH"])))
        with module.open_testbed(
            recipe=chosen.recipe,
            name=chosen.package(),
            root=root,
            folder=folder / "testbed",
            offline=offline,
            only=only,
            settings={},
        ) as testbed:
            yield testbed


def _last(artifact: Path) -> Path:
    """Return the target's last artifact: a formula stands behind its archives, a jar behind its pom."""
    if artifact.suffix == ".pom":
        return artifact.with_suffix(".jar")
    return next(artifact.parent.glob("*.rb"), artifact)


class _Denial(http.server.BaseHTTPRequestHandler):
    """What many servers have to say to strangers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        page = b"<html>There is nothing here.</html>\n"
        self.send_response(404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(page)

    do_HEAD = do_GET  # noqa: N815  the standard library looks methods up by this name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Somebody(http.server.ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], leaf: Leaf) -> None:
        super().__init__(address, _Denial)
        self.context = server_context(leaf)

    def finish_request(self, request: Any, client_address: Any) -> None:
        with suppress(OSError), self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)


@contextmanager
def somebody(leaf: Leaf, address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Serve as somebody else might: HTTP/1.1 alone, and errors for pages; yield the port."""
    server = _Somebody((address, port), leaf)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
