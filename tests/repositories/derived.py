"""A site derived by the ecosystems' own modules, one after the other: nothing is kept, all is read anew."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from builder import config
from builder.repositories.ecosystems import ECOSYSTEMS
from builder.repositories.entry import Released, Shelf, SiteEntry
from builder.repositories.publication import Publication
from builder.repositories.sitefile import Kind, Listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from builder.repositories.ecosystem import Ecosystem
    from builder.repositories.publication import SiteKeys
    from tests.repositories.sites import Release

# Which target's artifacts an ecosystem takes, where the format's name is another.
_TARGETS = {"pacman": "arch", "formula": "homebrew"}


class Folder:
    """A Staging that writes at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.listed: list[Listed] = []

    def put(self, path: str, kind: Kind, content: bytes | str | Iterable[bytes]) -> Listed:
        """Write a file."""
        data = content.encode() if isinstance(content, str) else content
        data = data if isinstance(data, bytes) else b"".join(data)
        digest = hashlib.sha256(data).hexdigest()
        file = self.root / path.replace("{sha256}", digest)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        self.listed.append(Listed(str(file.relative_to(self.root)), kind, len(data), digest))
        return self.listed[-1]

    def copy(self, staged: Listed, path: str, kind: Kind) -> Listed:
        """Write what was written once more."""
        return self.put(path, kind, (self.root / staged.path).read_bytes())


def publish(
    folder: Path,
    releases: Sequence[Release],
    *,
    url: str,
    keys: SiteKeys | None,
    counter: int,
    time: int,
    expires: int,
) -> None:
    """Write the site of these releases into `folder`."""
    slug = releases[0].manifest["organisation"]
    owner = config.organisation(config.minimal(slug, ["roots.pem"]))
    publication = Publication(owner, url, time, expires, counter, keys)
    staging = Folder(folder)
    if keys is not None:
        staging.put(f"{slug}.asc", Kind.POINTER, keys.certificate)
        for name, key in keys.apk_keys.items():
            staging.put(name, Kind.POINTER, key)
    for ecosystem in ECOSYSTEMS.values():
        ecosystem.index(_shelf(ecosystem, releases, publication, staging), publication, staging)


def _shelf(
    ecosystem: Ecosystem, releases: Sequence[Release], publication: Publication, staging: Folder
) -> Shelf:
    entries, texts = [], [b""] * len(ecosystem.TEXTS)
    for release in releases:
        for released in _released(ecosystem, release):
            admitted = ecosystem.admit(released, publication)
            for file in admitted.files:
                staging.put(file.path, file.kind, file.data)
            first = admitted.files[0]
            entries.append(
                SiteEntry(
                    release=release.version,
                    name=admitted.name,
                    version=admitted.version,
                    path=first.path,
                    size=len(first.data),
                    sha256=hashlib.sha256(first.data).hexdigest(),
                    identity=released.identity,
                    added=publication.time,
                    lengths=tuple(map(len, admitted.lines)),
                )
            )
            texts = [text + more for text, more in zip(texts, admitted.lines, strict=True)]
    kept = dict(zip(ecosystem.TEXTS, texts, strict=True))
    return Shelf(tuple(entries), tuple(ecosystem.TEXTS), lambda text: [kept[text]])


def _released(ecosystem: Ecosystem, release: Release) -> Iterator[Released]:
    found = release.artifacts(_TARGETS.get(ecosystem.FORMAT, ecosystem.FORMAT))
    if not found:
        return
    *beside, last = [(str(entry["file"]), (release.folder / entry["file"]).read_bytes()) for entry in found]
    name, data = last
    yield Released(
        release.version,
        name,
        data,
        hashlib.sha256(data).hexdigest(),
        int(release.manifest["epoch"]),
        tuple(beside),
    )
