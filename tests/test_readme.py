"""The README's commands run as they stand, in its order."""

import datetime as dt
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from builder import config
from builder.prove import authority

_README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
_COMMANDS = re.findall(
    r"^\$ (.+)$", "".join(re.findall(r"```console\n(.*?)```", _README, re.DOTALL)), re.MULTILINE
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder that holds a bundle, as a reader has one."""
    made = tmp_path_factory.mktemp("readme")
    (made / "roots.pem").write_bytes(authority.create("Acme Root R1", now=dt.datetime.now(dt.UTC)).pem)
    return made


@pytest.mark.parametrize("command", _COMMANDS)
def test_a_command_of_the_readme_succeeds(folder: Path, command: str) -> None:
    """Each command works after those above it."""
    words = shlex.split(command, comments=True)
    assert words[0] == "trustpack"
    program = Path(sys.executable).parent / "trustpack"
    done = subprocess.run(
        ["env", "-i", "PATH=/usr/bin:/bin", program, *words[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr if done.returncode else "")


def test_the_configuration_in_the_readme_is_valid(tmp_path: Path) -> None:
    """The example is read as any configuration is."""
    [example] = re.findall(r"```yaml\n(organisation:.*?)```", _README, re.DOTALL)
    file = tmp_path / "trustpack.yaml"
    file.write_text(example)
    assert ("acme", "2026.10", {"wheel": {"activation": "explicit"}}) == (
        (read := config.read(file)).organisation.slug,
        read.release,
        read.settings,
    )
