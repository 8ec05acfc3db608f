"""`trustpack repo check`: whether a site is what it says of itself, to the last byte."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options
from builder.cli.messages import tell

if TYPE_CHECKING:
    from builder.repositories.check import SiteCheck


def check(
    site: Annotated[
        Path, typer.Argument(help="The site's folder.", parser=options.path, metavar="[<site>]")
    ] = Path("site"),
    *,
    config: options.Config = None,
    keys: options.PublicKeys = None,
    unsigned: options.Unsigned = False,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Compare every file of a site with its signed list, its indexes with its packages, and its signatures.

    Exits with 0 where all is as it was published, with 13 where something is not. Files that are not the
    site's own are told, and are no fault.
    """
    from builder.errors import SiteError
    from builder.repositories import report
    from builder.repositories.check import MISMATCH

    as_json = options.chosen(form, json=json) == "json"
    found = checked(site, None if unsigned else key_folder(config, keys))
    if as_json:
        typer.echo(report.checked_json(found, signed=not unsigned), nl=False)
    else:
        typer.echo(report.checked_text(found), nl=False)
    if any(one.problem == MISMATCH for one in found.problems):
        # Their bytes are as published: what makes them has changed.
        tell(
            "note",
            ["after keys rotate: trustpack repo refresh makes indexes anew"],
        )
    raise typer.Exit(SiteError.exit_code if found.problems else 0)


def key_folder(config: Path | None, keys: Path | None) -> Path:
    """Return the folder of a site's keys: the one given, or the configuration's."""
    if keys is not None:
        return keys
    project = environment.project(config=config)
    return project.folder / project.config.repository.keys


def checked(site: Path, keys: Path | None) -> SiteCheck:
    """Check with the public keys in a folder, None for none; by gpgv as well, where that is installed."""
    from builder.repositories import check as checking
    from builder.signing import gpgv, site_keys, site_verifier

    ring = site_keys.read_public(keys) if keys else None
    verifier = site_verifier.of_keyring(ring) if ring else None
    with tempfile.TemporaryDirectory(prefix="trustpack-check-") as scratch:
        found = checking.check(
            site, ring, verifier, scratch=Path(scratch), progress=lambda text: tell("progress", [text])
        )
    program = gpgv.find()
    if ring is None or not program:
        return found
    refused = gpgv.refused(program, ring.certificates, checking.signatures(found.site))
    return checking.with_second_opinion(found, Path(program).name, refused)
