"""The command line: the only part that reads the environment, prints and exits.

Command modules import what does the work inside their functions, so that --help answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from builder.cli import build, check, demo, diff, init, inspect, lint, lock, plan, prove, recipes
from builder.errors import TrustpackError

_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it

app = typer.Typer(
    name="trustpack",
    help="Turn a CA bundle into packages that make every client trust it.",
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


app.command()(build.build)
app.command()(init.init)
app.command()(demo.demo)
app.command()(prove.prove)
app.command()(lint.lint)
app.command()(lint.explain)
app.command()(inspect.inspect)
app.command()(check.check)
app.command()(lock.lock)
app.command()(plan.plan)
app.command()(diff.diff)
app.command()(init.schema)
app.add_typer(recipes.app, name="recipes")


def main() -> None:
    """Run the command; print an error of ours as one line and a hint, and exit with its code."""
    try:
        app()
    except TrustpackError as error:
        _say("error: ", typer.colors.RED, str(error))
        if error.hint:
            _say("hint: ", typer.colors.CYAN, error.hint)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        # Typer does the same, but not yet while it is being set up.
        sys.exit(_INTERRUPTED)


def _say(word: str, colour: str, text: str) -> None:
    from builder.quoting import visible

    typer.secho(word, fg=colour, bold=True, err=True, nl=False)
    # A path or a tool's words may hold what a terminal would obey.
    typer.echo("\n".join(visible(line) for line in text.split("\n")), err=True)
