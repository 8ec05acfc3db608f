"""Which commands write is not written down: each one, and each file that an option names, needs a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import typer

from builder import cli
from tests.crash.cases import CASES
from tests.crash.worlds import Command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.crash.rows import Stage

# What changes no file, and how it is called to see that.
_READING = {
    "lint": "lint",
    "explain": "explain",
    "inspect": "inspect dist",
    "plan": "plan",
    "batch plan": "batch plan site",
    "batch verify": "batch verify . --unsigned --jobs 1 --only dist",
    "diff": "diff roots.pem dist",
    "names": "names --offline",
    "schema": "schema",
    "docs": "docs keys",
    "keys show": "keys show",
    "keys check": "keys check",
    "repo check": "repo check",
    "recipes list": "recipes list",
    "recipes show": "recipes show deb",
}
_SCRATCH = {
    "demo": "all that it makes lies in a folder of scratch",
    "repo serve": "reads a site, and has its throw-away CA in a folder of scratch",
}
# Options with a path that is read, or that only says where the command writes anyway.
_READ = {
    "bundle", "ca_file", "certificate", "config", "folder", "keys", "lock", "out", "password_file",
    "places", "hosts", "inventory", "profile_cert", "profile_key", "public", "public_next", "release",
    "root", "server_cert", "server_key", "site", "tls_ca_file", "tls_cert", "tls_key",
}  # fmt: skip


def _commands(group: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    for word, one in getattr(group, "commands", {}).items():
        yield from _commands(one, f"{name} {word}".strip())
    if not hasattr(group, "commands"):
        yield name, group


@pytest.fixture(scope="module")
def commands() -> dict[str, Any]:
    """Return every command of trustpack's by its words."""
    cli.register(cli.COMMANDS)
    return dict(_commands(typer.main.get_command(cli.app)))


def _of(command: str) -> list[str]:
    """Return the names of a command's cases."""
    return [name for name in CASES if f"{name} ".startswith((f"{command} ", f"{command}, "))]


def test_each_command_has_a_row_or_is_seen_to_write_nothing(commands: dict[str, Any]) -> None:
    """A new one is in neither, and the reasons of those that are gone go, too."""
    assert sorted({*_READING, *_SCRATCH}) == sorted(name for name in commands if not _of(name))
    assert [] == [case for case in CASES if not any(case in _of(name) for name in commands)]


def test_each_file_that_an_option_names_is_written_in_a_row(commands: dict[str, Any]) -> None:
    """An option that takes a path is known as one that is read, or some row gives it."""
    missing = []
    for name, command in commands.items():
        given = {
            word for case in _of(name) if isinstance(run := CASES[case].run, Command) for word in run.words
        }
        for one in command.params:
            if (
                one.param_type_name == "option"
                and one.type.name in {"path", "file", "directory"}
                and one.name not in _READ
            ):
                missing += [f"{name} {opt}" for opt in one.opts[:1] if opt not in given]
    assert [] == missing


@pytest.mark.parametrize("name", _READING)
def test_what_only_reads_changes_no_file(name: str, stage: Stage, fast: Path) -> None:
    """Seen where it has something to read; in folders of scratch it may write, and leaves nothing there."""
    (done,) = stage.told("watched", _READING[name], str(fast))
    assert "failed" not in done, done["failed"]
    assert (done["seen"], done["left"]) == ([], []), done
    assert done["code"] in {0, 1}, done["said"]
