"""Every command of trustpack, as its command line defines it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import typer

from builder import cli


@dataclass(frozen=True)
class Command:
    """A command: its words without the program's, and typer's object, which knows the options."""

    path: str
    parts: Any

    @property
    def shown(self) -> list[Any]:
        """The arguments and options that people are shown."""
        return [part for part in self.parts.params if not getattr(part, "hidden", False)]

    @property
    def prints_json(self) -> bool:
        """Whether both options make it print JSON."""
        found = {name: part for part in self.parts.params for name in part.opts}
        return "--json" in found and "json" in _choices(found.get("--format"))


@lru_cache(maxsize=1)
def commands() -> list[Command]:
    """Return every command in the order of --help, those of groups after their own name."""
    # Those that another test has made ready would come first.
    cli.app.registered_commands.clear()
    cli.app.registered_groups.clear()
    cli.register(cli.COMMANDS)
    return list(_walk(typer.main.get_command(cli.app), ()))


def _walk(group: Any, path: tuple[str, ...]) -> Iterator[Command]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            if command.invoke_without_command:  # it does something by itself, too
                yield Command(" ".join((*path, name)), command)
            yield from _walk(command, (*path, name))
        else:
            yield Command(" ".join((*path, name)), command)


def _choices(part: Any) -> tuple[str, ...]:
    return tuple(getattr(part.type, "choices", ())) if part else ()
