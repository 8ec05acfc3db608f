"""The command line: the only part that reads the environment, prints and exits.

A command's module is imported only if that command runs, and imports what does the work inside its functions:
so every command starts fast.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.errors import OutputError, TrustpackError, UsageError

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
    "explain": ("lint", "Explain rules of the linter, or list them all."),
    "inspect": ("inspect", "Show the certificates, files and scripts inside built packages."),
    "check": ("check", "Tell which CA certificates have expired or soon will."),
    "lock": ("lock", "Show what changes in the bundle, and write trustpack.lock."),
    "plan": ("plan", "Show what the next release adds and removes."),
    "diff": ("diff", "Show which certificates came, went or changed their state."),
    "doctor": ("doctor", "Tell what this machine really trusts."),
    "names": ("names", "Tell whether package names are free at public registries."),
    "schema": ("init", "Print the JSON Schema of trustpack.yaml, or of another document."),
    "attest": ("attest", "Add a bill of materials, provenance and notes to a release."),
    "sign": ("sign", "Sign packages, or a site, that another machine has built."),
    "verify": ("verify", "Verify a release, or a site, without trusting who made it."),
    "keys": ("keys", "Make, show and rotate the keys that sign packages and sites."),
    "repo": ("repo", "Make a signed site from which packages are installed by name."),
    "batch": ("batch", "Build, check and publish the packages of many organisations."),
    "publish": ("publish", "Publish a release's packages to registries."),
    "recipes": ("recipes", "List, show and export the recipes that targets are built from."),
    "docs": ("docs", "Show a page of the guide, or list them all."),
}
_FUNCTIONS = {"batch": "app", "doctor": "app", "recipes": "app", "repo": "app", "keys": "app"}
_COMPLETING = "_TRUSTPACK_COMPLETE"  # set by a shell that completes a command line
# 128 and the number of SIGINT, or of SIGPIPE, as shells have it
_INTERRUPTED = 130
_CLOSED = 141

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
    # A command makes little that is garbage before it ends: looking for it is time spent for nothing.
    gc.set_threshold(100_000)
    try:
        _open_streams()
        _name_terminal()
        code = _run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        code = _CLOSED
    except TrustpackError as error:
        code = _tell(error)
    except OSError as error:
        # What nothing closer to it has explained: mostly a full disk behind standard output.
        where, why = error.filename or "standard output", error.strerror or error
        code = _tell(OutputError(f"{where}: {why}"))
        _close_output()  # what is left to be printed would fail again
    except KeyboardInterrupt:
        code = _INTERRUPTED
    if code == _CLOSED:
        _close_output()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Run the command that the arguments name; return its exit status."""
    if _COMPLETING in os.environ:
        _join_values()
        register(COMMANDS)
        app()  # a shell asks, and it ends here
    if arguments and arguments[0] in COMMANDS:
        register(arguments[:1])
    else:
        _list()
    command = typer.main.get_command(app)
    try:
        # Not by the command's own main, which prints errors in words of its own.
        with command.make_context(app.info.name, arguments) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except typer.Abort:  # at a prompt
        return _INTERRUPTED
    except Exception as error:
        # By what it can do: in each release of typer the parser's errors have another module.
        if not hasattr(error, "format_message"):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(error.format_message(), err=True)
            return UsageError.exit_code
        from builder.cli.usage import told

        raise told(error, arguments[0] if arguments and arguments[0] in COMMANDS else "") from None
    return 0


def _join_values() -> None:
    """Take out the = that bash has as a word of its own between an option and its value."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    if "=" in words[:-1]:
        kept = [word for word in words[:-1] if word != "="]
        os.environ["COMP_WORDS"] = "\n".join([*kept, words[-1]])
        os.environ["COMP_CWORD"] = str(len(kept))


def _tell(error: TrustpackError) -> int:
    """Print an error; return the exit status, which is another one where nobody listens any more."""
    from builder.cli.messages import tell_error

    try:
        tell_error(error)
    except BrokenPipeError:
        return _CLOSED
    return error.exit_code


def _close_output() -> None:
    """Let nothing that is still to be printed fail once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)


def _name_terminal() -> None:
    """Say for gpg on which terminal its agent is to ask for passwords: its manual lets people export that."""
    for number in range(3):
        with contextlib.suppress(OSError):
            os.environ.setdefault("GPG_TTY", os.ttyname(number))


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
