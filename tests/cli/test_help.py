"""The command line as a whole: what it lists, and what it takes no longer than needed for."""

import subprocess
import sys

import pytest
import typer
from typer.core import TyperGroup

from builder import cli
from tests.cli.conftest import ENVIRONMENT, World

_IMPORTED = """\
import sys
from builder import cli
sys.argv = ["trustpack", "--help"]
try:
    cli.main()
except SystemExit:
    print(*sorted(name for name in sys.modules if name.startswith("builder.")), file=sys.stderr)
"""


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_what_help_says_of_a_command_is_its_own_first_sentence(name: str) -> None:
    """The list has a copy, so that it need not import what it lists."""
    cli.register([name])
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)
    said = (group.commands[name].help or "").split("\n\n")[0]
    assert cli.COMMANDS[name][1] == said


def test_help_lists_every_command(world: World) -> None:
    """Each with its sentence."""
    told = world.run("--help").out
    for name, (_, sentence) in cli.COMMANDS.items():
        assert f"  {name:<8} {sentence}" in told, name


def test_help_imports_no_command() -> None:
    """It would take several times as long."""
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTED], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert done.stderr.split() == ["builder.cli", "builder.errors"]


def test_an_unknown_command_is_named_with_the_nearest() -> None:
    """Before anything is imported for it."""
    done = subprocess.run(
        [sys.executable, "-m", "builder", "biuld"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "'build'" in done.stderr) == (2, True)
