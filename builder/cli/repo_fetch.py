"""`trustpack repo fetch` and `export`: a published site comes into a folder, and a folder's into one file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from builder.cli import environment, options, site_access
from builder.cli.messages import tell

_SITE = Path("site")


def fetch(
    source: Annotated[
        str,
        typer.Argument(
            metavar="<source>",
            help="Where the site is: an http or https URL, s3://, gs://, az://, or a folder.",
        ),
    ],
    *,
    out: Annotated[
        Path,
        typer.Option("--out", help="The folder that it comes to.", parser=options.path, metavar="<path>"),
    ] = _SITE,
    config: options.Config = None,
    realm: options.Realm = None,
    keys: options.PublicKeys = None,
    certificate: options.Certificate = None,
    unsigned: options.Unsigned = False,
    record: options.Record = None,
    ca_file: options.CaFile = None,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Take a published site into a folder, so that releases can be added to it: in CI, say.

    Its signature and every file are verified. A site that is older than the folder's, or than the one that
    --record has seen, is refused.
    """
    from builder.repositories import fetch as fetching
    from builder.repositories import records, report, status

    as_json = options.chosen(form, json=json) == "json"
    verifier = environment.opener(options.Bundled(config, realm), keys, certificate, unsigned=unsigned)
    reader = site_access.reader(source, ca_file)
    slug = (
        environment.project(bundled=options.Bundled(config, realm)).config.organisation.slug
        if certificate is None
        else ""
    )
    seen = records.read(record) if record else None
    followed = seen is not None or (out / status.STATUS).exists()
    done = fetching.fetch(reader, out, verifier, organisation=slug, seen=seen)
    if record:
        records.write(record, done.status)
    if not followed:
        tell("note", [_unknown(source, record)])
    if done.stale:
        tell(
            "warning",
            [f"{source}: {path} is of a publication that has not ended; the next one makes it anew"
             for path in done.stale],
        )  # fmt: skip
    if done.status.expires <= time.time():
        tell("warning", [f"{source}: its signatures have expired: sign it again by 'trustpack repo refresh'"])
    if as_json:
        typer.echo(report.fetched_json(done, source, out), nl=False)
    else:
        typer.echo(report.fetched_text(done, source, out), nl=False)


def _unknown(source: str, record: Path | None) -> str:
    """Say that an old site, served again, would have been taken: its signatures are good."""
    said = f"{source}: whether this is its newest publication could not be told, only that it is signed"
    if record is None:
        return f"{said}: give --record FILE, and keep that file from job to job"
    return f"{said}: {record} is new; keep it from job to job"


def export(
    file: Annotated[
        Path, typer.Argument(help="The tar file to write.", parser=options.path, metavar="<file>")
    ],
    *,
    site: Annotated[
        Path, typer.Option("--site", help="The site's folder.", parser=options.path, metavar="<path>")
    ] = _SITE,
    config: options.Config = None,
    realm: options.Realm = None,
    keys: options.PublicKeys = None,
    certificate: options.Certificate = None,
    unsigned: options.Unsigned = False,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Write a site into one tar file, for machines that no network reaches: the same site, the same bytes.

    Nothing is written where 'trustpack repo check' finds a fault, or, with --certificate, where a file of the
    site is missing or changed.
    """
    from builder.repositories import export as exporting
    from builder.repositories import report

    as_json = options.chosen(form, json=json) == "json"
    verifier = environment.opener(options.Bundled(config, realm), keys, certificate, unsigned=unsigned)
    if certificate is None:  # which has none of apk's keys
        _refuse_damaged(
            site, None if unsigned else site_access.key_folder(options.Bundled(config, realm), keys)
        )
    done = exporting.export(site, file, verifier)
    if as_json:
        typer.echo(report.exported_json(done, file), nl=False)
    else:
        typer.echo(f"{file}: {done.files} files of publication {done.counter}")


def _refuse_damaged(site: Path, keys: Path | None) -> None:
    from builder.errors import SiteError

    found = site_access.checked(site, keys)
    if found.problems:
        first = found.problems[0]
        raise SiteError(f"{site}/{first.path}: {first.problem}", hint="see all: trustpack repo check")
