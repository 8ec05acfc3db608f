"""A worker that is this process: for what is not about processes."""

from __future__ import annotations

from builder.batch import work


class Here:
    """Does each chunk when it is asked what came of it."""

    lanes = 1

    def __init__(self) -> None:
        self._chunks: dict[int, bytes] = {}
        self.sent: list[bytes] = []

    def submit(self, data: bytes) -> int:
        """Keep a chunk until it is waited for."""
        self.sent.append(data)
        self._chunks[len(self.sent)] = data
        return len(self.sent)

    def wait(self) -> tuple[int, bytes | None]:
        """Do the first chunk that waits."""
        number = min(self._chunks)
        return number, work.chunk(self._chunks.pop(number))
