"""Signals that end a program end a command as Ctrl-C does, which clears up and tells what is done."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _heard(*_: object) -> None:
    """Do nothing: to ignore a signal would be handed on to every process that is started."""


@contextlib.contextmanager
def alike() -> Iterator[None]:
    """Let each of them end what is done meanwhile; the first is enough, and those after it are not heard.

    A script's background job ignores Ctrl-C, and so would all that it starts. What nohup has started goes on
    when its terminal is closed.
    """

    def end(*_: object) -> NoReturn:
        for number in numbers:
            signal.signal(number, _heard)
        raise KeyboardInterrupt

    numbers = [one for one in _ENDING if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
