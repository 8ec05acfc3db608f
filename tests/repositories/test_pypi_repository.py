"""pip, uv and Poetry on a site: by its own lines, past withdrawals, forgeries and rivals."""

from __future__ import annotations

import contextlib
import http.server
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.repositories import projects, scenarios
from tests.repositories.projects import PYTHON, WHEEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike
    from pathlib import Path

    from tests.repositories.projects import Begin
    from tests.repositories.sites import Release, Releases, Site

_JSON = "application/vnd.pypi.simple.v1+json"
_YANKED = {"pip": scenarios.WHY, "uv": scenarios.WHY, "poetry": scenarios.WHY}
# Of a lock file that names it, only Poetry looks at the index again; uv installs without a word.
_YANKED_IN_LOCK = {"uv": "", "poetry": scenarios.WHY}


@pytest.mark.parametrize("client", PYTHON)
def test_a_project_follows_the_site(
    client: str, open_site: Callable[..., Site], releases: Releases, begin: Begin
) -> None:
    """By the lines that the site shows it installs, upgrades and removes; and it gets what it pins."""
    scenarios.follows(begin, client, open_site(releases.first), releases)


@pytest.mark.parametrize("client", PYTHON)
def test_a_withdrawn_release_is_yanked(
    client: str, open_site: Callable[..., Site], releases: Releases, begin: Begin
) -> None:
    """Nobody gets it who does not ask for it by number; who does, is told why not to (PEP 592)."""
    pinned, locked = scenarios.withdrawn(begin, client, open_site(releases.first), releases)
    assert (pinned.code, _YANKED[client] in pinned.out) == (0, True), pinned.out
    if locked is not None:
        assert (locked.code, scenarios.WHY in locked.out) == (0, bool(_YANKED_IN_LOCK[client])), locked.out


def test_poetry_refuses_a_forged_wheel(
    open_site: Callable[..., Site], releases: Releases, forgery: Release, begin: Begin
) -> None:
    """Its SHA-256 is not the index's; pip and uv are in test_refusals_languages.py."""
    project, done = scenarios.forged(begin, "poetry", open_site(releases.first), forgery, "wheel")
    assert done.code != 0
    assert "not found in known hashes" in done.out
    assert project.attempt(project.client.version).code != 0


@pytest.mark.parametrize("client", PYTHON)
def test_a_higher_version_elsewhere_is_not_asked_for(
    client: str, open_site: Callable[..., Site], releases: Releases, higher: Release, begin: Begin
) -> None:
    """A public package of the name, which a careless command takes, never comes by the site's lines."""
    scenarios.outbid(begin, client, open_site(releases.first), releases, (open_site, higher))


def test_a_second_index_beside_pips_own_lets_the_higher_version_win(
    open_site: Callable[..., Site], releases: Releases, higher: Release, begin: Begin
) -> None:
    """Which is why no text of ours has --extra-index-url."""
    site, public = open_site(releases.first), open_site(higher)
    project = begin("pip")
    ours, theirs = (f"{one.url}/pypi/simple/" for one in (site, public))
    project.run(f"python3 -m pip install --index-url {theirs} --extra-index-url {ours} {WHEEL}")
    assert project.version() == scenarios.HIGHER


def test_uv_needs_times_where_it_is_to_leave_new_files_alone(
    open_site: Callable[..., Site], releases: Releases, begin: Begin
) -> None:
    """HTML has none: with exclude-newer uv takes nothing, until the line of the site's notes lets ours in."""
    site = open_site(releases.first)
    project = begin("uv")
    project.follow(site, "setup")
    project.run("printf '\\n[tool.uv]\\nexclude-newer = \"2 hours\"\\n' >>pyproject.toml")
    refused = project.attempt(f"uv add {WHEEL}")
    assert (refused.code, "is missing an upload date" in refused.out) == (1, True), refused.out
    [note] = [one for one in projects.instructions(site, "pypi")["uv"].notes if "exclude-newer" in one]
    line = note.partition("exempt it by ")[2].partition(" below ")[0]
    project.run(f"echo '{line}' >>pyproject.toml && uv add {WHEEL}")
    assert project.version() == scenarios.OLD


@contextlib.contextmanager
def _negotiating(folder: Path) -> Iterator[str]:
    """Serve a folder as a host does that looks at the Accept header: with JSON for who takes it."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def translate_path(self, path: str) -> str:
            found = super().translate_path(path)
            return f"{found}/index.json" if path.endswith("/") and _JSON in self.headers["Accept"] else found

        def guess_type(self, path: str | PathLike[str]) -> str:
            return _JSON if str(path).endswith(".json") else super().guess_type(path)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("client", PYTHON)
def test_a_host_that_negotiates_gives_json(
    client: str, open_site: Callable[..., Site], releases: Releases, begin: Begin
) -> None:
    """The index of PEP 691, which says when a file came: uv then leaves alone what came too late."""
    site = open_site(releases.first)
    with _negotiating(site.folder) as url:
        told = projects.instructions(site, "pypi")[client]
        project = begin(client)
        project.run(told.setup.replace(site.url, url))
        if client == "uv":
            project.run("printf '\\n[tool.uv]\\nexclude-newer = \"2 hours\"\\n' >>pyproject.toml")
        project.run(told.install.replace(site.url, url))
        assert project.version() == scenarios.OLD
