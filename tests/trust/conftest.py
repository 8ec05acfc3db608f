"""What every trust test shares: one world of CAs and servers for the session, and systems prepared once."""

import fcntl
import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from builder.prove.clients import compile_programs
from tests.roots import folder
from tests.tools import require
from tests.trust.prepared import Preparations
from tests.trust.world import World, build, open_world


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


@pytest.fixture(scope="session")
def preparations() -> Preparations:
    return Preparations()


@pytest.fixture(scope="session")
def packages(world: World, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Mapping[str, Path]]:
    """Build for a target: Acme's two releases, the first for all purposes too; Acme 2's, with a CA of its."""

    @functools.cache
    def built(target: str) -> Mapping[str, Path]:
        out = tmp_path_factory.mktemp(target)
        first = [world.kept, world.old]
        return {
            "first": build(out, "acme", first, "1", target=target),
            "second": build(out, "acme", [world.kept, world.new], "2", target=target),
            "broad": build(out / "broad", "acme", first, "1", target=target, settings={"purposes": "all"}),
            "beta": build(out, "acme-2", [world.beta, world.kept], "1", target=target),
        }

    return built


@pytest.fixture(scope="session")
def rpms(packages: Callable[[str], Mapping[str, Path]]) -> Mapping[str, Path]:
    return packages("rpm")
