"""Where releases go: a folder for each organisation, as `trustpack build` would write it, and a record."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Protocol

import msgspec

from builder.batch.record import RECORD
from builder.errors import OutputError
from builder.release import atomic
from builder.release import folder as folders
from builder.release.manifest import MANIFEST, SUMS, decoded
from builder.text import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from builder.model import Artifact
    from builder.release.manifest import Manifest

REPORT = "batch.json"
_BUSY = "another batch is writing here"


class HeldRelease(msgspec.Struct, frozen=True):
    """What the output holds of an organisation: the text of a manifest and of a record, empty for none."""

    manifest: bytes = b""
    record: bytes = b""


class Outputs(Protocol):
    """Where the releases of many organisations lie."""

    @property
    def name(self) -> str:
        """The place as it was given."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Keep other batches out; raises OutputError where one is writing there."""
        ...

    def names(self) -> list[str]:
        """Return the organisations of which something is there, sorted."""
        ...

    def held(self, slug: str) -> HeldRelease:
        """Return what is there of an organisation; raises OutputError."""
        ...

    def is_whole(self, slug: str, sizes: Mapping[str, int]) -> bool:
        """Tell whether the files of a release are there, as large as they are to be."""
        ...

    def write(
        self, slug: str, previous: bytes, artifacts: Sequence[Artifact], manifest: Manifest, record: bytes
    ) -> None:
        """Make an organisation's release another one, if it still is `previous`; raises OutputError."""
        ...

    def report(self, text: str) -> None:
        """Write what came of the batch; raises OutputError."""
        ...


class OutputsFolder:
    """A folder on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """The folder as it was given."""
        return str(self._path)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Lock the folder, which is made where it is not there."""
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            with atomic.alone(self._path, _BUSY):
                yield
        except OSError as error:
            raise atomic.unwritable(self._path, error) from error

    def names(self) -> list[str]:
        """Return the folders that have a manifest."""
        try:
            with os.scandir(self._path) as entries:
                found = sorted(one.name for one in entries if one.is_dir() and not one.name.startswith("."))
        except FileNotFoundError:
            return []
        return [name for name in found if os.path.exists(f"{self._path}/{name}/{MANIFEST}")]  # noqa: PTH110

    def held(self, slug: str) -> HeldRelease:
        """Read both files."""
        manifest = _read(f"{self._path}/{slug}/{MANIFEST}")
        return HeldRelease(manifest, _read(f"{self._path}/{slug}/{RECORD}")) if manifest else HeldRelease()

    def is_whole(self, slug: str, sizes: Mapping[str, int]) -> bool:
        """Look at each file's size, and whether the list of their sums is there."""
        try:
            os.stat(f"{self._path}/{slug}/{SUMS}")  # noqa: PTH116  as below
            return all(os.stat(f"{self._path}/{slug}/{name}").st_size == size for name, size in sizes.items())  # noqa: PTH116  a hundred thousand of them
        except OSError:
            return False

    def write(
        self, slug: str, previous: bytes, artifacts: Sequence[Artifact], manifest: Manifest, record: bytes
    ) -> None:
        """Write as `trustpack build` does."""
        folder = self._path / slug
        with folders.claimed(folder) as claim:
            known = decoded(previous, str(folder / MANIFEST)) if previous else None
            if claim.previous != known:
                raise OutputError(f"{folder}: another build has written here meanwhile", hint="run it again")
            folders.write(claim, artifacts, manifest)
        try:
            atomic.put(folder / RECORD, record)
        except OSError as error:
            said = f"{folder}: holds release {manifest.release}, whole, but {RECORD} cannot be written"
            raise OutputError(
                f"{said}: {error.strerror}",
                hint="the next batch builds it again",
            ) from error

    def report(self, text: str) -> None:
        """Write batch.json."""
        atomic.write(self._path / REPORT, text)


def _read(path: str) -> bytes:
    try:
        return files.read(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror or error}") from None
