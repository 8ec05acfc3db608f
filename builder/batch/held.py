"""Processes that a batch starts: a signal to the whole group, such as a terminal's Ctrl-C, is not theirs.

Who started them is told as well, and ends them. They would print where they were, or end in the midst.
"""

from __future__ import annotations

import contextlib
import signal
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def back() -> Iterator[None]:
    """Hold these signals back, for good in threads and processes that are started meanwhile."""
    # Python's tracker of resources, when it starts, lets them through again: so it starts before.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
