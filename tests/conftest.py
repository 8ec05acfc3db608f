"""The options that all tests share, and what marked tests need."""

import signal

import pytest

# Started in the background by a script, this program ignores Ctrl-C, and so would all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden, which writes what is made instead of comparing it, and --long."""
    text = "refresh tests/golden from what is built, and the generated parts of documents"
    parser.addoption("--update-golden", action="store_true", help=text)
    parser.addoption("--long", action="store_true", help="also run the tests that would take CI too long")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say that not all tests run: with pytest-xdist, nothing else tells."""
    return None if config.getoption("long") else "left out: tests marked as long; --long runs them, too"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long tests without --long."""
    if config.getoption("long"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]
