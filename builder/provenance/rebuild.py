"""A release is built once more from its source.tar, and compared byte for byte; signatures do not count."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  msgspec reads annotations at run time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from builder import PACKAGING_REVISION, __version__
from builder.config import FILE_NAME
from builder.diff import difference, snapshot
from builder.errors import TrustpackError, VerificationError
from builder.lifecycle import lock as locks
from builder.lifecycle import lockfile
from builder.lifecycle.lock import Lock  # noqa: TC001  msgspec reads annotations at run time
from builder.pipeline import build
from builder.pipeline.accept import Treatments, survey
from builder.pipeline.project import find
from builder.pipeline.request import request
from builder.provenance import materials, source
from builder.provenance.verification import Discrepancy
from builder.release.manifest import MANIFEST, Manifest
from builder.signing import finished

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

    from builder.pipeline.project import Project

# What a build says of each file, beside its bytes; the second ones may be worded anew without other bytes.
_NAMED = ("target", "name", "version")
_WORDED = ("install", "verify", "remove", "recipe")
_SHOWN = 5
# Whether a CA has expired since is no matter of what a release was made of.
_WHATEVER = Treatments("keep", "keep", "keep")


class Rebuilt(msgspec.Struct, frozen=True):
    """What came of building once more: its manifest and its files by name, or why there are none.

    `fault` is what is wrong with the source, so that it does not build, and `lock` the one in it.
    """

    manifest: Manifest | None = None
    data: Mapping[str, bytes] = {}
    because: str = ""
    fault: str = ""
    lock: Lock | None = None

    @property
    def pinned(self) -> bool:
        """Whether a lock says how the packages are made: then any trustpack of that makes the same."""
        return self.lock is not None and self.lock.packaging is not None


def rebuild(
    data: bytes,
    manifest: Manifest,
    scratch: Path,
    *,
    where: str,
    now: dt.datetime,
    progress: Callable[[str], None] = lambda _: None,
) -> Rebuilt:
    """Build from a source.tar in the empty folder `scratch`; `where` is what to call the archive.

    Own recipes run apart, as they always do.
    """
    try:
        files = source.read(data, where)
        lock = _lock(files, where)
        if because := _made_otherwise(lock):
            return Rebuilt(because=because, lock=lock)
        _unpack(files, scratch)
        made = _built(_project(files, scratch, manifest, now), manifest, scratch / "dist", progress)
    except (TrustpackError, OSError) as error:
        said = str(error).replace(f"{scratch}/", "").removeprefix(f"{where}: ")
        return Rebuilt(fault=f"does not build: {said}")
    artifacts = {entry.file: (scratch / "dist" / entry.file).read_bytes() for entry in made.artifacts}
    return Rebuilt(made, artifacts, lock=lock)


def _lock(files: Mapping[str, bytes], where: str) -> Lock | None:
    data = files.get(locks.FILE_NAME)
    if data is None:
        return None
    return lockfile.parse(data.decode("utf-8", "replace"), f"{where}: {locks.FILE_NAME}")


def _made_otherwise(lock: Lock | None) -> str:
    """Return why this trustpack makes other bytes than the one before; empty where it does not."""
    revision = lock.packaging.revision if lock and lock.packaging else str(PACKAGING_REVISION)
    if revision == str(PACKAGING_REVISION):
        return ""
    return (
        f"its lock pins packaging revision {revision}, and trustpack {__version__} has {PACKAGING_REVISION}"
    )


def _unpack(files: Mapping[str, bytes], scratch: Path) -> None:
    """Write new files; raise OSError, where two names are one on this file system, too."""
    for name, data in files.items():
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            stream.write(data)


def _project(files: Mapping[str, bytes], scratch: Path, manifest: Manifest, now: dt.datetime) -> Project:
    paths = [str(scratch / name) for name in (materials.BUNDLE, materials.DISTRUSTED) if name in files]
    return find(paths, None, scratch / FILE_NAME, now=now, source_date_epoch=manifest.epoch)


def _built(project: Project, manifest: Manifest, out: Path, progress: Callable[[str], None]) -> Manifest:
    bundle = survey(project, treatments=_WHATEVER)
    for held, bundled in (
        (manifest.certificates, bundle.certificates),
        (manifest.distrusted, bundle.distrusted),
    ):
        if [one.sha256 for one in held] != [one.sha256 for one in bundled]:
            raise VerificationError(f"its CAs are not those of {MANIFEST}")
    targets = list(dict.fromkeys(entry.target for entry in manifest.artifacts))
    wanted = request(project, bundle, targets=targets, release=manifest.release)
    return build.build(wanted, out, progress=progress)


def compare(
    rebuilt: Rebuilt, manifest: Manifest, data: Mapping[str, bytes], *, where: str
) -> Iterator[Discrepancy]:
    """Yield each difference between a release and what its source builds; `data` are its files by name."""
    made = rebuilt.manifest
    if made is None:
        return
    for entry in manifest.artifacts:
        other = made.entry(entry.file)
        if other is None:
            yield Discrepancy(MANIFEST, f"has {entry.file}, which is nothing that {where} builds")
            continue
        if other.sha256 != entry.identity and entry.file in data:
            inside = _inside(entry.file, data[entry.file], rebuilt.data[entry.file])
            yield Discrepancy(entry.file, f"is not what {where} builds{inside}")
        for key in (*_NAMED, *(_WORDED if manifest.trustpack == __version__ else ())):
            if getattr(entry, key) != getattr(other, key):
                yield Discrepancy(MANIFEST, f"says another {key} of {entry.file} than {where} builds")
    for name in sorted(made.files - manifest.files):
        yield Discrepancy(MANIFEST, f"lacks {name}, which {where} builds")
    for said, built in (
        (manifest.certificates, made.certificates),
        (manifest.distrusted, made.distrusted),
    ):
        for one in {*said} ^ {*built}:
            yield Discrepancy(MANIFEST, f"says other things of the CA {one.sha256} than {where}")


def of_lock(rebuilt: Rebuilt, lock: Lock, *, where: str, name: str) -> Iterator[Discrepancy]:
    """Yield what a source's own lock says otherwise: only with the same one packages follow from `lock`."""
    own, parts = rebuilt.lock, ("certificates", "history", "packaging")
    if rebuilt.manifest and own is None:
        yield Discrepancy(where, f"has no lock, so that what it builds does not follow from {name}")
    elif own and any(getattr(own, part) != getattr(lock, part) for part in parts):
        yield Discrepancy(where, f"has another lock than {name}")


def _inside(name: str, data: bytes, made: bytes) -> str:
    """Return what differs inside of two packages of one kind, as far as that can be told."""
    try:
        old, new = (snapshot.of_file(Path(name), each) for each in (made, finished.unsigned(data) or data))
    except TrustpackError:
        return ""
    if old is None or new is None:
        return ""
    names = [
        f"{kind} {name} {verb}"
        for kind, found in difference.compare(old, new).parts.items()
        for verb in ("changed", "added", "removed")
        for name in getattr(found, verb)
    ]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f": {', '.join(names[:_SHOWN])}{more}" if names else ""
