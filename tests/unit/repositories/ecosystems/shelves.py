"""A shelf of packages that an ecosystem has taken in, and the files that its indexes become."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from builder import formats
from builder.repositories.entry import Released, SiteEntry
from builder.repositories.publication import Publication
from builder.repositories.shelf import Shelf
from builder.repositories.sitefile import Listed
from tests.packages import samples
from tests.unit import bundles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from builder.repositories.ecosystem import Admitted, Ecosystem
    from builder.repositories.publication import SiteKeys
    from builder.repositories.sitefile import Kind

URL = "https://packages.acme.example"
TIME = 1_796_000_000
EPOCH = 1_795_478_400


def publication(keys: SiteKeys | None = None, *, time: int = TIME) -> Publication:
    """Return a publication of Acme's, the seventh."""
    return Publication(bundles.organisation(), URL, time, time + 60 * 86_400, 7, keys)


def released(target: str, release: str, *, name: str = "") -> Released:
    """Return a target's package of a release, under another name if one is given."""
    package = samples.recipe(target)
    filename = package.filename.replace(package.version, release)
    package = msgspec.structs.replace(package, version=release, name=name or package.name)
    return Released(release, filename, formats.write(package), identity=release, epoch=EPOCH)


def entry(was: Released, admitted: Admitted, *, added: int = TIME) -> SiteEntry:
    """Return what a site keeps of a package."""
    first, *others = admitted.files
    return SiteEntry(
        release=was.release,
        name=admitted.name,
        version=admitted.version,
        path=first.path,
        size=len(first.data),
        sha256=hashlib.sha256(first.data).hexdigest(),
        identity=was.identity,
        added=added,
        lengths=tuple(map(len, admitted.lines)),
        others=tuple(one.path for one in others),
    )


def shelf(ecosystem: Ecosystem, *packages: Released, keys: SiteKeys | None = None) -> Shelf:
    """Return a shelf of these packages, in this order."""
    admitted = [ecosystem.admit(one, publication(keys)) for one in packages]
    entries = tuple(
        entry(was, one, added=TIME + at) for at, (was, one) in enumerate(zip(packages, admitted, strict=True))
    )
    texts = {text: [one.lines[at] for one in admitted] for at, text in enumerate(ecosystem.TEXTS)}
    return Shelf(entries, ecosystem.TEXTS, texts.__getitem__)


def of(*entries: SiteEntry) -> Shelf:
    """Return a shelf of packages of which only the shelf itself tells."""
    return Shelf(entries, (), lambda _: ())


def withdrawn(was: Shelf, *releases: str, reason: str = "its root was compromised") -> Shelf:
    """Return a shelf of which some releases are withdrawn."""
    entries = tuple(
        replace(one, withdrawn=reason, withdrawn_at=TIME + 100) if one.release in releases else one
        for one in was.entries
    )
    return replace(was, entries=entries)


class Files(Mapping[str, bytes]):
    """A Staging in memory: files by their paths; `kinds` are theirs."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self.kinds: dict[str, Kind] = {}

    def __getitem__(self, path: str) -> bytes:
        return self._files[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def put(self, path: str, kind: Kind, content: bytes | str | Iterable[bytes]) -> Listed:
        """Keep a file."""
        data = content.encode() if isinstance(content, str) else content
        data = data if isinstance(data, bytes) else b"".join(data)
        digest = hashlib.sha256(data).hexdigest()
        path = path.replace("{sha256}", digest)
        self._files[path], self.kinds[path] = data, kind
        return Listed(path, kind, len(data), digest)

    def copy(self, staged: Listed, path: str, kind: Kind) -> Listed:
        """Keep a file once more."""
        return self.put(path, kind, self[staged.path])


class Sizes:
    """A Staging that keeps nothing."""

    def put(self, path: str, kind: Kind, content: bytes | str | Iterable[bytes]) -> Listed:
        """Read a file chunk by chunk, and forget it."""
        chunks = [content.encode()] if isinstance(content, str) else content
        digest, size = hashlib.sha256(), 0
        for chunk in [chunks] if isinstance(chunks, bytes) else chunks:
            digest.update(chunk)
            size += len(chunk)
        return Listed(path.replace("{sha256}", digest.hexdigest()), kind, size, digest.hexdigest())

    def copy(self, staged: Listed, path: str, kind: Kind) -> Listed:
        """Say that a file is there once more."""
        return replace(staged, path=path, kind=kind)


def indexes(ecosystem: Ecosystem, was: Shelf, keys: SiteKeys | None = None, *, time: int = TIME) -> Files:
    """Return the files of the ecosystem's indexes."""
    files = Files()
    ecosystem.index(was, publication(keys, time=time), files)
    return files
