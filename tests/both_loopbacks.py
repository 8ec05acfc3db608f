"""A server on 127.0.0.1 is reached on ::1 too: where `localhost` means both, some clients try only that."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 64 * 1024


@contextlib.contextmanager
def on_both(port: int) -> Iterator[int]:
    """Pass on what comes to `port` of ::1 while the block runs; yield the port.

    Does nothing where there is no ::1, or where the server itself listens there.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            listener = stack.enter_context(socket.create_server(("::1", port), family=socket.AF_INET6))
            stack.callback(listener.shutdown, socket.SHUT_RDWR)  # or nothing would wake the thread
            threading.Thread(target=_accept, args=(listener, port), daemon=True).start()
        yield port


def _accept(listener: socket.socket, port: int) -> None:
    with contextlib.suppress(OSError):  # by which it ends
        while True:
            near, _ = listener.accept()
            threading.Thread(target=_relay, args=(near, port), daemon=True).start()


def _relay(near: socket.socket, port: int) -> None:
    with near, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as far:
        answers = threading.Thread(target=_copy, args=(far, near), daemon=True)
        answers.start()
        _copy(near, far)
        answers.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Pass on all that comes, and its end."""
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
