"""What every test of repositories shares: Acme's releases, its keys, and sites on loopback; see sites.py."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from typing import TYPE_CHECKING

import pytest

from builder.signing import site_keys as signing
from tests.repositories import attacks, projects, sites
from tests.repositories.hosts import Hosts
from tests.trust.prepared import Preparations

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from builder.repositories.publication import SiteKeys
    from tests.repositories.attacks import Attacker
    from tests.repositories.projects import Begin
    from tests.repositories.sites import Release, Releases, Site


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    """Build Acme's three releases once."""
    return sites.build(tmp_path_factory.mktemp("releases"))


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the site's keys once; a test that changes them takes a copy of the folder."""
    folder = tmp_path_factory.mktemp("keys") / "keys"
    sites.keys(folder)
    return folder


@pytest.fixture(scope="session")
def site_keys(key_folder: Path) -> SiteKeys:
    """Return the site's keys."""
    return signing.read(key_folder, organisation=sites.SLUG)


@pytest.fixture
def open_site(tmp_path: Path, site_keys: SiteKeys) -> Iterator[Callable[..., Site]]:
    """Return a function that serves a new site of some releases until the test ends."""
    numbers = itertools.count(1)
    with contextlib.ExitStack() as stack:

        def opened(
            *releases: Release,
            unsigned: bool = False,
            keys: SiteKeys | None = None,
            url: str = "",
            context: ssl.SSLContext | None = None,
        ) -> Site:
            folder = tmp_path / f"site-{next(numbers)}"
            signed = None if unsigned else keys or site_keys
            return sites.open_site(stack, folder, *releases, keys=signed, url=url, context=context)

        yield opened


@pytest.fixture(scope="session")
def standing_site(
    tmp_path_factory: pytest.TempPathFactory, releases: Releases, site_keys: SiteKeys
) -> Iterator[Site]:
    """Serve a site of all releases that no test may change."""
    with contextlib.ExitStack() as stack:
        yield sites.open_site(stack, tmp_path_factory.mktemp("standing"), *releases.all, keys=site_keys)


@pytest.fixture(scope="session")
def _prepared() -> Preparations:
    return Preparations()


@pytest.fixture
def hosts(_prepared: Preparations) -> Iterator[Hosts]:
    """Return what opens systems until the test ends; see hosts.py."""
    with contextlib.ExitStack() as stack:
        yield Hosts(stack, _prepared)


@pytest.fixture(scope="session")
def mallory(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Attacker:
    """Make somebody who can write to the web server."""
    folder = tmp_path_factory.mktemp("mallory")
    return attacks.attacker(folder, second=releases.second, now=dt.datetime.now(dt.UTC))


@pytest.fixture(scope="session")
def scoped(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Releases:
    """Build the releases once more, with an npm scope."""
    folder = tmp_path_factory.mktemp("scoped")
    return sites.Releases(
        *(
            sites.build_release(folder / one.version, sites.SLUG, one.version, one.authorities, more=_SCOPE)
            for one in releases.all
        )
    )


@pytest.fixture(scope="session")
def higher(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Release:
    """Build what somebody else could publish under Acme's names: with their own CA, and a higher version."""
    authorities = {"newest": releases.third.authorities["newest"]}
    folder = tmp_path_factory.mktemp("higher") / "release"
    return sites.build_release(folder, sites.SLUG, "2099.1", authorities, more=_SCOPE)


@pytest.fixture(scope="session")
def forgery(tmp_path_factory: pytest.TempPathFactory, releases: Releases) -> Release:
    """Build what somebody could put in the place of Acme's first release, with a CA of their own."""
    authorities = {"newest": releases.third.authorities["newest"]}
    folder = tmp_path_factory.mktemp("forgery") / "release"
    return sites.build_release(folder, sites.SLUG, releases.first.version, authorities, more=_SCOPE)


@pytest.fixture
def begin(tmp_path: Path, hosts: Hosts) -> Begin:
    """Return what begins a project of a language's client; see projects.py."""
    folder = tmp_path / "projects"
    folder.mkdir()
    return lambda name: projects.start(name, folder, hosts)


_SCOPE = "npm_scope: '@acme'\n"
