"""An organisation with a CA, its servers, and its wheel, built by trustpack."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from builder.prove.server import serve
from tests import releases
from tests.runtime.wheel.world import Environment, environment, interpreters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builder.prove.authority import Authority, Leaf

_NOW = dt.datetime.now(dt.UTC)
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authorities:
    """The CAs of three parties: the organisation, a second one, and somebody unrelated."""

    acme: Authority
    globex: Authority
    unrelated: Authority


@pytest.fixture(scope="session")
def authorities() -> Authorities:
    """Make the CAs; their keys stay in memory."""
    names = ("Acme Root", "Globex Root", "Unrelated Root")
    return Authorities(*(authority.create(name, now=_NOW) for name in names))


@pytest.fixture(scope="session")
def leaves(authorities: Authorities) -> dict[str, Leaf]:
    """Issue one good certificate for localhost from each CA, and one for each thing that can be wrong."""
    past = (_NOW - 3 * _DAY, _NOW - 2 * _DAY)
    return {
        "good": authority.issue(authorities.acme, ["localhost"], now=_NOW),
        "unrelated": authority.issue(authorities.unrelated, ["localhost"], now=_NOW),
        "wrong host": authority.issue(authorities.acme, ["elsewhere.example"], now=_NOW),
        "expired": authority.issue(authorities.acme, ["localhost"], now=_NOW, valid=past),
        "globex": authority.issue(authorities.globex, ["localhost"], now=_NOW),
    }


@pytest.fixture(scope="session")
def urls(leaves: dict[str, Leaf]) -> Iterator[dict[str, str]]:
    """Serve HTTPS with each certificate; return the servers' addresses."""
    with ExitStack() as stack:
        yield {
            name: f"https://localhost:{stack.enter_context(serve(leaf))}/" for name, leaf in leaves.items()
        }


@dataclass(frozen=True, slots=True)
class Wheels:
    """Wheels as trustpack builds them; `next` is acme's following release, with another root."""

    acme: Path
    globex: Path
    explicit: Path
    next: Path


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory, authorities: Authorities) -> Wheels:
    """Build the wheels of two organisations."""
    folder = tmp_path_factory.mktemp("wheels")

    def build(slug: str, ca: Authority, *, release: str = "2026.1", activation: str = "auto") -> Path:
        out = folder / f"{slug}-{release}-{activation}"
        settings = {"activation": activation}
        [wheel] = releases.build(out, slug, [ca], target="wheel", release=release, settings=settings)
        return wheel

    return Wheels(
        acme=build("acme", authorities.acme),
        globex=build("globex", authorities.globex),
        explicit=build("acme", authorities.acme, activation="explicit"),
        next=build("acme", authorities.globex, release="2026.2"),
    )


@pytest.fixture
def fresh(tmp_path: Path) -> Environment:
    """Make a virtual environment with all clients and without the wheel."""
    return environment(tmp_path / "venv")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, wheels: Wheels) -> Environment:
    """Make a virtual environment with all clients and acme's wheel; tests leave it as it is."""
    made = environment(tmp_path_factory.mktemp("installed") / "venv")
    made.pip("install", "--no-index", "--no-deps", wheels.acme)
    return made


@pytest.fixture(scope="session", params=interpreters())
def any_installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, wheels: Wheels
) -> Environment:
    """Make an environment of each Python that is here, with acme's wheel; tests leave it as it is."""
    root = tmp_path_factory.mktemp(f"python{request.param}") / "venv"
    made = environment(root, python=interpreters()[request.param])
    made.uv("install", "--no-index", wheels.acme)
    return made
