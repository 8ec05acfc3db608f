"""Somebody who can write to Acme's web server, but has none of its keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.prove import authority
from tests.repositories import sites
from tests.repositories.sites import Site

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    from builder.prove.authority import Authority
    from builder.repositories.publication import SiteKeys
    from tests.repositories.sites import Release

_SIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----"
_SIGNATURES = (".asc", ".sig", "Release.gpg", "InRelease")
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, eq=False)
class Attacker:
    """Their CA, keys of their own, and releases that trust it: one called as Acme's second is, one newer."""

    folder: Path
    ca: Authority
    keys: SiteKeys
    same: Release
    newer: Release

    def forged(self, site: Site, *, keys: SiteKeys | None) -> Mapping[str, bytes]:
        """Return the files of a site of theirs, newer than Acme's, and to be served where that is."""
        folder = self.folder / f"{site.url.rpartition(':')[2]}-{'signed' if keys else 'unsigned'}"
        own = Site(folder, site.url, keys)
        if not folder.exists():
            own.published = 10
            own.add(self.newer)
        return own.snapshot()


def attacker(folder: Path, *, second: Release, now: dt.datetime) -> Attacker:
    """Make the attacker's CA, keys and releases."""
    ca = authority.create("Mallory Root", now=now)
    same, newer = (
        sites.build_release(folder / version, sites.SLUG, version, {"mallory": ca})
        for version in (second.version, "2027.1")
    )
    return Attacker(folder / "sites", ca, sites.keys(folder / "keys"), same, newer)


@dataclass(frozen=True)
class Target:
    """What is attacked: an ecosystem's folder on the site, its name there, and the target of its packages."""

    folder: str
    ecosystem: str
    target: str


APT = Target("deb", "apt", "deb")
RPM = Target("rpm", "rpm", "rpm")
PACMAN = Target("arch", "pacman", "arch")


def replace_package(site: Site, by: Attacker, at: Target) -> None:
    """Put another package in the place of Acme's second, under an index that is Acme's."""
    path = site.path(at.ecosystem, by.same)
    site.overwrite(path, by.same.file(at.target).read_bytes())


def replace_lists(site: Site, by: Attacker, at: Target) -> None:
    """Put other lists of packages in the place of those that the signed index names by their digests."""
    files = _below(by.forged(site, keys=None), at)
    packages = {path: data for path, data in files.items() if path.endswith((".deb", ".rpm"))}
    forged = {_role(path, data): data for path, data in files.items() if _is_list(path)}
    good = _below(site.snapshot(), at)
    replaced = {path: forged[_role(path, data)] for path, data in good.items() if _is_list(path)}
    assert replaced
    site.put_back(packages | replaced)


def keep_signatures(site: Site, by: Attacker, at: Target) -> None:
    """Put an index of other packages beside the signatures of Acme's."""
    files = dict(_below(by.forged(site, keys=None), at))
    for path in [path for path in files if path.endswith("/Release")]:
        signed = site.folder / path.replace("/Release", "/InRelease")
        _, mark, signature = signed.read_bytes().partition(_SIGNATURE)
        files[path.replace("/Release", "/InRelease")] = _SIGNED + files[path] + mark + signature
    site.put_back(files)


def remove_signatures(site: Site, by: Attacker, at: Target) -> None:
    """Put an index of other packages there, and no signature."""
    site.put_back(_below(by.forged(site, keys=None), at))
    for path in list(_below(site.snapshot(), at)):
        if path.endswith(_SIGNATURES):
            (site.folder / path).unlink()


def sign_otherwise(site: Site, by: Attacker, at: Target) -> None:
    """Put a whole site there that is signed by another key, which it offers as its own."""
    files = by.forged(site, keys=by.keys)
    keys = {path: data for path, data in files.items() if path.endswith((".asc", ".pub"))}
    site.put_back(keys | dict(_below(files, at)))


ATTACKS = (replace_package, replace_lists, keep_signatures, remove_signatures, sign_otherwise)


def _below(files: Mapping[str, bytes], at: Target) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if path.startswith(f"{at.folder}/")}


def _is_list(path: str) -> bool:
    return "/by-hash/" in path or path.endswith((".xml.gz", ".db", ".files", ".db.tar.gz", ".files.tar.gz"))


def _role(path: str, data: bytes) -> tuple[str, bool]:
    """Return what tells one list from another, whatever its digest is."""
    name = path.rpartition("/")[2]
    return "" if "/by-hash/" in path else name.rpartition("-")[2], data.startswith(_GZIP)
