"""Signals that end a program end a command as Ctrl-C does, which clears up and tells what is done."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SECONDS = 10.0  # in which what ends clears up


@contextlib.contextmanager
def alike() -> Iterator[None]:
    """Let each of them end what is done meanwhile; the first is enough, and those right after are not heard.

    A script's background job ignores Ctrl-C, and so would all that it starts. What nohup has started goes on
    when its terminal is closed.
    """
    deaf_until = 0.0

    def end(*_: object) -> None:
        nonlocal deaf_until
        if (now := time.monotonic()) >= deaf_until:
            deaf_until = now + _SECONDS
            raise KeyboardInterrupt

    numbers = [one for one in _ENDING if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
