"""A bounded run of the fuzzer, so that it works when somebody wants a long one."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_fuzzing_for_ten_seconds_finds_nothing(tmp_path: Path) -> None:
    """Ten seconds of coverage-guided fuzzing end without a crash and without an input over 2 s."""
    if importlib.util.find_spec("atheris") is None:
        complain = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        complain("atheris is not installed; tests/run installs it")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.lint.fuzz", "-max_total_time=10", f"-artifact_prefix={tmp_path}/"]

    done = subprocess.run(
        ["env", "-i", f"PYTHONPATH={root}", *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert [] == list(tmp_path.iterdir())
