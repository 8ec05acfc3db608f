"""The options that several commands share, each worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Treatment = Literal["refuse", "drop", "keep"]


def targets(incomplete: str) -> list[str]:
    """Return the targets that a shell may complete `incomplete` to."""
    from builder.render.recipe import sources

    return [name for name in sources(Path()) if name.startswith(incomplete)]


def pages(incomplete: str) -> list[str]:
    """Return the guide's pages that a shell may complete `incomplete` to."""
    from builder.docs import NAMES

    return [name for name in NAMES if name.startswith(incomplete)]


def documents(incomplete: str) -> list[str]:
    """Return the documents with a JSON Schema that a shell may complete `incomplete` to."""
    from builder.docs.schemas import NAMES

    return [name for name in NAMES if name.startswith(incomplete)]


def rules(incomplete: str) -> list[str]:
    """Return the linter's rules that a shell may complete `incomplete` to."""
    from builder.rules import RULES

    return [name for name in RULES if name.startswith(incomplete)]


def path(text: str) -> Path:
    """Return the path that an option gives; an empty one would stand for the folder the command runs in."""
    if not text:
        raise typer.BadParameter("is empty: is a variable of the shell not set?")
    return Path(text)


Config = Annotated[
    Path | None,
    typer.Option(help="The configuration file.  [default: trustpack.yaml]", parser=path, metavar="<path>"),
]
Expired = Annotated[
    Treatment | None, typer.Option(help="What to do with expired certificates.  [default: refuse]")
]
Intermediates = Annotated[
    Treatment | None, typer.Option(help="What to do with CAs that are not roots.  [default: refuse]")
]
PublicRoots = Annotated[
    Treatment | None, typer.Option(help="What to do with public CAs' roots.  [default: refuse]")
]
ChangeScheme = Annotated[
    bool,
    typer.Option("--change-scheme", help="Number releases in another way; there is no way back."),
]
PasswordFile = Annotated[
    Path | None, typer.Option(help="A file with the trust store's password, one per line.")
]
Now = Annotated[str | None, typer.Option(help="Judge validity at this time, for tests.", hidden=True)]
