"""Real clients, asked about a server: whether a request of theirs came through TLS is what the server saw."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from builder.prove.server import Listener, Seen

_PATIENCE = 20  # seconds


def accepts(listener: Listener, command: Sequence[str | Path], environment: Mapping[str, str]) -> bool:
    """Tell whether a client accepts a server; {url} in its command is the server's address."""
    url = f"https://localhost:{listener.port}/"
    before = listener.seen()
    done = subprocess.run(
        [str(word).replace("{url}", url) for word in command],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return requested(listener, before, done.stdout + done.stderr)


def requested(listener: Listener, before: Seen, said: str) -> bool:
    """Tell whether a client that has ended, and said this, came through TLS since `before`."""
    until = time.monotonic() + _PATIENCE
    # On a busy machine the server notices a client that has left at once only later.
    while (after := listener.seen()).connections == before.connections and time.monotonic() < until:
        time.sleep(0.05)
    # One that never came to the server would else count as one that refuses.
    assert after.connections > before.connections, said
    return after.requests > before.requests
