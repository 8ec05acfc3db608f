"""npm, pnpm, Yarn and Bun on a site: by its own lines, past withdrawals, forgeries and rivals."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.repositories import projects, scenarios, sites
from tests.repositories.projects import NODE, NPM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.repositories.projects import Begin
    from tests.repositories.sites import Release, Releases, Site

_DAY = 24 * 3600
# Who asks for a deprecated version by number is told why; by pnpm only that it is, by Yarn nothing.
_DEPRECATED = {
    "npm": scenarios.WHY,
    "pnpm": "deprecated @acme/ca@1.2026.10",
    "yarn": "",
    "yarn1": scenarios.WHY,
    "bun": scenarios.WHY,
}


@pytest.mark.parametrize("client", NODE)
def test_a_project_follows_the_site(
    client: str, open_site: Callable[..., Site], scoped: Releases, begin: Begin
) -> None:
    """By the lines that the site shows it installs, upgrades and removes; and it gets what it pins."""
    scenarios.follows(begin, client, open_site(scoped.first), scoped)


@pytest.mark.parametrize("client", NODE)
def test_a_withdrawn_release_is_deprecated(
    client: str, open_site: Callable[..., Site], scoped: Releases, begin: Begin
) -> None:
    """`latest` is its successor; a lock file that names it goes on bringing it, without a word."""
    pinned, locked = scenarios.withdrawn(begin, client, open_site(scoped.first), scoped)
    assert (pinned.code, _DEPRECATED[client] in pinned.out) == (0, True), pinned.out
    assert locked is not None
    assert (locked.code, "deprecated" in locked.out) == (0, False), locked.out


@pytest.mark.parametrize("client", ["yarn1", "bun"])
def test_a_forged_tarball_is_refused(
    client: str, open_site: Callable[..., Site], scoped: Releases, forgery: Release, begin: Begin
) -> None:
    """Its SHA-512 is not the one in the index; npm and pnpm are in test_refusals_languages.py."""
    project, done = scenarios.forged(begin, client, open_site(scoped.first), forgery, "npm")
    assert done.code != 0
    assert "Integrity check failed" in done.out
    assert project.attempt(project.client.version).code != 0


def test_yarn_takes_a_forged_tarball_that_its_lock_file_does_not_know(
    open_site: Callable[..., Site], scoped: Releases, forgery: Release, begin: Begin
) -> None:
    """It never looks at the registry's digest, only at its own of what it has had, as the site says."""
    site = open_site(scoped.first)
    careful = begin("yarn")
    careful.follow(site, "setup", "install")
    project, done = scenarios.forged(begin, "yarn", site, forgery, "npm")
    assert done.code == 0
    assert "Acme newest" in project.follow(site, "verify")
    refused = careful.attempt(f"rm -rf .home/.[!.]* .home/* && {careful.client.again}")
    assert (refused.code, "YN0018" in refused.out) == (1, True), refused.out
    assert any("yarn.lock" in note for note in projects.instructions(site, "npm")["yarn"].notes)


@pytest.mark.parametrize("client", NODE)
def test_a_higher_version_elsewhere_is_not_asked_for(
    client: str, open_site: Callable[..., Site], scoped: Releases, higher: Release, begin: Begin
) -> None:
    """A public package of the name, which a careless command takes, never comes by the site's lines."""
    scenarios.outbid(begin, client, open_site(scoped.first), scoped, (open_site, higher))


@pytest.mark.parametrize("client", ["pnpm", "yarn"])
def test_a_release_of_today_waits_without_the_sites_lines(
    client: str, open_site: Callable[..., Site], scoped: Releases, begin: Begin
) -> None:
    """These two look at when a release came to the site; the lines that the site shows exempt ours."""
    site = open_site()
    site.add(scoped.first, at=int(time.time()) - 30 * _DAY)
    site.add(scoped.second, at=int(time.time()) - 60)
    waiting = begin(client)
    told = projects.instructions(site, "npm")[client]
    waiting.run(told.setup.partition("cat >>")[0].partition("yarn config set --json")[0])
    waiting.run(told.install)
    assert waiting.version() == scenarios.OLD
    exempt = begin(client)
    exempt.follow(site, "setup", "install")
    assert exempt.version() == scenarios.NEW


def test_yarn_takes_nothing_without_times(
    open_site: Callable[..., Site], scoped: Releases, begin: Begin
) -> None:
    """Which is why a registry's file says when each release came, however new that is."""
    site = open_site(scoped.first)
    path = f"npm/{NPM}"
    document = json.loads((site.folder / path).read_text("utf-8"))
    del document["time"]
    site.overwrite(path, json.dumps(document).encode())
    project = begin("yarn")
    told = projects.instructions(site, "npm")["yarn"]
    project.run(told.setup.partition("yarn config set --json")[0])
    refused = project.attempt(told.install)
    assert (refused.code, "quarantined" in refused.out) == (1, True), refused.out


def test_a_name_without_a_scope_is_installed_by_its_address(
    open_site: Callable[..., Site], releases: Releases, tmp_path: Path, begin: Begin
) -> None:
    """Nobody else's package has it, and npm remembers the digest; an upgrade is another address."""
    site = open_site(releases.first)
    roots = {"newest": releases.third.authorities["newest"]}
    higher = sites.build_release(tmp_path / "higher", sites.SLUG, "2099.1", roots)
    project = begin("npm")
    project.run(project.client.public.format(url=open_site(higher).url))
    version = "node -p 'require(\"acme-ca/package.json\").version'"
    project.follow(site, "setup", "install")
    assert project.run(version).strip() == scenarios.OLD
    project.run("npm update")
    assert project.run(version).strip() == scenarios.OLD
    lock = json.loads((project.folder / "package-lock.json").read_text("utf-8"))
    assert lock["packages"]["node_modules/acme-ca"]["integrity"].startswith("sha512-")
    site.add(releases.second)
    project.follow(site, "upgrade")
    assert project.run(version).strip() == scenarios.NEW
    assert "Acme new" in project.follow(site, "verify")
    project.follow(site, "remove")
    assert project.attempt(version).code != 0
