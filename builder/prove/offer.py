"""What a site offers of one target, and how people are told to install it: by name, and an old release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from builder.errors import ProofError
from builder.repositories.ecosystem import Instructions  # noqa: TC001  msgspec reads annotations at run time
from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.ecosystems import files as downloads
from builder.repositories.entry import SiteEntry, rank, strange
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from builder.release.manifest import ArtifactSummary
    from builder.repositories.publication import Publication
    from builder.repositories.shelf import Shelf

# How each package manager is told a version, by the ids of its instructions, where a name is a word.
_VERSIONED = {
    "apt": "{name}={version}",
    "conda": "{name}={version}",
    "dnf": "{name}-{version}",
    "gem": "{name}:{version}",
    "go": "{name}@{version}",
    "npm": "{name}@{version}",
    "pip": "{name}=={version}",
    "zypper": "{name}={version}",
}
# pacman knows one version by its name, and takes an older one by its address.
_BY_ADDRESS = {"pacman": "sudo pacman -U {address}\n"}


class Offer(msgspec.Struct, frozen=True):
    """One target's package on a site: what people type, the newest version, and the one before it if any."""

    instructions: Sequence[Instructions]
    url: str
    name: str
    newest: SiteEntry
    older: SiteEntry | None

    def words(self, manager: str) -> Instructions | None:
        """Return what people type for a package manager, None where they are told nothing."""
        return next((one for one in self.instructions if one.id == manager), None)

    def pinned(self, manager: str) -> str:
        """Return the lines that install the older version; empty where nobody can ask for it."""
        words = self.words(manager)
        if words is None or self.older is None:
            return ""
        address = f"{self.url}/{self.older.path}"
        if words.id in _BY_ADDRESS:
            return _BY_ADDRESS[words.id].format(address=address)
        form = _VERSIONED.get(words.id.removesuffix("-browsers"), "{name}")
        spec = form.format(name=self.name, version=self.older.version)
        named = re.sub(rf"(?<!\S){re.escape(self.name)}(?!\S)", spec, words.install)
        # What has no name in it has an address, as for npm and a name without a scope.
        lines = named.replace(f"{self.url}/{self.newest.path}", address)
        return "" if lines == words.install else lines


def find(
    shelves: Mapping[str, Shelf], artifacts: Iterable[ArtifactSummary], publication: Publication
) -> Mapping[str, Offer]:
    """Return what the site offers of each target of a release, whose last artifact is what it installs.

    Raises ProofError where the site has not this very package, has a newer one, or a name that is none.
    """
    found: dict[str, Offer] = {}
    for artifact in artifacts:
        for name, shelf in shelves.items():
            entries = _called(name, shelf, artifact)
            ours = next((one for one in entries if one.identity == artifact.identity), None)
            if ours is None:
                continue
            if other := strange(shelf.entries):
                raise ProofError(f"the site: offers {visible(other.name)}, which is no package of a site's")
            _expect_newest(artifact, ours, entries)
            older = [one for one in entries if rank(one) < rank(ours)]
            told = tuple(ECOSYSTEMS[name].instructions(shelf, publication))
            found[artifact.target] = Offer(
                told, publication.url, ours.name, ours, max(older, key=rank, default=None)
            )
    return found


def _called(ecosystem: str, shelf: Shelf, artifact: ArtifactSummary) -> list[SiteEntry]:
    """Return the packages of an artifact's name; a plain download is called by its file's ending, too."""
    known = [one for one in shelf.offered if one.name == artifact.name]
    if known or ecosystem != downloads.NAME:
        return known
    path = f"{downloads.FOLDER}/{artifact.file}"
    names = {one.name for one in shelf.offered if one.path == path}
    return [one for one in shelf.offered if one.name in names]


def _expect_newest(artifact: ArtifactSummary, ours: SiteEntry, entries: Sequence[SiteEntry]) -> None:
    newest = max(entries, key=rank)
    if newest is not ours:
        raise ProofError(
            f"{artifact.file}: the site offers a newer release, {newest.release}",
            hint="name the folder of the newest release with --out",
        )
