"""`trustpack check`: which CAs, or which site's signatures, expire soon, for cron and CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

from builder.cli import check_site, environment, options

if TYPE_CHECKING:
    import datetime as dt

    from builder.diff.snapshot import TrustSnapshot
    from builder.pipeline.project import Project
    from builder.repositories.watch import SiteHealth

_DUE = 1


def check(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Bundles, locks, dist folders or packages; without any, trustpack.yaml's bundle."
        ),
    ] = None,
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    site: Annotated[
        str | None,
        typer.Option(
            help="Look at this published site instead: its address, or its folder.", metavar="<url or path>"
        ),
    ] = None,
    keys: options.PublicKeys = None,
    certificate: options.Certificate = None,
    unsigned: options.Unsigned = False,
    record: options.Record = None,
    ca_file: options.CaFile = None,
    within: Annotated[
        str | None,
        typer.Option(help="How many days to look ahead.  [default: 90d; for a site 21d]", metavar="<days>"),
    ] = None,
    form: options.Form = None,
    json: options.Json = False,
    prometheus: Annotated[
        Path | None, typer.Option(help="Write metrics for the textfile collector to this file, - to print.")
    ] = None,
    ics: Annotated[
        Path | None,
        typer.Option(help="Write a calendar of every certificate's end to this file, - to print."),
    ] = None,
    password_file: options.PasswordFile = None,
    now: options.Now = None,
) -> None:
    """Tell which CA certificates have expired or soon will.

    With --site, whether what a site has signed will. Judged by the real clock. Exits with 0 where none does,
    1 where one does, 2 or more for an error, which a site that is not whole, or older than the one in
    --record, is. Distrusted CAs do not count. --prometheus and --ics replace their files whole, and list
    every certificate, due or not.
    """
    from builder.errors import UsageError

    as_json = options.chosen(form, json=json) == "json"
    if [str(prometheus), str(ics), "-" * as_json].count("-") > 1:
        raise UsageError("--prometheus -, --ics - and --json: only one of them can be printed")
    forms = _Forms(as_json, prometheus, ics)
    if site is None:
        if keys or certificate or unsigned or record or ca_file:
            raise UsageError(
                "--keys, --certificate, --unsigned, --record and --ca-file: are about a site",
                hint="give its address: --site URL",
            )
        _check_certificates(
            inputs or [],
            options.Bundled(config, realm),
            password_file,
            now,
            options.days(within or "90d"),
            forms,
        )
    if inputs:
        raise UsageError("--site: has an address of its own, so give no other inputs")
    options.refuse_idle({"--password-file": password_file}, "is about trust stores, not about a site")
    span, moment = options.days(within or check_site.DAYS), environment.clock(now)
    opener = environment.opener(options.Bundled(config, realm), keys, certificate, unsigned=unsigned)
    health = check_site.look(site, within=span, now=moment, keys=opener, record=record, ca_file=ca_file)
    _print_site(health, moment, span, forms)
    raise check_site.end(health)


class _Forms(NamedTuple):
    """How an answer is given."""

    json: bool
    prometheus: Path | None
    ics: Path | None

    @property
    def text(self) -> bool:
        """Whether nothing else is printed."""
        return not self.json and Path("-") not in (self.prometheus, self.ics)


def _check_certificates(
    inputs: list[str],
    bundled: options.Bundled,
    password_file: Path | None,
    now: str | None,
    span: dt.timedelta,
    forms: _Forms,
) -> NoReturn:
    from builder.lifecycle import expiry

    if inputs:
        options.refuse_idle(bundled.given, "says nothing of inputs that are named")
    project = environment.project(bundled=bundled, now=now) if not inputs else None
    if project:
        environment.tell_realms(project)
    moment = project.now if project else environment.clock(now)
    expiries = expiry.judge(_snapshots(inputs, project, password_file), now=moment, within=span)
    if forms.prometheus:
        _put(forms.prometheus, expiry.as_prometheus(expiries, now=moment, within=span))
    if forms.ics:
        _put(forms.ics, expiry.as_ics(expiries, now=moment, within=span))
    if forms.json:
        typer.echo(expiry.as_json(expiries, now=moment, within=span), nl=False)
    elif forms.text:
        typer.echo(expiry.as_text(expiries, within=span), nl=False)
    raise typer.Exit(_DUE if any(one.due for one in expiries) else 0)


def _print_site(health: SiteHealth, moment: dt.datetime, span: dt.timedelta, forms: _Forms) -> None:
    from builder.repositories import watched

    if forms.prometheus:
        _put(forms.prometheus, watched.as_prometheus(health, now=moment, within=span))
    if forms.ics:
        _put(forms.ics, watched.as_ics(health, now=moment, within=span))
    if forms.json:
        typer.echo(watched.as_json(health, now=moment, within=span), nl=False)
    elif forms.text:
        typer.echo(watched.as_text(health, within=span), nl=False)


def _snapshots(inputs: list[str], project: Project | None, password_file: Path | None) -> list[TrustSnapshot]:
    """Return what is named; without anything, the bundle as it would be shipped but for what lint refuses."""
    from dataclasses import replace

    from builder.diff.read import take
    from builder.diff.snapshot import of_bundle
    from builder.pipeline.accept import survey

    access = environment.access(password_file)
    if project is None:
        return [take(name, access) for name in inputs]
    found = of_bundle(str(project.file), survey(project, access=access), project.lifecycle)
    return [replace(found, organisation=project.slug)]


def _put(file: Path, text: str) -> None:
    """Write a file, or print where it is `-`."""
    from builder.release.atomic import write

    if str(file) == "-":
        typer.echo(text.encode("utf-8"), nl=False)
    else:
        write(file, text)
