"""gem and Bundler on a site: by its own lines, past withdrawals, forgeries and rivals."""

from __future__ import annotations

import contextlib
import http.server
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.repositories import projects, scenarios
from tests.repositories.projects import GEM, RUBY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.repositories.projects import Begin
    from tests.repositories.sites import Release, Releases, Site

_GONE = {
    "gem": "Could not find a valid gem 'acme-ca' (= 1.2026.10)",
    "bundler": "Could not find gem 'acme-ca (= 1.2026.10)'",
}


@pytest.mark.parametrize("client", RUBY)
def test_a_project_follows_the_site(
    client: str, open_site: Callable[..., Site], releases: Releases, begin: Begin
) -> None:
    """By the lines that the site shows it installs, upgrades and removes; and it gets what it pins."""
    scenarios.follows(begin, client, open_site(releases.first), releases)


@pytest.mark.parametrize("client", RUBY)
def test_a_withdrawn_release_is_yanked(
    client: str, open_site: Callable[..., Site], releases: Releases, begin: Begin
) -> None:
    """It is there for nobody any more: not by number, and not for a lock file that names it."""
    pinned, locked = scenarios.withdrawn(begin, client, open_site(releases.first), releases)
    said = " ".join(pinned.out.split())
    assert (pinned.code != 0, _GONE[client.partition(" ")[0]] in said) == (True, True), pinned.out
    if locked is not None:
        assert (locked.code, "has removed it" in " ".join(locked.out.split())) == (7, True), locked.out


def test_an_older_bundler_compares_a_gem_where_entity_tags_are_md5(
    open_site: Callable[..., Site], releases: Releases, forgery: Release, begin: Begin
) -> None:
    """As S3's are: with any other it goes on without the index that has checksums."""
    site = open_site(releases.first)
    project, done = scenarios.forged(begin, "bundler", site, forgery, "gem")
    assert (done.code != 0, "checksum" in done.out) == (True, True), done.out
    assert project.attempt(project.client.version).code != 0
    assert not [one for one in site.asked() if "specs.4.8.gz" in one]


@pytest.mark.parametrize("tag", ["0123456789abcdef", ""])
def test_an_older_bundler_takes_a_forged_gem_where_entity_tags_are_others(
    tag: str, open_site: Callable[..., Site], releases: Releases, forgery: Release, begin: Begin
) -> None:
    """As nginx's and Apache's are, until they are told to send none below gem/: then it compares."""
    site = open_site(releases.first)
    [path] = [path for path in site.snapshot() if path.endswith(".gem")]
    site.overwrite(path, forgery.file("gem").read_bytes())
    with _other_host(site.folder, tag) as url:
        project = begin("bundler")
        project.write("Gemfile", "")  # with the older index it would ask every source
        done = project.attempt(f"bundle add {GEM} --source {url}/gem/")
    assert (done.code == 0, "checksum" in done.out) == (bool(tag), not tag), done.out


@contextlib.contextmanager
def _other_host(folder: Path, tag: str) -> Iterator[str]:
    """Serve a folder with one entity tag for everything, or none."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def end_headers(self) -> None:
            if tag:
                self.send_header("ETag", f'"{tag}"')
            super().end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_gem_takes_a_forged_gem(
    open_site: Callable[..., Site], releases: Releases, forgery: Release, begin: Begin
) -> None:
    """It never looks at the index's checksum, as the site says."""
    site = open_site(releases.first)
    project, done = scenarios.forged(begin, "gem", site, forgery, "gem")
    assert done.code == 0
    assert "Acme newest" in project.follow(site, "verify")
    notes = projects.instructions(site, "gem")["gem"].notes
    assert any("TLS alone protects it" in one for one in notes)


@pytest.mark.parametrize("client", RUBY)
def test_a_higher_version_elsewhere_is_not_asked_for(
    client: str, open_site: Callable[..., Site], releases: Releases, higher: Release, begin: Begin
) -> None:
    """A public gem of the name, which a careless command takes, never comes by the site's lines."""
    scenarios.outbid(begin, client, open_site(releases.first), releases, (open_site, higher))


def test_gem_reads_every_list(open_site: Callable[..., Site], releases: Releases, begin: Begin) -> None:
    """What can be had and looked into without installing, by the older indexes."""
    site = open_site(releases.first, releases.second)
    project = begin("gem")
    source = f"--clear-sources --source {site.url}/gem/"
    assert "acme-ca (1.2026.11)\n" in project.run(f"gem list --remote {source}")
    assert "acme-ca (1.2026.11, 1.2026.10)\n" in project.run(f"gem search {GEM} --all {source}")
    assert "summary: CA certificates of Acme" in project.run(f"gem specification --remote {GEM} {source}")
    project.run(f"gem fetch {GEM} --version 1.2026.10 {source}")
    fetched = (project.folder / "acme-ca-1.2026.10.gem").read_bytes()
    assert fetched == releases.first.file("gem").read_bytes()
    project.pin(site, scenarios.OLD)
    assert "acme-ca (1.2026.10 < 1.2026.11)" in project.run(f"gem outdated {source}")
