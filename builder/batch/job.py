"""What goes to a worker and what comes back: data that says all that is needed, and no key of anybody's."""

from __future__ import annotations

import datetime as dt  # noqa: TC003  msgspec reads annotations at run time
import sys

import msgspec

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

NOTHING = msgspec.Raw(b"\xc0")  # msgpack's nil: an empty one would be no value, and shift all that follows
SECONDS = 120.0  # for a chunk, which is to take about half of one


class Job(msgspec.Struct, frozen=True):
    """One organisation, or a realm of it: its files by their paths, and what the output holds of it.

    `realm` is empty for the organisation's own bundle.
    """

    slug: str
    files: dict[str, bytes]
    previous: bytes = b""
    realm: str = ""

    @property
    def folder(self) -> str:
        """The name of the organisation's folder."""
        return self.slug.removesuffix(f"-{self.realm}") if self.realm else self.slug

    def __repr__(self) -> str:
        """Leave out what its files hold."""
        return f"Job({self.slug!r})"


class JobSettings(msgspec.Struct, frozen=True):
    """What all jobs have in common: the module of the verb, and the command's options.

    `orgs` is what the folder of organisations is called in messages, and `product` which trustpack must do
    it.
    """

    verb: str
    orgs: str
    now: dt.datetime
    product: str
    source_date_epoch: int | None = None
    targets: list[str] | None = None
    allow_urls: bool = False
    allow_recipes: bool = False
    seconds: float = SECONDS


class Chunk(msgspec.Struct, frozen=True):
    """Some jobs that one worker does one after the other."""

    settings: JobSettings
    jobs: list[Job]


class JobFault(msgspec.Struct, frozen=True):
    """Why nothing came of a job: an error's message, its hint, and the exit status that it has alone."""

    message: str
    hint: str = ""
    code: int = 1


class JobOutcome(msgspec.Struct, frozen=True):
    """What came of a job: a fault, or else what the verb made of it, encoded; and the seconds it took."""

    slug: str
    fault: JobFault | None = None
    value: msgspec.Raw = NOTHING
    seconds: float = 0.0


class ChunkDone(msgspec.Struct, frozen=True):
    """What came of a chunk's jobs; or of none, where a worker is `another` trustpack."""

    outcomes: list[JobOutcome] = []
    another: bool = False


def packed(done: ChunkDone) -> bytes:
    """Return a result as it travels: what packages have in common, and all of it is stored, is sent once."""
    return zstd.compress(msgspec.msgpack.encode(done))


def unpacked(data: bytes) -> ChunkDone:
    """Return the result that was packed so."""
    return msgspec.msgpack.decode(zstd.decompress(data), type=ChunkDone)
