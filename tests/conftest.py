"""The options that all tests share."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --update-golden: write what is made (tests/golden, parts of documents) instead of comparing it."""
    text = "refresh tests/golden from what is built, and the generated parts of documents"
    parser.addoption("--update-golden", action="store_true", help=text)
