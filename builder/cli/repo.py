"""`trustpack repo`: one static, signed site from which every package manager installs by name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options, repo_check, repo_fetch, repo_push, repo_serve
from builder.cli.messages import tell
from builder.errors import UsageError
from builder.text.values import LINE

if TYPE_CHECKING:
    from builder.repositories.publish import Order, Published

app = typer.Typer(help="Make a signed site from which packages are installed by name.", no_args_is_help=True)

app.command("check")(repo_check.check)

_Out = Annotated[
    Path, typer.Option("--out", help="The site's folder.", parser=options.path, metavar="<path>")
]
_SITE = Path("site")
_Url = Annotated[
    str | None, typer.Option(help="Where the site is served.  [default: the configuration's site:]")
]
_Keys = Annotated[
    Path | None,
    typer.Option(
        help="The folder of its keys.  [default: the configuration's, or keys]",
        parser=options.path,
        metavar="<path>",
    ),
]
_Unsigned = Annotated[bool, typer.Option("--unsigned", help="Sign nothing; the site's page says so.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing, and say what would be written.")]
_Releases = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Folders of built releases, the oldest first.  [default: dist]",
        parser=options.path,
        metavar="[<dist>]...",
    ),
]


@app.command("build")
def build_site(
    releases: _Releases = None,
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    out: _Out = _SITE,
    url: _Url = None,
    keys: _Keys = None,
    password_file: options.KeyPasswordFile = None,
    unsigned: _Unsigned = False,
    dry_run: _DryRun = False,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Put releases on the site; make it where there is none."""
    from builder.repositories import publish

    chosen = options.chosen(form, json=json)
    order = _order(options.Bundled(config, realm), out, url, keys, password_file, now, unsigned=unsigned)
    done = publish.build(order, releases or [Path("dist")], dry_run=dry_run, progress=_progress)
    _report(done, order, chosen, dry_run=dry_run)


@app.command()
def add(
    releases: _Releases = None,
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    out: _Out = _SITE,
    keys: _Keys = None,
    password_file: options.KeyPasswordFile = None,
    unsigned: _Unsigned = False,
    dry_run: _DryRun = False,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Add releases to a site that is there; older ones stay."""
    from builder.repositories import publish

    chosen = options.chosen(form, json=json)
    order = _order(options.Bundled(config, realm), out, None, keys, password_file, now, unsigned=unsigned)
    done = publish.build(order, releases or [Path("dist")], only=True, dry_run=dry_run, progress=_progress)
    _report(done, order, chosen, dry_run=dry_run)


@app.command()
def retire(
    release: Annotated[str, typer.Argument(help="The release that nobody is to install any more.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, in a sentence that clients show.")],
    config: options.Config = None,
    realm: options.Realm = None,
    out: _Out = _SITE,
    keys: _Keys = None,
    password_file: options.KeyPasswordFile = None,
    unsigned: _Unsigned = False,
    dry_run: _DryRun = False,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Withdraw a release: a compromised root, say. Its successor must be out first."""
    from builder.repositories import publish

    chosen = options.chosen(form, json=json)
    if not re.search(LINE, reason):
        raise UsageError("--reason: is no line of text", hint="say in one sentence what clients are to show")
    order = _order(options.Bundled(config, realm), out, None, keys, password_file, now, unsigned=unsigned)
    done = publish.retire(order, release, reason, dry_run=dry_run, progress=_progress)
    _report(done, order, chosen, dry_run=dry_run)


@app.command()
def refresh(
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    out: _Out = _SITE,
    keys: _Keys = None,
    password_file: options.KeyPasswordFile = None,
    unsigned: _Unsigned = False,
    dry_run: _DryRun = False,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Sign the site's indexes once more, so that a quiet month does not expire them."""
    from builder.repositories import publish

    chosen = options.chosen(form, json=json)
    order = _order(options.Bundled(config, realm), out, None, keys, password_file, now, unsigned=unsigned)
    done = publish.refresh(order, dry_run=dry_run, progress=_progress)
    _report(done, order, chosen, dry_run=dry_run)


@app.command()
def rehost(
    *,
    url: Annotated[str, typer.Option(help="Where the site is served from now on.")],
    config: options.Config = None,
    realm: options.Realm = None,
    out: _Out = _SITE,
    keys: _Keys = None,
    password_file: options.KeyPasswordFile = None,
    unsigned: _Unsigned = False,
    dry_run: _DryRun = False,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Write the site's absolute addresses anew, for another place that it is served from."""
    from builder.repositories import publish

    chosen = options.chosen(form, json=json)
    order = _order(options.Bundled(config, realm), out, url, keys, password_file, now, unsigned=unsigned)
    done = publish.refresh(order, dry_run=dry_run, progress=_progress)
    _report(done, order, chosen, dry_run=dry_run)
    configured = (environment.project(bundled=options.Bundled(config, realm)).config.site or url).rstrip("/")
    if configured != order.url.rstrip("/"):
        said = f"trustpack.yaml: site: is {configured}, and the next command brings the site back there"
        tell("note", [f"{said}: write there where it is served from now on"])


app.command()(repo_push.push)
app.command()(repo_fetch.fetch)
app.command()(repo_fetch.export)
app.command()(repo_serve.serve)


def _order(
    bundled: options.Bundled,
    out: Path,
    url: str | None,
    keys: Path | None,
    password_file: Path | None,
    now: str | None,
    *,
    unsigned: bool,
) -> Order:
    from builder.config import address, organisation
    from builder.repositories.publish import Order

    if unsigned:
        why = "signs nothing beside --unsigned"
        options.refuse_idle({"--keys": keys, "--password-file": password_file}, why)
    project = environment.project(bundled=bundled, now=now)
    section = project.config.repository
    return Order(
        folder=out,
        organisation=organisation(project.config),
        url=address(url, "--url") if url is not None else project.config.site or "",
        now=int(project.now.timestamp()),
        valid=int(section.valid.removesuffix("d")),
        keep=int(section.keep) if section.keep else None,
        architectures=tuple(section.architectures or ()),
        keys=None if unsigned else environment.site_keys(project, keys, password_file, published=out),
    )


def _progress(text: str) -> None:
    tell("progress", [text])


def _report(done: Published, order: Order, form: str, *, dry_run: bool) -> None:
    from builder.repositories import report

    if form == "json":
        typer.echo(report.to_json(done, order, dry_run=dry_run), nl=False)
        return
    if not done.changed:
        typer.echo(f"{order.folder}: is as it should be")
        return
    if dry_run:
        for path in done.written:
            typer.echo(f"write   {path}")
        for path in done.removed:
            typer.echo(f"remove  {path}")
        return
    releases = len(done.state.offered)
    typer.echo(
        f"{order.folder}: {releases} release{'s' * (releases != 1)}, {len(done.written)} files written, "
        f"{len(done.removed)} removed; publication {done.state.counter}, for {done.state.url}"
    )
    if digest := report.install(done.state):
        typer.echo(f"install.sh: SHA-256 {digest}; give people this digest by another channel than the site")
