"""Real programs that tests run: found, or the test is skipped on a laptop and fails in CI."""

import os
import shutil

import pytest


def require(program: str) -> str:
    """Return the path of `program`; where it is missing, skip the test, or fail it when CI=true."""
    found = shutil.which(program)
    if found is None:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain(f"{program} is not installed; tests/run installs it")
    return found
