"""Processes of this machine that work beside each other: for what has keys at hand, which no cluster gets."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from builder.batch import held
from builder.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

_Task = TypeVar("_Task")
_Done = TypeVar("_Done")
_IN_FLIGHT = 3  # tasks of a process: memory stays flat however many there are


def each(work: Callable[[_Task], _Done], tasks: Iterable[_Task], jobs: int) -> Iterator[_Done]:
    """Yield what comes of each task, in whatever order; one process is this one.

    `work` is a function of a module, and raises nothing that is expected. Raises ToolError where a process
    ends.
    """
    if jobs == 1:
        yield from map(work, tasks)
        return
    waiting = iter(tasks)

    def submit(task: _Task) -> Future[_Done]:
        with held.back():  # it may start a process
            return pool.submit(work, task)

    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        try:
            flying = {submit(task) for task in islice(waiting, _IN_FLIGHT * jobs)}
            while flying:
                done, flying = wait(flying, return_when=FIRST_COMPLETED)
                flying |= {submit(task) for task in islice(waiting, len(done))}
                for one in done:
                    yield one.result()
        except BrokenProcessPool:
            raise ToolError(
                "a process ended before it was done", hint="is there memory enough? run it again, or --jobs 1"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)
