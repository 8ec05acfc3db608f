"""`trustpack docs`: the guide's pages, in a pager on a terminal and plain elsewhere."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from builder.cli import options


def docs(
    page: Annotated[
        str | None,
        typer.Argument(help="The page; without it, all are listed.", autocompletion=options.pages),
    ] = None,
) -> None:
    """Show a page of the guide, or list them all.

    On a terminal it is shown in $PAGER, elsewhere printed as it is: Markdown.
    """
    from builder.docs import read

    if page is None:
        _list()
    elif sys.stdout.isatty():
        import pydoc

        pydoc.pager(read(page).text)
    else:
        typer.echo(read(page).text, nl=False)


def _list() -> None:
    from builder import docs as guide

    width = max(map(len, guide.NAMES))
    for section, names in guide.SECTIONS.items():
        typer.echo(f"{section}:")
        for name in names:
            typer.echo(f"  {name:<{width}}  {guide.read(name).title}")
        typer.echo()
    typer.echo("'trustpack docs PAGE' shows one.")
