"""What a finished build leaves beside its manifest: by it, the next batch knows what need not be built."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Annotated

import msgspec

from builder.model.certificate import Fingerprint  # noqa: TC001  as above
from builder.release.manifest import FileName  # noqa: TC001  as above

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from builder.release.manifest import Manifest

RECORD = ".trustpack-batch.json"
_SCHEMA = 1
_Moment = Annotated[dt.datetime, msgspec.Meta(tz=True)]  # one without a zone cannot be compared


class BatchRecord(msgspec.Struct, frozen=True):
    """Which input (`key`) led to which release, and between which moments it does so again.

    `content` is a digest of what the release holds, however its files have been signed since.
    """

    key: str
    content: str
    since: _Moment
    until: _Moment
    schema: int = _SCHEMA


class _Stored(msgspec.Struct, frozen=True):
    file: FileName
    size: int
    sha256: Fingerprint
    unsigned: str = ""


class StoredRelease(msgspec.Struct, frozen=True):
    """As much of a manifest as says whether the release is there: read ten thousand times."""

    organisation: str
    release: str
    artifacts: tuple[_Stored, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each of its files."""
        return {one.file: one.size for one in self.artifacts}


def release(manifest: bytes) -> StoredRelease | None:
    """Return what a manifest says is there, None where that cannot be told."""
    try:
        return msgspec.json.decode(manifest, type=StoredRelease)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def content(found: StoredRelease | Manifest) -> str:
    """Return a digest of a release's number and of its files as they were before they were signed."""
    digest = hashlib.sha256(f"{found.organisation}\0{found.release}".encode())
    for one in found.artifacts:
        digest.update(f"\0{one.file}\0{one.unsigned or one.sha256}".encode())
    return digest.hexdigest()


def key(slug: str, files: Mapping[str, bytes], common: str) -> str:
    """Return a digest of all that a build depends on; `common` is what is so for all organisations."""
    digest = hashlib.sha256(f"{slug}\0{common}".encode())
    for path, data in files.items():
        digest.update(f"\0{path}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def common(parts: Iterable[object]) -> str:
    """Return a digest of what is so for all organisations: the product and the options that matter."""
    return hashlib.sha256(repr(tuple(parts)).encode()).hexdigest()


def encoded(record: BatchRecord) -> bytes:
    """Return a record as it is stored."""
    return msgspec.json.encode(record) + b"\n"


def fits(stored: bytes, key: str, found: StoredRelease, now: dt.datetime) -> bool:
    """Tell whether a stored record says that this key leads to the release that was found, at this moment."""
    try:
        record = msgspec.json.decode(stored, type=BatchRecord)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    if (record.schema, record.key, record.content) != (_SCHEMA, key, content(found)):
        return False
    return record.since <= now < record.until
