"""Chunks of jobs go to workers, few at a time, and what comes back is handed on at once: memory stays flat.

A chunk whose worker dies is not known to have killed it, so its organisations are tried anew when all others
are done: one at a time, with nothing else beside it. What kills its worker then, again, has failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from builder.batch.job import Chunk, Job, JobFault, JobOutcome, unpacked
from builder.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from builder.batch.job import JobSettings

_IN_FLIGHT = 2  # chunks of a worker: one that it does, and one that is there when it is done
_SECONDS = 0.5  # what a chunk is to take
_FIRST = 4  # jobs, while nobody knows how long one takes
_MOST = 200
_MOST_BYTES = 4 * 1024 * 1024
_TRIES = 2  # of one organisation alone: a worker may have been killed from outside


class Pool(Protocol):
    """Workers; `lanes` is how many there are just now."""

    @property
    def lanes(self) -> int:
        """At least one."""
        ...

    def submit(self, data: bytes) -> int:
        """Let some worker do a chunk; return a number for it."""
        ...

    def wait(self) -> tuple[int, bytes | None]:
        """Return the next chunk that is done, None where its worker died; raises ToolError without any."""
        ...


class _Feeder:
    """Jobs in chunks that take about as long as a chunk is to take, by what those before took."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs = iter(jobs)
        self._each = _SECONDS / _FIRST

    def take(self) -> list[Job]:
        """Return the next chunk's jobs, none where all are taken."""
        taken: list[Job] = []
        size, most = 0, max(1, min(_MOST, int(_SECONDS / self._each)))
        while len(taken) < most and size < _MOST_BYTES and (job := next(self._jobs, None)):
            taken.append(job)
            size += sum(map(len, job.files.values()))
        return taken

    def learn(self, outcomes: list[JobOutcome]) -> None:
        """Hear how long jobs took."""
        if outcomes:
            took = sum(one.seconds for one in outcomes) / len(outcomes)
            self._each = max(0.001, (self._each + took) / 2)


def run(pool: Pool, jobs: Iterable[Job], settings: JobSettings) -> Iterator[JobOutcome]:
    """Yield what comes of each job, in whatever order; raises ToolError without workers."""
    feeder, flying, suspects = _Feeder(jobs), dict[int, list[Job]](), list[Job]()
    while True:
        while len(flying) < _IN_FLIGHT * pool.lanes and (taken := feeder.take()):
            flying[pool.submit(msgspec.msgpack.encode(Chunk(settings, taken)))] = taken
        if not flying:
            break
        number, data = pool.wait()
        taken = flying.pop(number)
        if data is None:
            suspects += taken
            continue
        outcomes = _outcomes(data)
        feeder.learn(outcomes)
        yield from outcomes
    for job in suspects:
        yield _alone(pool, job, settings)


def _alone(pool: Pool, job: Job, settings: JobSettings) -> JobOutcome:
    for _ in range(_TRIES):
        pool.submit(msgspec.msgpack.encode(Chunk(settings, [job])))
        _, data = pool.wait()
        if data is not None:
            return _outcomes(data)[0]
    return JobOutcome(
        job.slug,
        JobFault(
            f"{settings.orgs}/{job.slug}: the process that builds it ends, each time, or takes longer than "
            f"{settings.seconds:g} seconds",
            "build it by itself, in a sandbox, to see why",
        ),
    )


def _outcomes(data: bytes) -> list[JobOutcome]:
    done = unpacked(data)
    if done.another:
        raise ToolError(
            "a worker: has another trustpack than this one, which may make other packages",
            hint="install the same version on all workers",
        )
    return done.outcomes
