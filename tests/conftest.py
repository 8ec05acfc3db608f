"""The options that all tests share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden: write what is built into tests/golden instead of comparing it."""
    parser.addoption("--update-golden", action="store_true", help="refresh tests/golden from what is built")
