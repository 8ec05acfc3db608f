"""gem and Bundler on a site: by its own lines, past withdrawals, forgeries and rivals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.repositories import projects, scenarios
from tests.repositories.projects import GEM, RUBY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.repositories.sites import Release, Releases, Site

# RubyGems 3.3 and Bundler 2.3; JRuby's are 3.6 and 2.6, and it takes some seconds for every command.
_CLIENTS = [pytest.param(one, marks=[pytest.mark.long] * ("JRuby" in one)) for one in RUBY]
_GONE = {
    "gem": "Could not find a valid gem 'acme-ca' (= 1.2026.10)",
    "bundler": "Could not find gem 'acme-ca (= 1.2026.10)'",
}


@pytest.mark.parametrize("client", _CLIENTS)
def test_a_project_follows_the_site(
    client: str, open_site: Callable[..., Site], releases: Releases, tmp_path: Path
) -> None:
    """By the lines that the site shows it installs, upgrades and removes; and it gets what it pins."""
    scenarios.follows(client, tmp_path, open_site(releases.first), releases)


@pytest.mark.parametrize("client", _CLIENTS)
def test_a_withdrawn_release_is_yanked(
    client: str, open_site: Callable[..., Site], releases: Releases, tmp_path: Path
) -> None:
    """It is there for nobody any more: not by number, and not for a lock file that names it."""
    pinned, locked = scenarios.withdrawn(client, tmp_path, open_site(releases.first), releases)
    said = " ".join(pinned.out.split())
    assert (pinned.code != 0, _GONE[client.partition(" ")[0]] in said) == (True, True), pinned.out
    if locked is not None:
        assert (locked.code, "has removed it" in " ".join(locked.out.split())) == (7, True), locked.out


@pytest.mark.parametrize("client", [one for one in _CLIENTS if "bundler" in str(one.values)])
def test_bundler_refuses_a_forged_gem(
    client: str, open_site: Callable[..., Site], releases: Releases, forgery: Release, tmp_path: Path
) -> None:
    """Its SHA-256 is not the one in the index."""
    project, done = scenarios.forged(client, tmp_path, open_site(releases.first), forgery, "gem")
    assert done.code != 0
    assert "checksum" in done.out
    assert project.attempt(project.client.version).code != 0


@pytest.mark.parametrize("client", [one for one in _CLIENTS if "gem" in str(one.values)])
def test_gem_takes_a_forged_gem(
    client: str, open_site: Callable[..., Site], releases: Releases, forgery: Release, tmp_path: Path
) -> None:
    """It never looks at the index's checksum, as the site says; by the digest of the download it is seen."""
    site = open_site(releases.first)
    genuine = releases.first.file("gem").read_bytes()
    project, done = scenarios.forged(client, tmp_path, site, forgery, "gem")
    assert done.code == 0
    assert "Acme newest" in project.follow(site, "verify")
    assert "Acme old" not in project.follow(site, "verify")
    notes = projects.instructions(site, "gem")["gem"].notes
    assert [True] == ["TLS alone protects it" in one for one in notes if "compare" in one]
    assert genuine != forgery.file("gem").read_bytes()


@pytest.mark.parametrize("client", _CLIENTS)
def test_a_higher_version_elsewhere_is_not_asked_for(
    client: str, open_site: Callable[..., Site], releases: Releases, higher: Release, tmp_path: Path
) -> None:
    """A public gem of the name, which a careless command takes, never comes by the site's lines."""
    scenarios.outbid(client, tmp_path, open_site(releases.first), releases, (open_site, higher))


def test_gem_reads_every_list(open_site: Callable[..., Site], releases: Releases, tmp_path: Path) -> None:
    """What can be had and looked into without installing, by the older indexes."""
    site = open_site(releases.first, releases.second)
    project = projects.start("gem", tmp_path)
    source = f"--clear-sources --source {site.url}/gem/"
    assert "acme-ca (1.2026.11)\n" in project.run(f"gem list --remote {source}")
    assert "acme-ca (1.2026.11, 1.2026.10)\n" in project.run(f"gem search {GEM} --all {source}")
    assert "summary: CA certificates of Acme" in project.run(f"gem specification --remote {GEM} {source}")
    project.run(f"gem fetch {GEM} --version 1.2026.10 {source}")
    fetched = (project.folder / "acme-ca-1.2026.10.gem").read_bytes()
    assert fetched == releases.first.file("gem").read_bytes()
    project.pin(site, scenarios.OLD)
    assert "acme-ca (1.2026.10 < 1.2026.11)" in project.run(f"gem outdated {source}")
