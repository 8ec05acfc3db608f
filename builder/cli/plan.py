"""`trustpack plan`: what the next release adds and removes, and whether the rotation overlaps enough."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from builder.cli import environment, options, seen_hosts

_WARNED = 1


def plan(
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The release to compare with where there is no lock.  [default: dist]",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    hosts: options.Hosts = None,
    form: options.Form = None,
    json: options.Json = False,
    password_file: options.PasswordFile = None,
    now: options.Now = None,
) -> None:
    """Show what the next release adds and removes.

    Compared with trustpack.lock, or with the release in dist/. Warns where an overlap is missing: a new root
    must be out for `lifecycle.overlap` (30d) before its issuer is used, and before the CA that it succeeds is
    removed or expires; and where releases would be numbered in another way. Tells what else than the CAs has
    changed that packages are made by. With --hosts, says on how many hosts each CA is, and warns where
    'trustpack lock' would refuse a step for that. With distrusted CAs, says what each target can do about
    them. Exits with 0, with 1 where it warns, 2 or more for an error. Writes nothing.
    """
    from builder.lifecycle import plan as plans
    from builder.pipeline import plan as pipeline

    show = plans.as_json if options.chosen(form, json=json) == "json" else plans.as_text
    project = environment.project(bundled=options.Bundled(config, realm), now=now)
    environment.tell_realms(project)
    if project.lock:
        options.refuse_idle({"--out": out}, f"{project.lock_file} tells which release was before")
    bundle = environment.accepted(project, password_file=password_file, quiet=True)
    seen = seen_hosts.hosts(hosts, project.slug)
    found = pipeline.plan(project, bundle, out or Path("dist"), seen=seen)
    typer.echo(show(found), nl=False)
    raise typer.Exit(_WARNED if found.warnings or found.one_way else 0)
