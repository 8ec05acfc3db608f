"""The command line: the only part that reads the environment, prints and exits.

A command's module is imported only if that command runs, and imports what does the work inside its functions:
so every command starts fast.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.errors import OutputError, TrustpackError

if TYPE_CHECKING:
    from collections.abc import Iterable

# Each command, in the order of --help: the module of its function, and the sentence that --help has of it.
# The sentence is the function's own first one, told here so that --help need not import what it lists.
COMMANDS = {
    "build": ("build", "Build the packages of a CA bundle."),
    "init": ("init", "Write a commented trustpack.yaml."),
    "demo": ("demo", "Watch HTTPS be refused and accepted, with a throw-away CA."),
    "prove": ("prove", "Prove that packages make clients trust the bundle."),
    "lint": ("lint", "Say what is wrong with a CA bundle."),
    "explain": ("lint", "Explain a rule of the linter, or list them all."),
    "inspect": ("inspect", "Show the certificates, files and scripts inside built packages."),
    "check": ("check", "Tell which CA certificates have expired or soon will."),
    "lock": ("lock", "Show what changes in the bundle, and write trustpack.lock."),
    "plan": ("plan", "Show what the next release adds and removes."),
    "diff": ("diff", "Show which certificates came, went or changed their state."),
    "schema": ("init", "Print the JSON Schema of trustpack.yaml, or of another document."),
    "recipes": ("recipes", "List, show and export the recipes that targets are built from."),
    "docs": ("docs", "Show a page of the guide, or list them all."),
}
_FUNCTIONS = {"recipes": "app"}
_COMPLETING = "_TRUSTPACK_COMPLETE"  # set by a shell that completes a command line
_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it

app = typer.Typer(
    name="trustpack",
    help="Turn a CA bundle into packages that make every client trust it.\n\n"
    "The guide is in 'trustpack docs': begin with 'trustpack docs tutorial'.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # importing rich would double the time of every command
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from builder import __version__

        typer.echo(f"trustpack {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def register(names: Iterable[str]) -> None:
    """Import these commands and add them to `app`."""
    for name in names:
        module, _ = COMMANDS[name]
        found = getattr(import_module(f"builder.cli.{module}"), _FUNCTIONS.get(name, name))
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)


def _list() -> None:
    """Add every command by its name and sentence alone: nothing but --help and errors come of that."""
    for name, (_, sentence) in COMMANDS.items():
        app.command(name, help=sentence)(lambda: None)


def main() -> None:
    """Run the command; print an error of ours as one line and a hint, and exit with its code."""
    named = sys.argv[1:2]
    # A command makes little that is garbage before it ends: looking for it is time spent for nothing.
    gc.set_threshold(100_000)
    try:
        _open_streams()
        if named and named[0] in COMMANDS:
            register(named)
        elif _COMPLETING in os.environ:
            register(COMMANDS)
        else:
            _list()
        app()
    except TrustpackError as error:
        _say("error: ", typer.colors.RED, str(error))
        if error.hint:
            _say("hint: ", typer.colors.CYAN, error.hint)
        sys.exit(error.exit_code)
    except OSError as error:
        # What nothing closer to it has explained: mostly a full disk behind standard output.
        _say("error: ", typer.colors.RED, f"{error.filename or 'standard output'}: {error.strerror or error}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left to be printed would fail again
        sys.exit(OutputError.exit_code)
    except KeyboardInterrupt:
        # Typer does the same, but not yet while it is being set up.
        sys.exit(_INTERRUPTED)


def _open_streams() -> None:
    """Give a process that was started with closed standard streams empty ones.

    What the encoding of an output lacks is written as an escape: a name in another script must not fail.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115  as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _say(word: str, colour: str, text: str) -> None:
    from builder.text.quoting import visible

    # See https://no-color.org; None lets typer look whether standard error is a terminal.
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    typer.secho(word, fg=colour, bold=True, err=True, nl=False, color=False if plain else None)
    # A path or a tool's words may hold what a terminal would obey.
    typer.echo("\n".join(visible(line) for line in text.split("\n")), err=True)
