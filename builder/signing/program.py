"""Programs that sign, verify or publish: no shell, and an end to their time and to what they may say."""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING, NamedTuple

from builder.errors import ToolError
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

SECONDS = 120  # somebody may have to touch a token
_LIMIT = 256 * 1024  # bytes of output
_SHOWN = 300  # characters of what a program says
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Answer(NamedTuple):
    """How a program ended, what it wrote, and the last line of what it said."""

    status: int
    out: bytes
    said: str
    err: bytes = b""


def ask(
    command: Sequence[str],
    data: bytes,
    *,
    environment: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    descriptors: Sequence[int] = (),
    on_terminal: bool = False,
    tied: bool = False,
    folder: Path | None = None,
) -> Answer:
    """Run a program with `data` on its standard input, and return its answer.

    Without `environment` it has this process's own, and it runs in `folder` or where this process does.
    `descriptors` stay open for it. Raises ToolError where it cannot be started, takes longer than `seconds`,
    or writes more than it was asked for. `on_terminal` it may ask the person there, who may end it by Ctrl-C.
    `tied`, it is killed where this process is, too: on Linux, which alone can.
    """
    name = command[0]
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
            pass_fds=descriptors,
            start_new_session=not on_terminal,  # so that what it has started ends with it
            preexec_fn=_tie(os.getpid()) if tied and sys.platform == "linux" else None,  # noqa: PLW1509  see there
        )
    except OSError as error:
        raise ToolError(f"{visible(name)}: cannot be started: {error.strerror}") from None
    try:
        out, said = _exchange(child, data, time.monotonic() + seconds)
        status = child.wait(seconds)
    except (TimeoutError, subprocess.TimeoutExpired):
        raise ToolError(f"{visible(name)}: has not answered in {seconds:g} seconds") from None
    except OverflowError:
        raise ToolError(f"{visible(name)}: writes more than it was asked for") from None
    finally:
        _end(child)
    return Answer(status, out, _last(said), said)


def _tie(parent: int) -> Callable[[], None]:
    """Return what a child does before it becomes the program, so that it is killed when its parent ends.

    All that it calls is loaded before the fork. setpriv of util-linux does the same, and is not everywhere.
    """
    prctl = ctypes.CDLL(None).prctl

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was killed meanwhile
            os.kill(os.getpid(), signal.SIGKILL)

    return tie


def _exchange(child: subprocess.Popen[bytes], data: bytes, until: float) -> tuple[bytes, bytes]:
    """Hand `data` to a program, and return what it writes to standard output and error."""
    assert child.stdin and child.stdout and child.stderr  # noqa: PT018, S101  they are pipes
    read: dict[IO[bytes], bytes] = {child.stdout: b"", child.stderr: b""}
    rest = memoryview(data)
    with selectors.DefaultSelector() as ready:
        for stream in read:
            ready.register(stream, selectors.EVENT_READ)
        os.set_blocking(child.stdin.fileno(), False)
        ready.register(child.stdin, selectors.EVENT_WRITE)
        while ready.get_map():
            events = ready.select(max(until - time.monotonic(), 0))
            if not events:
                raise TimeoutError
            for key, _ in events:
                if key.fileobj is child.stdin:
                    rest = _written(child.stdin, rest)
                    done = not rest
                else:
                    stream = child.stdout if key.fileobj is child.stdout else child.stderr
                    chunk = os.read(stream.fileno(), 65_536)
                    read[stream] += chunk
                    done = not chunk
                    if len(read[stream]) > _LIMIT:
                        raise OverflowError
                if done:
                    ready.unregister(key.fileobj)
                    if key.fileobj is child.stdin:
                        child.stdin.close()
    return read[child.stdout], read[child.stderr]


def _written(stream: IO[bytes], rest: memoryview) -> memoryview:
    """Write what a pipe takes, and return the rest; none where nobody reads it."""
    try:
        return rest[os.write(stream.fileno(), rest[:65_536]) :]
    except BrokenPipeError:
        return rest[:0]


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):  # where it has no group of its own, too
        os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream:
            with contextlib.suppress(OSError):
                stream.close()


def _last(said: bytes) -> str:
    """Return the last line of what a program said, fit to be shown."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return visible(lines[-1][-_SHOWN:]) if lines else ""
