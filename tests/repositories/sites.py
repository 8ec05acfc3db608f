"""Releases of Acme and sites made of them, served on loopback: the world of the tests of repositories.

    def test_it(releases, open_site):           # fixtures of conftest.py
        site = open_site(releases.first)        # built, signed, served; `unsigned=True` without keys
        site.add(releases.second)               # as `trustpack repo add` does, some time later
        site.url, site.folder, site.keys        # http://127.0.0.1:PORT; files; what signs it
        site.retire(releases.first)             # refresh() signs anew; both take the time and validity
        site.asked()                            # "GET /deb/dists/stable/InRelease" of every request so far
        site.overwrite("deb/dists/stable/InRelease", data)   # as somebody who can write to the web server

Acme's releases are 2026.10 (CAs `kept` and `old`), 2026.11 (`kept` and `new`) and 2026.12 (`kept`, `new` and
`newest`); each has all targets. Clients of language ecosystems run by clean.py, those of systems by hosts.py.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from builder import config
from builder.prove import authority
from builder.repositories import clients, publish
from builder.repositories import site as sites
from builder.repositories.publication import Publication
from builder.repositories.publish import Order
from builder.repositories.serve import serve
from builder.signing import generation, new, site_keys
from tests import targets
from tests.packages.built import trustpack

if TYPE_CHECKING:
    import contextlib
    import ssl
    from collections.abc import Mapping
    from pathlib import Path

    from builder.prove.authority import Authority
    from builder.repositories.publication import SiteKeys
    from builder.repositories.serve import Answered

SLUG = "acme"
ORGANISATION = config.organisation(config.minimal(SLUG, ["roots.pem"]))
_HOUR = 3600
_CONFIG = "organisation:\n  slug: {slug}\nbundle:\n  paths: [roots.pem]\n"


@dataclass(frozen=True, eq=False)
class Release:
    """A release as `trustpack build` has made it: its folder, and its CAs by their names."""

    folder: Path
    version: str
    authorities: Mapping[str, Authority]

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What is in its folder."""
        found: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text("utf-8"))
        return found

    def artifacts(self, target: str) -> list[dict[str, Any]]:
        """Return what the manifest says of each artifact of a target."""
        return [entry for entry in self.manifest["artifacts"] if entry["target"] == target]

    def package_version(self, target: str) -> str:
        """Return what the target's package manager calls this release."""
        return str(self.artifacts(target)[-1]["version"])

    def file(self, target: str) -> Path:
        """Return the target's last artifact."""
        return self.folder / str(self.artifacts(target)[-1]["file"])


@dataclass(frozen=True, eq=False)
class Releases:
    """Acme's three releases, in their order."""

    first: Release
    second: Release
    third: Release

    @property
    def all(self) -> tuple[Release, ...]:
        """Each of them, the oldest first."""
        return self.first, self.second, self.third


def build(folder: Path) -> Releases:
    """Build the releases into `folder`."""
    now = dt.datetime.now(dt.UTC)
    cas = {name: authority.create(f"Acme {name}", now=now) for name in ("kept", "old", "new", "newest")}

    def release(version: str, *names: str) -> Release:
        return build_release(folder / version, SLUG, version, {name: cas[name] for name in names})

    return Releases(
        release("2026.10", "kept", "old"),
        release("2026.11", "kept", "new"),
        release("2026.12", "kept", "new", "newest"),
    )


def build_release(
    folder: Path, slug: str, version: str, authorities: Mapping[str, Authority], *, more: str = ""
) -> Release:
    """Build one release of all targets; `more` are lines of its configuration."""
    folder.mkdir(parents=True)
    (folder / "roots.pem").write_bytes(b"".join(one.pem for one in authorities.values()))
    config = folder / "trustpack.yaml"
    config.write_text(_CONFIG.format(slug=slug) + more, "utf-8")
    options = ("--config", config, "--release", version, "--out", folder / "dist", "--quiet")
    trustpack("build", *targets.OPTIONS, *options)
    return Release(folder / "dist", version, authorities)


@dataclass(eq=False)
class Site:
    """A site that is served; `log` are the requests so far, `published` the publications."""

    folder: Path
    url: str
    keys: SiteKeys | None
    log: list[Answered] = field(default_factory=list)
    published: int = 0

    def add(self, *releases: Release, at: int | None = None, valid: int = 60) -> None:
        """Publish these releases as well, an hour after the publication before or at a time (seconds)."""
        publish.build(self.order(at=at, valid=valid), [release.folder for release in releases])

    def refresh(self, *, at: int | None = None, valid: int = 60) -> None:
        """Sign all once more; `valid` are the days for which it counts."""
        publish.refresh(self.order(at=at, valid=valid))

    def retire(self, release: Release, reason: str = "its root was compromised") -> None:
        """Withdraw a release."""
        publish.retire(self.order(), release.version, reason)

    def order(self, *, at: int | None = None, valid: int = 60) -> Order:
        """Return the next publication's order, in the past, so that no client's clock is before it."""
        self.published += 1
        return Order(
            folder=self.folder,
            organisation=ORGANISATION,
            url=self.url,
            now=_START + self.published * _HOUR if at is None else at,
            valid=valid,
            keep=None,
            architectures=("x86_64", "aarch64"),
            keys=self.keys,
        )

    @property
    def publication(self) -> Publication:
        """What the texts for machines are made from: builder/repositories/clients.py."""
        return Publication(ORGANISATION, self.url, time=0, expires=0, counter=0, keys=self.keys)

    def names(self, ecosystem: str) -> list[str]:
        """Return what a package manager may take from the site."""
        found = sites.read(self.folder, self.keys)
        assert found is not None
        return list(clients.own([one.name for one in found.shelf(ecosystem).entries], ORGANISATION))

    def asked(self) -> list[str]:
        """Return the method and path of every request so far."""
        return [f"{one.method} {one.path}" for one in self.log]

    def overwrite(self, path: str, data: bytes) -> None:
        """Replace a file as somebody does who can write to the web server."""
        file = self.folder / path
        assert file.is_file(), path
        file.write_bytes(data)

    def snapshot(self) -> dict[str, bytes]:
        """Return all files by their paths."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}

    def put_back(self, files: Mapping[str, bytes]) -> None:
        """Write these files of a `snapshot`, with the time of now, over what is there; the others stay."""
        for path, data in files.items():
            file = self.folder / path
            if file.is_file() and file.read_bytes() == data:
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    def path(self, ecosystem: str, release: Release) -> str:
        """Return where a release's package lies: of a system the one with its CAs, not that of browsers."""
        found = sites.read(self.folder, self.keys)
        assert found is not None
        (entry,) = [
            one
            for one in found.shelf(ecosystem).entries
            if one.release == release.version and clients.not_for_browsers(one.name)
        ]
        return entry.path


def keys(folder: Path, slug: str = SLUG) -> SiteKeys:
    """Make a folder of keys as `trustpack keys new` does, but shorter ones: each is made in a moment."""
    pairs = (generation.make(3072), generation.make(3072))
    owner = f"{slug} <ca@{slug}.example>"
    new.create(folder, organisation=slug, user_id=owner, time=DAWN, pairs=pairs)
    return site_keys.read(folder, organisation=slug)


# A day ago: no client has a clock that is before it.
_START = int(time.time()) - 24 * _HOUR
# When the site's keys were made.
DAWN = _START - 24 * _HOUR


def open_site(
    stack: contextlib.ExitStack,
    folder: Path,
    *releases: Release,
    keys: SiteKeys | None,
    url: str = "",
    context: ssl.SSLContext | None = None,
) -> Site:
    """Serve a new site of these releases until `stack` ends, over TLS with a `context`.

    `url` is what it says of itself, if another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log: list[Answered] = []
    served = stack.enter_context(serve(folder, context=context, answered=log.append))
    site = Site(folder, url or served, keys, log)
    if releases:
        site.add(*releases)
    return site
