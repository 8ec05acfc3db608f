"""`trustpack publish`: a finished release goes to registries."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options
from builder.cli.messages import tell

if TYPE_CHECKING:
    from builder.config import Destination


def publish(
    folder: Annotated[
        Path, typer.Argument(help="The release's folder.", parser=options.path, metavar="<folder>")
    ] = Path("dist"),
    *,
    to: Annotated[
        list[str],
        typer.Option(
            "--to",
            help="Where to: pypi, npm, rubygems, github, gitlab, gitea or http; separated by commas, or one "
            "each time the option is given.",
            metavar="<registry>",
            autocompletion=options.registries,
            callback=options.several,
        ),
    ],
    config: options.Config = None,
    realm: options.Realm = None,
    ca_file: options.CaFile = None,
    timeout: Annotated[
        int, typer.Option(min=1, max=3600, help="For how many seconds a registry may keep us waiting.")
    ] = 120,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Make no request, and list those that would be made.")
    ] = False,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Publish a release's packages to registries.

    Every file is verified against the manifest first. What a registry has already is not sent again, so a run
    that was ended is finished by the next one; other bytes under the same name are refused. Credentials come
    from the environment, or from the identity that a CI job has.
    """
    from builder.publish import delivery_report, publishing, shipment
    from builder.publish.registry import Surroundings
    from builder.publish.web import Web

    as_json = options.chosen(form, json=json) == "json"
    destinations = _destinations(to)
    project = environment.project(bundled=options.Bundled(config, realm))
    found = shipment.read(folder, project.slug)
    surroundings = Surroundings(
        os.environ,
        Web(ca_file=ca_file, proxy=environment.proxy, seconds=timeout),
        str(ca_file.absolute()) if ca_file else "",
    )
    done = publishing.publish(
        found,
        destinations,
        project.config.publish,
        surroundings,
        dry_run=dry_run,
        sleep=time.sleep,
        progress=_progress,
    )
    if as_json:
        typer.echo(delivery_report.to_json(done, found, folder, dry_run=dry_run), nl=False)
    else:
        typer.echo(delivery_report.to_text(done), nl=False)


def _destinations(names: list[str]) -> list[Destination]:
    from builder.config import DESTINATIONS
    from builder.errors import UsageError
    from builder.text.faults import nearest

    for name in names:
        if name not in DESTINATIONS:
            raise UsageError(
                f"--to {name}: there is no such registry",
                hint=nearest(name, DESTINATIONS) or ", ".join(DESTINATIONS),
            )
    return [one for one in DESTINATIONS if one in names]


def _progress(text: str) -> None:
    tell("progress", [text])
