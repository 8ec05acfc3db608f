"""Organisations in a bucket, and releases that go to one: S3, GCS or Azure, as `repo push` writes to them.

A bucket has no folders and no journal: each object is there whole or not at all, and a manifest is written
after all that it describes. So who reads one finds its release, and what an ended run left is written again.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from builder.batch import confined
from builder.batch.ahead import Ahead
from builder.batch.outputs import REPORT, HeldRelease
from builder.batch.record import RECORD
from builder.errors import ConfigError, OutputError
from builder.release.folder import sums
from builder.release.manifest import MANIFEST, PROOFS, SUMS, decoded, to_json
from builder.repositories.sitefile import Kind
from builder.repositories.stores import InvalidNameError, OversizedError
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.model import Artifact
    from builder.release.manifest import Manifest
    from builder.repositories.stores.bucket import BucketStore
    from builder.repositories.stores.lease import LeaseTurn


class OrganisationsBucket:
    """A bucket, or what lies in it below a prefix, with something like a folder for each organisation."""

    def __init__(self, store: BucketStore) -> None:
        self._store = store
        self._files: dict[str, list[str]] | None = None
        self._unlisted: dict[str, InvalidNameError] = {}
        self._ahead = Ahead(self._read)

    @property
    def name(self) -> str:
        """The bucket as it was given."""
        return self._store.name.rstrip("/")

    def names(self) -> list[str]:
        """Return the first part of each name with a slash in it."""
        return sorted(self._listed())

    def read(self, name: str) -> dict[str, bytes]:
        """Return what lies below one."""
        self._listed()
        return self._ahead.get(name)

    def close(self) -> None:
        """Read no more."""
        self._ahead.close()

    def _listed(self) -> dict[str, list[str]]:
        if self._files is None:
            self._files = {}
            for path in self._names():
                folder, slash, rest = path.partition("/")
                if slash and not folder.startswith("."):
                    self._files.setdefault(folder, []).append(rest)
            self._ahead.expect(sorted(self._files))
        return self._files

    def _names(self) -> Iterator[str]:
        """Yield all names; where one is no path, each folder is asked for its own, and one fails."""
        try:
            yield from self._store.names()
        except InvalidNameError:
            for folder in self._store.folders():
                try:
                    yield from self._store.names(folder)
                except InvalidNameError as error:
                    self._unlisted[folder] = error
                    yield f"{folder}/"

    def _read(self, name: str) -> dict[str, bytes]:
        where = f"{self.name}/{name}"
        if error := self._unlisted.get(name):
            raise error
        confining = confined.Reading(where)
        for path in sorted(self._listed()[name]):
            *folders, _ = path.split("/")
            confining.refuse_name(path, len(folders))
            if not any(folder.startswith(".") for folder in folders):
                most = confining.room(path)
                try:
                    confining.add(path, self._store.read(f"{name}/{path}", most))
                except OversizedError:
                    raise confined.too_large(f"{where}/{path}", most) from None
                except FileNotFoundError:
                    raise ConfigError(f"{where}/{path}: is gone", hint="run it again") from None
        return dict(sorted(confining.files.items()))


class OutputsBucket:
    """A bucket, or what lies in it below a prefix, which is the batch's alone."""

    def __init__(self, store: BucketStore) -> None:
        self._store = store
        self._names: set[str] | None = None
        self._turn: LeaseTurn | None = None
        self._ahead = Ahead(self._held)

    @property
    def name(self) -> str:
        """The bucket as it was given."""
        return self._store.name.rstrip("/")

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lease of the bucket; wait for others that do."""
        with self._store.turn() as turn:
            self._turn = turn
            yield

    def names(self) -> list[str]:
        """Return the organisations that have a manifest there."""
        ending = f"/{MANIFEST}"
        return sorted(
            path.removesuffix(ending)
            for path in self._listed()
            if path.endswith(ending) and path.count("/") == 1
        )

    def held(self, slug: str) -> HeldRelease:
        """Read both objects."""
        self._listed()
        return self._ahead.get(slug)

    def is_whole(self, slug: str, sizes: Mapping[str, int]) -> bool:
        """Tell whether all objects are there: none is there in part."""
        return all(f"{slug}/{name}" in self._listed() for name in (SUMS, *sizes))

    def write(
        self, slug: str, previous: bytes, artifacts: Sequence[Artifact], manifest: Manifest, record: bytes
    ) -> None:
        """Put what is new, then what describes it; then take away what is described no more."""
        if self._turn:
            self._turn.keep()
        where = f"{self.name}/{slug}"
        if self._object(f"{slug}/{MANIFEST}") != previous:
            raise OutputError(f"{where}: another build has written here meanwhile", hint="run it again")
        known = decoded(previous, where) if previous else None
        before = {one.file: one.sha256 for one in known.artifacts} if known else {}
        new = [one for one in artifacts if before.get(one.filename) != one.sha256]
        with ThreadPoolExecutor(self._store.lanes) as lanes:
            list(lanes.map(lambda one: self._put(f"{slug}/{one.filename}", one.data, Kind.BLOB), new))
        self._put(f"{slug}/{SUMS}", sums(manifest), Kind.LEAF)
        self._put(f"{slug}/{MANIFEST}", to_json(manifest), Kind.POINTER)
        gone = (known.files if known else frozenset()) - manifest.files
        if known != manifest:
            gone |= {*PROOFS}
        for path in sorted({f"{slug}/{name}" for name in gone} & self._listed()):
            self._store.remove(path)
        self._put(f"{slug}/{RECORD}", record, Kind.POINTER)

    def report(self, text: str) -> None:
        """Put batch.json."""
        self._put(REPORT, text.encode("ascii"), Kind.POINTER)

    def close(self) -> None:
        """Read no more."""
        self._ahead.close()

    def _listed(self) -> set[str]:
        if self._names is None:
            self._names = set(self._store.names())
            self._ahead.expect(self.names())
        return self._names

    def _held(self, slug: str) -> HeldRelease:
        manifest = self._object(f"{slug}/{MANIFEST}")
        return HeldRelease(manifest, self._object(f"{slug}/{RECORD}")) if manifest else HeldRelease()

    def _object(self, path: str) -> bytes:
        if path not in self._listed():
            return b""
        try:
            return self._store.read(path, files.MAX_BYTES)
        except FileNotFoundError:
            return b""

    def _put(self, path: str, data: bytes, kind: Kind) -> None:
        self._store.put(path, data, kind)
        self._listed().add(path)
