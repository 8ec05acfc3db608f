"""Chunks: as large as half a second, few at a time, and one organisation that kills workers is found."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from builder.batch import engine
from builder.batch.job import Chunk, ChunkDone, Job, JobOutcome, JobSettings, packed
from builder.errors import ToolError
from tests.batch import folders

SETTINGS = JobSettings("building", "orgs", dt.datetime.fromisoformat(folders.NOW), "")


class Doing:
    """Two workers that say that each job took `seconds`, and die of some jobs, or of all until `until`."""

    lanes = 2

    def __init__(self, seconds: float, *, deadly: tuple[str, ...] = (), until: int = 0) -> None:
        self.seconds, self.deadly, self.until = seconds, deadly, until
        self.chunks: list[list[str]] = []
        self.waiting: list[int] = []
        self.most = 0

    def submit(self, data: bytes) -> int:
        """Keep a chunk."""
        self.chunks.append([job.slug for job in msgspec.msgpack.decode(data, type=Chunk).jobs])
        self.waiting.append(len(self.chunks))
        self.most = max(self.most, len(self.waiting))
        return len(self.chunks)

    def wait(self) -> tuple[int, bytes | None]:
        """Do the first one."""
        number = self.waiting.pop(0)
        slugs = self.chunks[number - 1]
        if number <= self.until or {*slugs} & {*self.deadly}:
            return number, None
        done = ChunkDone([JobOutcome(slug, seconds=self.seconds) for slug in slugs])
        return number, packed(done)


def jobs(count: int, size: int = 10) -> list[Job]:
    """Return jobs of one file each."""
    return [Job(f"org-{number}", {"trustpack.yaml": b"x" * size}) for number in range(count)]


def run(pool: Doing, count: int, size: int = 10) -> dict[str, JobOutcome]:
    """Return what comes of that many jobs."""
    found = list(engine.run(pool, jobs(count, size), SETTINGS))
    assert len(found) == count
    return {one.slug: one for one in found}


def test_a_chunk_grows_to_half_a_second() -> None:
    """From a few jobs on, and no more chunks are under way than two a worker."""
    pool = Doing(0.02)
    run(pool, 1000)
    sizes = [len(chunk) for chunk in pool.chunks]
    assert (sizes[0], max(sizes), pool.most) == (4, 24, 4)


def test_slow_or_large_ones_go_alone() -> None:
    """One that takes longer, and one whose files are large."""
    slow = Doing(3)
    run(slow, 20)
    assert len(slow.chunks[-1]) == 1
    large = Doing(0.001)
    run(large, 20, 5_000_000)
    assert {len(chunk) for chunk in large.chunks} == {1}


def test_who_kills_workers_fails_and_the_others_do_not() -> None:
    """What was beside it is tried again, one at a time and with nothing else under way."""
    pool = Doing(0.02, deadly=("org-7",))
    found = run(pool, 100)
    fault = found.pop("org-7").fault
    assert fault is not None
    assert fault.message == (
        "orgs/org-7: the process that builds it ends, each time, or takes longer than 120 seconds"
    )
    assert {one.fault for one in found.values()} == {None}


def test_workers_that_are_killed_from_outside_are_no_organisations_fault() -> None:
    """However many chunks die, all are done in the end."""
    assert {one.fault for one in run(Doing(0.02, until=9), 100).values()} == {None}


class Another(Doing):
    """Workers that have another trustpack."""

    def wait(self) -> tuple[int, bytes | None]:
        """Say so."""
        return self.waiting.pop(0), packed(ChunkDone(another=True))


def test_workers_with_another_trustpack_are_refused() -> None:
    """They might make other packages of the same input."""
    with pytest.raises(ToolError, match="has another trustpack than this one"):
        run(Another(0.02), 10)
