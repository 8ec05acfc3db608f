"""What every trust test shares: one world of CAs and servers for the session."""

import fcntl
from collections.abc import Iterator

import pytest

from builder.prove.clients import compile_programs
from tests.roots import folder
from tests.tools import require
from tests.trust.world import World, open_world


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Serve every question from a throw-away CA while the tests run."""
    javac, go = require("javac"), require("go")
    folder().mkdir(parents=True, exist_ok=True)
    # One process fills Go's build cache, the others wait for it.
    with (folder() / "go-build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        programs = compile_programs(javac=javac, go=go, cache=folder() / "go-build")
    with open_world(programs) as opened:
        yield opened
