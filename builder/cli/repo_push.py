"""`trustpack repo push`: a site comes to where it is served."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from builder.cli import environment, options
from builder.cli.patience import Patience


def push(
    to: Annotated[
        str, typer.Argument(help="A folder, or a bucket: s3://, gs:// or az://.", metavar="<destination>")
    ],
    *,
    site: Annotated[
        Path, typer.Option("--site", help="The site's folder.", parser=options.path, metavar="<path>")
    ] = Path("site"),
    config: options.Config = None,
    realm: options.Realm = None,
    keys: options.PublicKeys = None,
    certificate: options.Certificate = None,
    unsigned: options.Unsigned = False,
    whole: Annotated[
        bool, typer.Option("--all", help="Write every file, also what is said to be there already.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing, and say what would be written.")
    ] = False,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Bring a site to where it is served: what differs, in an order that leaves no client with half of it.

    What was interrupted is finished by running it again. A place that has a publication which this site does
    not follow is refused.
    """
    from builder.repositories import push as pushing
    from builder.repositories import report
    from builder.repositories.stores import places

    as_json = options.chosen(form, json=json) == "json"
    verifier = environment.opener(options.Bundled(config, realm), keys, certificate, unsigned=unsigned)
    store = places.writable(to, os.environ, holder=secrets.token_hex(8), clock=Patience(to))
    done = pushing.push(site, store, verifier, whole=whole, dry_run=dry_run)
    if as_json:
        typer.echo(report.pushed_json(done, to, dry_run=dry_run), nl=False)
    else:
        typer.echo(report.pushed_text(done, to, dry_run=dry_run), nl=False)
