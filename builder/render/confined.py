"""The process that runs what an organisation's own recipe computes: see `apart`, which starts it.

It gets its task as a pickle on standard input, and says what comes of it in lines of JSON: data, whatever a
template may have made of this process by then.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import re
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any

import jinja2
import msgspec

from builder.errors import ConfigError
from builder.render import template
from builder.render.apart import MEMORY, TIMEOUT, Done, Loaded, Refused, Task
from builder.text.files import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_MOST_SAID = 1000  # characters of a message
_GRACE = 1.0  # seconds that a step has to end in, before it is ended


def main() -> None:
    """Do the one task that standard input holds."""
    task: Task = pickle.load(sys.stdin.buffer)  # noqa: S301  it is our own
    _limit(resource.RLIMIT_AS, MEMORY)
    for nothing in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        _limit(nothing, 0)
    # Between two steps, where Python's frames are whole: a thread that reads them in one may see none.
    signal.signal(signal.SIGALRM, _stopped)
    signal.setitimer(signal.ITIMER_REAL, task.seconds)
    # And, by a thread that needs nothing of Python's, within a step that takes for ever.
    faulthandler.dump_traceback_later(task.seconds + _GRACE, exit=True)
    try:
        _say(_done(task))
    except ConfigError as error:
        _say(Refused(_shortened(str(error)), _shortened(error.hint)))


def _stopped(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  as handlers are called
    """Say where Python is, as its watchdog does, and end."""
    os.write(2, f"{TIMEOUT}\n".encode())
    faulthandler.dump_traceback(2, all_threads=False)
    os._exit(1)


def _shortened(text: str) -> str:
    """Return a message with the most of it that people read; a template may put all of a long text there."""
    return text if len(text) <= _MOST_SAID else f"{text[: _MOST_SAID - 1]}…"


def _done(task: Task) -> Done:
    if not task.names:
        return Done(matched=re.fullmatch(task.pattern, task.text) is not None)
    template.environment(task.templates).loader = _Announcing(task.templates)
    return Done(texts=tuple(_rendered(task)))


def _rendered(task: Task) -> Iterator[bytes]:
    size = 0
    for name in task.names:
        _say(Loaded(str(task.templates / name)))  # compiling it may take for ever, too
        text = template.page(task.templates, name, task.scope)
        size += len(text)
        if size > MAX_BYTES:
            raise ConfigError(f"{task.templates / name}: prints more than {MAX_BYTES} bytes")
        yield text


class _Announcing(jinja2.FileSystemLoader):
    """Tells of each template before it runs, so that its lines can be told when the process has ended."""

    def load(self, environment: jinja2.Environment, name: str, globals: Any = None) -> jinja2.Template:  # noqa: A002
        """Return a template."""
        found = super().load(environment, name, globals)
        _say(Loaded(str(found.filename), tuple(found.debug_info)))
        return found


def _say(what: Loaded | Done | Refused) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


def _limit(what: int, most: int) -> None:
    with contextlib.suppress(OSError, ValueError):  # a system that does not count it, or allows less already
        resource.setrlimit(what, (most, most))
