"""`trustpack build`: a CA bundle in, packages out."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options
from builder.cli.approving import known
from builder.cli.messages import tell
from builder.cli.tables import size, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from builder.model import Organisation
    from builder.pipeline.project import Project
    from builder.release.manifest import Manifest


def build(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, - for standard input, https://…#sha256=…; without any, trustpack.yaml's."
        ),
    ] = None,
    *,
    org: Annotated[
        str | None, typer.Option(help="The organisation's short name; builds without a configuration.")
    ] = None,
    config: options.Config = None,
    realm: options.Realm = None,
    target: options.Targets = None,
    out: Annotated[
        Path, typer.Option(help="The folder to build into.", parser=options.path, metavar="<path>")
    ] = Path("dist"),
    release: Annotated[str | None, typer.Option(help="The release version.  [default: the UTC date]")] = None,
    change_scheme: options.ChangeScheme = False,
    anchor: options.Anchor = None,
    expired: options.Expired = None,
    intermediates: options.Intermediates = None,
    public_roots: options.PublicRoots = None,
    password_file: options.PasswordFile = None,
    jobs: Annotated[  # noqa: ARG001  scripts give it since targets were written by other programs
        int | None, typer.Option(min=1, help="Has no effect: no target takes long enough.", hidden=True)
    ] = None,
    form: options.Form = None,
    json: options.Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print errors only, and what an override accepts.")
    ] = False,
    now: options.Now = None,
) -> None:
    """Build the packages of a CA bundle.

    They are those of every target that is built by default ('trustpack recipes list'), or of --target.

    With a trustpack.lock beside the configuration, the bundle must be the one that it lists, and the release
    is the lock's. With `approvals` in the configuration, enough approvers must have signed the lock. In JSON
    it prints the manifest.
    """
    from builder.pipeline import build as pipeline
    from builder.pipeline.accept import Treatments
    from builder.pipeline.request import request
    from builder.release.manifest import read_manifest

    as_json = options.chosen(form, json=json) == "json"
    project = environment.project(
        paths=paths, org=org, bundled=options.Bundled(config, realm), now=now, quiet=quiet
    )
    if not quiet:
        environment.tell_realms(project)
    _refuse_input(out, project)
    bundle = environment.accepted(
        project,
        treatments=Treatments(expired, intermediates, public_roots),
        password_file=password_file,
        quiet=quiet,
    )
    wanted = request(project, bundle, targets=target, release=release, anchor=known(anchor))
    if not quiet:
        tell("warning", wanted.warnings)
    previous = read_manifest(out) if project.lock is None else None
    if project.file:
        from builder.pipeline.plan import warnings

        environment.heed(project, warnings(project, bundle, previous), quiet=quiet)
    if two := pipeline.successive(wanted, previous):
        environment.agree_to_scheme(*two, given=change_scheme)
    with _progress(len(wanted.sources), shown=not (quiet or as_json)) as step:
        manifest = pipeline.build(wanted, out, progress=step)
    if as_json:
        _print_json(manifest)
        if wanted.organisation.defaulted and not quiet:
            tell("note", [_defaults(wanted.organisation, project.file)])
    elif not quiet:
        _report(manifest, out, wanted.organisation, project.file)


def _refuse_input(out: Path, project: Project) -> None:
    """Raise UsageError where the next build would read what this one writes, OutputError for a bad link."""
    from builder.errors import OutputError, UsageError
    from builder.load import is_file_name

    if out.is_symlink() and not out.exists():
        raise OutputError(f"--out {out}: is a link that leads nowhere", hint="remove it, or make that folder")
    for path in filter(is_file_name, project.config.bundle.paths):
        if (project.folder / path).resolve() == out.resolve():
            raise UsageError(
                f"--out {out}: is the folder of the bundle, too",
                hint="choose another one: the next build would take the packages for parts of the bundle",
            )


@contextlib.contextmanager
def _progress(total: int, *, shown: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that is told each target built: a bar on a terminal, lines elsewhere."""
    if not shown:
        yield lambda _: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("building", total=total)
            yield lambda target: bar.update(task, advance=1, description=f"built {target}")
    else:
        yield lambda target: tell("progress", [f"built {target}"])


def _report(manifest: Manifest, out: Path, organisation: Organisation, config: Path | None) -> None:
    count, files = len(manifest.certificates), len(manifest.artifacts)
    typer.echo(
        f"{organisation.name} {manifest.release}: {count} certificate{'s' * (count != 1)}, "
        f"{files} file{'s' * (files != 1)} in {out}{os.sep}\n"
    )
    rows = [(a.target, a.file, size(a.size), a.sha256) for a in manifest.artifacts]
    table(("target", "file", "size", "SHA-256"), rows)
    typer.echo(f"\nInstall, from {out}{os.sep}:")
    width = max([10, *(len(a.target) + 2 for a in manifest.artifacts)])
    for target, command in {a.target: a.install for a in manifest.artifacts}.items():
        for line in command.splitlines():
            typer.echo(f"  {target:<{width}}{line}")
            target = ""  # noqa: PLW2901  a command's further lines stand below its first
    if organisation.defaulted:
        typer.echo(f"\n{_defaults(organisation, config)}.")


def _defaults(organisation: Organisation, config: Path | None) -> str:
    """Return what the packages say of the organisation that nobody has configured, and how to do that."""
    values = {
        "contact": f"{organisation.contact_name} <{organisation.contact_email}>",
        "homepage": organisation.homepage,
        "license": organisation.license,
    }
    said = ", ".join(f"{key} {values[key]}" for key in organisation.defaulted)
    way = f"Set them in {config}" if config else "'trustpack init' writes a file in which to set them"
    return f"Defaults used: {said}. {way}"


def _print_json(manifest: Manifest) -> None:
    from builder.release.manifest import to_json

    typer.echo(to_json(manifest), nl=False)
