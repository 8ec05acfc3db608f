"""The workflows by actionlint, and the piece of the changelog that a release shows."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import golang
from tests.tools import NO_HOME, require

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
CHANGELOG = """\
# Changelog

## Unreleased

- Something new.

## 1.10.0 (2026-11-28)

- One thing,
  on two lines.

### Fixed

- Another.

## 1.1.0

## 1.0.0

- The first.
"""
SECTION = "- One thing,\n  on two lines.\n\n### Fixed\n\n- Another.\n"


def test_actionlint_finds_no_fault(tmp_path: Path) -> None:
    """Workflows are what GitHub understands, and their scripts what shellcheck does."""
    shellcheck = require("shellcheck")
    program = golang.build(
        require("go"), ROOT / "tests/actionlint", "github.com/rhysd/actionlint/cmd/actionlint",
        tmp_path / "actionlint",
    )  # fmt: skip
    command = [str(program), "-shellcheck", shellcheck, "-oneline"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={"HOME": NO_HOME}
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def section(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    """Run the workflow's script in a repository with the changelog above."""
    (folder / ".github").mkdir()
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    shutil.copy(GITHUB / "changelog-section", folder / ".github")
    command = [f"{folder}/.github/changelog-section", version]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.defpath})


def test_a_releases_section_is_cut_out_of_the_changelog(tmp_path: Path) -> None:
    """From below its heading to the next one, without empty lines around."""
    done = section(tmp_path, "1.10.0")
    assert (0, SECTION, "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("version", ["1.1.0", "1.1", "2.0.0", "", "1.10.0 (2026-11-28)"])
def test_a_release_without_a_section_is_an_error(tmp_path: Path, version: str) -> None:
    """Empty ones are none, and a part of a version is none."""
    done = section(tmp_path, version)
    expected = f"error: CHANGELOG.md: has no section, or an empty one, for '{version}'\n"
    assert (1, "", expected) == (done.returncode, done.stdout, done.stderr)
