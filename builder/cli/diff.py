"""`trustpack diff`: what changed between two bundles, locks, releases or packages."""

from __future__ import annotations

from typing import Annotated

import typer

from builder.cli import environment, options

_DIFFERENT = 1


def diff(
    old: Annotated[
        str, typer.Argument(help="What there was: a bundle, lock, manifest, dist folder or package.")
    ],
    new: Annotated[
        str, typer.Argument(help="What there is now: one of these too, not always the same kind.")
    ],
    *,
    form: options.Form = None,
    json: options.Json = False,
    password_file: options.PasswordFile = None,
) -> None:
    """Show which certificates came, went or changed their state.

    Between two packages of one format, also which files, scripts and fields; between two locks, who may
    approve them, how many it takes, and who has; of a file in an unknown format, only whether it is the same.
    Exits with 0 where nothing differs, 1 where something does, and 2 or more for an error.
    """
    from builder.diff import difference
    from builder.diff.read import take

    show = difference.as_json if options.chosen(form, json=json) == "json" else difference.as_text
    access = environment.access(password_file)
    before, after = (take(name, access, opaque=True) for name in (old, new))
    found = difference.compare(before, after)
    typer.echo(show(before, after, found), nl=False)
    raise typer.Exit(_DIFFERENT if found else 0)
