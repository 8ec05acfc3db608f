"""`trustpack doctor`: what the machine at hand really trusts; and reports over many machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder.cli import environment, options
from builder.cli.doctor_report import report

if TYPE_CHECKING:
    from builder.load.access import Access
    from builder.pipeline.project import Project

_SECONDS = 60

app = typer.Typer(rich_markup_mode=None, invoke_without_command=True)
app.command("report")(report)


@app.callback()
def doctor(
    context: typer.Context,
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    bundle: Annotated[
        list[str] | None,
        typer.Option(
            help="A file of CAs to look for, in place of the configuration's; may be given several times.",
            metavar="<path>",
        ),
    ] = None,
    release: Annotated[
        Path | None,
        typer.Option(
            help="A folder with a release to look for, in place of the configuration's bundle.",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    root: Annotated[
        Path,
        typer.Option(
            help="Look at the machine whose files lie here.",
            parser=options.path,
            metavar="<path>",
            autocompletion=options.roots,
        ),
    ] = Path("/"),
    run: Annotated[bool, typer.Option("--run", help="Ask each interpreter, too; not as root.")] = False,
    seconds: Annotated[
        int, typer.Option(min=1, max=3600, help="How long it may take, in seconds.", metavar="<seconds>")
    ] = _SECONDS,
    openmetrics: Annotated[bool, typer.Option("--openmetrics", help="Print OpenMetrics.")] = False,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Tell what this machine really trusts.

    Nothing is changed. Of each store and setting that decides whom some program trusts it says whether it is
    effective, and which of the organisation's CAs are valid, missing or out of date in it. Exits with 0 where
    all is well, 1 where something is to be mended, 2 for a wrong call, 3 where something could not be looked
    at. The doctor is a package, too: 'trustpack build --target doctor' makes the one file that other machines
    run.
    """
    bundled = options.Bundled(config, realm)
    given = {
        "--config": config, "--realm": realm, "--bundle": bundle, "--release": release,
        "--root": root != Path("/"), "--run": run,
        "--openmetrics": openmetrics, "--format": form, "--json": json,
    }  # fmt: skip
    if context.invoked_subcommand is not None:
        options.refuse_idle(given, "is about this machine, not about a report", hint="give it after 'report'")
        return
    form_chosen = _form(options.chosen(form, json=json), openmetrics=openmetrics, form=form, json=json)
    _refuse(bundled, bundle, release, root, run=run)
    from builder.doctor import here

    moment = environment.clock(now)
    wanted = _wanted(bundled, bundle, release, now)
    found = here.examine(root, wanted, now=moment, seconds=seconds, run=run, environ=environment.variables())
    typer.echo(here.printed(found, form_chosen).encode("utf-8", "backslashreplace"), nl=False)
    raise typer.Exit(here.status(found))


def _form(chosen: str, *, openmetrics: bool, form: str | None, json: bool) -> str:
    from builder.errors import UsageError

    if openmetrics and (json or form):
        raise UsageError("--openmetrics and --format: give one of them")
    return "openmetrics" if openmetrics else chosen


def _refuse(
    bundled: options.Bundled, bundle: list[str] | None, release: Path | None, root: Path, *, run: bool
) -> None:
    from builder.errors import UsageError

    given = [
        name for name, value in ({**bundled.given, "--bundle": bundle, "--release": release}).items() if value
    ]
    if len(given) > 1 and given != ["--config", "--realm"]:
        raise UsageError(f"{' and '.join(given)}: give one of them")
    if not root.is_dir():
        raise UsageError(f"--root {root}: is no folder")
    if run and environment.is_root():
        raise UsageError(
            "--run: starts interpreters that anybody may have put there, and this is root",
            hint="run it as the user whose interpreters are meant",
        )


def _wanted(bundled: options.Bundled, bundle: list[str] | None, release: Path | None, now: str | None) -> Any:
    """Return what the machine is to trust: by a release, by files, or by the configuration."""
    from builder.doctor import here

    if release is not None:
        return here.of_release(release)
    access = environment.access()
    if bundle:
        from builder.load.access import read

        found = read(bundle, access)
        return here.expected(found.certificates, {}, organisation="", release="", packages={})
    return _of_project(environment.project(bundled=bundled, now=now), access)


def _of_project(project: Project, access: Access) -> Any:
    from builder.doctor import here
    from builder.pipeline.accept import survey
    from builder.pipeline.names import package_names

    held = survey(project, access=access)
    certificates = [*held.certificates, *held.distrusted]
    return here.expected(
        certificates,
        {one.sha256: project.lifecycle.stage(one.sha256).state for one in certificates},
        organisation=project.slug,
        release=project.lock.release.text if project.lock else "",
        packages={recipe.target: name for recipe, name in package_names(project)},
    )
