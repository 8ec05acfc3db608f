"""How `trustpack demo --ci` shows its steps: with a bar at a terminal, as lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Protocol

import typer

from builder.cli.messages import tell
from builder.text.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress, TaskID


class Display(Protocol):
    """What is told of each step: its title first, then what is typed and what came of it."""

    def begin(self, number: int, total: int, title: str) -> None: ...
    def typed(self, line: str) -> None: ...
    def said(self, line: str) -> None: ...


@contextlib.contextmanager
def opened(*, as_json: bool) -> Iterator[Display]:
    """Yield the display for where the output goes."""
    if as_json:
        yield Lines(lambda line: tell("progress", [line]))
    elif sys.stdout.isatty():
        with _bar() as progress:
            yield BarDisplay(progress, progress.add_task("", total=None))
    else:
        yield Lines(typer.echo)


class Lines:
    """One line after the other, given to `tell`."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def begin(self, number: int, total: int, title: str) -> None:
        """Tell a step's title."""
        self._tell(f"[{number}/{total}] {title}")

    def typed(self, line: str) -> None:
        """Tell what is typed."""
        self._tell(f"    $ {visible(line)}")

    def said(self, line: str) -> None:
        """Tell what came of it."""
        self._tell(f"      {visible(line)}")


class BarDisplay:
    """The same lines, in colours, above a bar that tells how far it is."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def begin(self, number: int, total: int, title: str) -> None:
        """Print a step's title, and move the bar."""
        self._progress.update(self._task, completed=number - 1, total=total, description=title)
        self._print(f"\n{number:>2}  {title}", "bold")

    def typed(self, line: str) -> None:
        """Print what is typed."""
        self._print(f"    $ {visible(line)}", "cyan")

    def said(self, line: str) -> None:
        """Print what came of it, as far as there is room."""
        self._print(f"      {visible(line)}", "")

    def _print(self, text: str, style: str) -> None:
        # By no width of rich's: who copies a command wants it in one line.
        self._progress.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed
    from rich.table import Column

    # A long title is cut, and nothing else.
    title = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
    columns = (SpinnerColumn(), BarColumn(20), MofNCompleteColumn(), Elapsed(), title)
    return Progress(*columns, console=Console(), transient=True, expand=True)
