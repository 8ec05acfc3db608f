"""What happens to a project while a site goes on: releases come, are withdrawn, forged, or outbid."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from builder.repositories import site as sites
from tests.repositories import projects

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.repositories.clean import Ran
    from tests.repositories.projects import Begin
    from tests.repositories.sites import Release, Releases, Site

OLD, NEW, HIGHER = "1.2026.10", "1.2026.11", "1.2099.1"
WHY = "its key was stolen"
_MONTH = dt.timedelta(days=30)


def follows(begin: Begin, client: str, site: Site, releases: Releases) -> None:
    """Do as the site says: install, upgrade, look, remove; and pin an older version."""
    project = begin(client)
    project.follow(site, "setup", "install")
    assert project.version() == OLD
    site.add(releases.second)
    project.follow(site, "upgrade")
    assert project.version() == NEW
    assert "Acme new" in project.follow(site, "verify")
    project.follow(site, "remove")
    assert project.attempt(project.client.version).code != 0
    pinned = begin(client)
    pinned.follow(site, "setup")
    assert pinned.pin(site, OLD).code == 0
    assert pinned.version() == OLD


def withdrawn(begin: Begin, client: str, site: Site, releases: Releases) -> tuple[Ran, Ran | None]:
    """Withdraw what a project has; return what it says of a pin, and of an installation from its lock file.

    A new project gets the successor.
    """
    locked = begin(client)
    locked.follow(site, "setup", "install")
    site.add(releases.second)
    site.retire(releases.first, WHY)
    again = locked.client.again
    from_lock = locked.attempt(f"rm -rf .home/.[!.]* .home/* && {again}") if again else None
    new = begin(client)
    new.follow(site, "setup", "install")
    assert new.version() == NEW
    pinned = begin(client)
    pinned.follow(site, "setup")
    return pinned.pin(site, OLD), from_lock


def forged(
    begin: Begin, client: str, site: Site, forgery: Release, target: str
) -> tuple[projects.Project, Ran]:
    """Install a package in whose place somebody has put another one: whole, and with another CA."""
    project = begin(client)
    found = sites.read(site.folder, site.keys)
    assert found is not None
    [entry] = found.shelf(project.client.ecosystem).entries
    site.overwrite(entry.path, forgery.file(target).read_bytes())
    project.follow(site, "setup")
    told = projects.instructions(site, project.client.ecosystem)[project.told]
    return project, project.attempt(told.install)


def outbid(
    begin: Begin, client: str, site: Site, releases: Releases, public: tuple[Callable[..., Site], Release]
) -> None:
    """Offer a higher version of the same name where everything else comes from: nobody asks for it there."""
    open_site, higher = public
    elsewhere = open_site(unsigned=True)
    elsewhere.add(higher, at=int((dt.datetime.now(dt.UTC) - _MONTH).timestamp()))
    careless = begin(client)
    careless.run(careless.client.public.format(url=elsewhere.url))
    careless.run(careless.client.plainly)
    assert careless.version() == HIGHER
    before = len(elsewhere.log)
    project = begin(client)
    project.run(project.client.public.format(url=elsewhere.url))
    project.follow(site, "setup", "install")
    assert project.version() == OLD
    site.add(releases.second)
    project.follow(site, "upgrade")
    assert project.version() == NEW
    names = ("acme-certifi", "acme%2f", "acme%2F", "acme-ca", "@acme/")
    assert [one for one in elsewhere.asked()[before:] if any(name in one for name in names)] == []
