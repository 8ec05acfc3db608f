"""The options that all tests share."""

import signal

import pytest

# Started in the background by a script, this program ignores Ctrl-C, and so would all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden: write what is built into tests/golden instead of comparing it."""
    parser.addoption("--update-golden", action="store_true", help="refresh tests/golden from what is built")
