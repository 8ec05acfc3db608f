"""How a command waits for somebody else who is writing to a bucket."""

from __future__ import annotations

import time

from builder.cli.messages import tell


class Patience:
    """The clock; who waits for another publisher is told once."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._told = False

    def monotonic(self) -> float:
        """Return the seconds since some start."""
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        if not self._told:
            tell("progress", [f"{self._place}: somebody else is publishing; waiting"])
            self._told = True
        time.sleep(seconds)
