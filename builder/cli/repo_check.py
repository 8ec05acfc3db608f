"""`trustpack repo check`: whether a site is what it says of itself, to the last byte."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from builder.cli import options, site_access
from builder.cli.messages import tell


def check(
    site: Annotated[
        Path, typer.Argument(help="The site's folder.", parser=options.path, metavar="[<site>]")
    ] = Path("site"),
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    keys: options.PublicKeys = None,
    unsigned: options.Unsigned = False,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Compare every file of a site with its signed list, its indexes with its packages, and its signatures.

    Exits with 0 where all is as it was published, with 13 where something is not. Files that are not the
    site's own are told, and are no fault: so are those that a push leaves until the next one.
    """
    from builder.errors import SiteError
    from builder.repositories import report
    from builder.repositories.check import MISMATCH

    as_json = options.chosen(form, json=json) == "json"
    if unsigned:
        options.refuse_idle(
            {"--keys": keys} | options.Bundled(config, realm).given, "is idle beside --unsigned"
        )
    found = site_access.checked(
        site, None if unsigned else site_access.key_folder(options.Bundled(config, realm), keys)
    )
    left = site_access.left(found)
    if as_json:
        typer.echo(report.checked_json(found, left, signed=not unsigned), nl=False)
    else:
        typer.echo(report.checked_text(found, left), nl=False)
    if any(one.problem == MISMATCH for one in found.problems):
        # Their bytes are as published: what makes them has changed.
        tell(
            "note",
            ["after keys rotate: trustpack repo refresh makes indexes anew"],
        )
    raise typer.Exit(SiteError.exit_code if found.problems else 0)
