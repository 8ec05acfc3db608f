"""The releases that a registry serves, each with a CA of its own, built by trustpack."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest

from builder.prove import authority
from tests import releases
from tests.runtime.updates import registry

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from builder.prove.authority import Authority


@dataclass(frozen=True, slots=True)
class Built:
    """A library's release: its file, and the one CA that it holds."""

    path: Path
    authority: Authority

    def is_in(self, pem: str) -> bool:
        """Tell whether its CA is one of a bundle's."""
        return self.authority.pem.decode().strip() in pem


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, now: dt.datetime) -> Callable[[str, str], Built]:
    """Return a function that builds a target's release, once."""
    folder = tmp_path_factory.mktemp("releases")

    @cache
    def build(target: str, release: str) -> Built:
        ca = authority.create(f"Acme Root of {release}", now=now)
        [path] = releases.build(folder / f"{target}-{release}", "acme", [ca], target=target, release=release)
        return Built(path, ca)

    return build


@pytest.fixture
def serving() -> Iterator[registry.Registry]:
    """Serve a registry that is empty at first."""
    with registry.serve() as found:
        yield found
