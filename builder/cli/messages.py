"""What goes to standard error: text for people; where JSON is asked for, a JSON object a line for programs.

The command line is looked at before it is parsed, since what is wrong with it is told in the same form.
"""

from __future__ import annotations

import os
import re
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import typer

from builder.errors import OutputError, ReleaseError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from builder.errors import TrustpackError

_SCHEMA = 1
_JSON = re.compile(r"--json|--format=(?:json|sarif)")


def json_wanted(arguments: Sequence[str]) -> bool:
    """Tell whether a command line asks for JSON, whatever else is wrong with it."""
    options = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    pairs = pairwise(options)
    return any(map(_JSON.fullmatch, options)) or any(
        name == "--format" and value in {"json", "sarif"} for name, value in pairs
    )


def tell(level: Literal["progress", "note", "warning"], texts: Iterable[str]) -> None:
    """Print each message in a line of standard error."""
    from builder.text.quoting import visible
    from builder.text.urls import anonymous

    for text in map(anonymous, texts):
        if json_wanted(sys.argv[1:]):
            _print_json({"message": {"level": level, "text": text}})
        else:
            typer.echo(visible(text if level == "progress" else f"{level}: {text}"), err=True)


def tell_error(error: TrustpackError) -> None:
    """Print an error and the way out."""
    if json_wanted(sys.argv[1:]):
        value = {**_described(error), "exit_code": error.exit_code}
        _print_json({"error": {**value, "errors": [_described(part) for part in error.parts]}})
        return
    from builder.text.quoting import visible

    # These are always one line: a line break is in what was typed.
    text = _text(error)
    text = visible(text) if isinstance(error, (UsageError, ReleaseError, OutputError)) else text
    _say("error: ", typer.colors.RED, text)
    if error.hint:
        _say("hint: ", typer.colors.CYAN, error.hint)


def _text(error: TrustpackError) -> str:
    from builder.text.urls import anonymous

    return anonymous(str(error))


def _described(error: TrustpackError) -> dict[str, Any]:
    from builder.text.located import located

    # The parts of an error are told one by one; its own text has them all once more below the first line.
    text = _text(error)
    text = text.partition("\n")[0].removesuffix(":") if error.parts else text
    where, line, what = located(text)
    return {"where": where, "line": line, "message": what, "hint": error.hint}


def _print_json(value: dict[str, Any]) -> None:
    import json

    typer.echo(json.dumps({"schema": _SCHEMA, **value}, ensure_ascii=True), err=True)


def _say(word: str, colour: str, text: str) -> None:
    from builder.text.quoting import visible

    # See https://no-color.org; None lets typer look whether standard error is a terminal.
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    typer.secho(word, fg=colour, bold=True, err=True, nl=False, color=False if plain else None)
    # A path or a tool's words may hold what a terminal would obey.
    typer.echo("\n".join(visible(line) for line in text.split("\n")), err=True)
