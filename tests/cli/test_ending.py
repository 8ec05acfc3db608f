"""Signals end a command as Ctrl-C does: once, and not where nobody wants to hear of them."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import os, signal
from builder.cli import ending
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    try:
        with ending.alike():
            try:
                os.kill(os.getpid(), number)
                print(number.name, "goes on")
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                print("cleared up")
    except KeyboardInterrupt:
        print(number.name, "ended")
"""


def test_the_first_signal_ends_and_others_disturb_no_clearing_up() -> None:
    """A background job of a script hears of Ctrl-C, too; what nohup has started outlives its terminal."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False)
    assert (done.stdout.splitlines(), done.stderr) == (
        [
            "cleared up", "SIGTERM ended",
            "cleared up", "SIGINT ended",
            "SIGHUP goes on", "SIGHUP ended",  # by the second one, which was the first that it heard
        ],
        "",
    )  # fmt: skip
