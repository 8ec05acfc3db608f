"""Real clients, asked about a server: whether a request of theirs came through TLS is what the server saw."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from builder.prove.server import Listener


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
    after = listener.seen()
    # One that never came to the server would else count as one that refuses.
    assert after.connections > before.connections, done.stdout + done.stderr
    return after.requests > before.requests
