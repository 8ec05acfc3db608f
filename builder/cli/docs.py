"""`trustpack docs`: the guide's pages, in a pager on a terminal and plain elsewhere."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from builder.cli import options
from builder.cli.messages import tell


def docs(
    page: Annotated[
        str | None,
        typer.Argument(help="The page; without it, all are listed.", autocompletion=options.pages),
    ] = None,
    *,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Show a page of the guide, or list them all.

    On a terminal it is shown in $PAGER, elsewhere printed as it is: Markdown.
    """
    from builder.docs import read

    if options.chosen(form, json=json) == "json":
        _print_json(page)
    elif page is None:
        _list()
    elif sys.stdout.isatty():
        _page(read(page).text)
    else:
        typer.echo(read(page).text, nl=False)


def _page(text: str) -> None:
    """Show a text in the user's pager; where that is no program here, print the text."""
    import pydoc
    import shlex
    import shutil

    wanted = os.environ.get("MANPAGER") or os.environ.get("PAGER") or ""
    try:
        program = next(iter(shlex.split(wanted)), "")
    except ValueError:  # a quote without its end
        program = wanted
    if program and shutil.which(program) is None:
        tell("note", [f"$PAGER is {program}, and there is no such program"])
        typer.echo(text, nl=False)
    else:
        pydoc.pager(text)


def _list() -> None:
    from builder import docs as guide

    width = max(map(len, guide.NAMES))
    for section, names in guide.SECTIONS.items():
        typer.echo(f"{section}:")
        for name in names:
            typer.echo(f"  {name:<{width}}  {guide.read(name).title}")
        typer.echo()
    typer.echo("'trustpack docs PAGE' shows one.")


def _print_json(page: str | None) -> None:
    """Print one page with its text, or all without."""
    from builder import docs as guide
    from builder.text.printed import printed

    if page is not None:
        guide.read(page)  # says which one is meant
    pages = [
        {"section": section, "name": name, "title": found.title, "text": found.text if page else ""}
        for section, names in guide.SECTIONS.items()
        for name in names
        if page in {None, name}
        for found in (guide.read(name),)
    ]
    typer.echo(printed({"pages": pages}), nl=False)
