"""`trustpack build`: a CA bundle in, packages out."""

from __future__ import annotations

import contextlib
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import options
from builder.cli.tables import size, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from builder.cli.settings import Chosen
    from builder.manifest import Manifest
    from builder.model import Organisation
    from builder.recipe import Source


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
    target: Annotated[
        list[str] | None,
        typer.Option(help="Build only this target; repeatable.", autocompletion=options.targets),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="The folder to build into.", parser=options.path, metavar="<path>")
    ] = Path("dist"),
    release: Annotated[str | None, typer.Option(help="The release version.  [default: the UTC date]")] = None,
    expired: options.Expired = None,
    intermediates: options.Intermediates = None,
    public_roots: options.PublicRoots = None,
    password_file: options.PasswordFile = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Targets built at once.  [default: one more than CPUs]")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print errors only, and what an override accepts.")
    ] = False,
    now: options.Now = None,
) -> None:
    """Build the packages of a CA bundle.

    They are .deb, .rpm, .apk, Homebrew, wheel, npm, gem and plain PEM, or those of --target.

    With a trustpack.lock beside the configuration, the bundle must be the one that it lists, and the release
    is the lock's.
    """
    from builder import pipeline, recipe
    from builder import release as releases
    from builder.cli import settings
    from builder.cli.accept import accept, history, locked
    from builder.config import organisation

    chosen = settings.choose(paths or [], org, config, quiet=quiet)
    moment = settings.clock(now)
    _refuse_input(out, chosen)
    bundle = accept(
        chosen,
        moment,
        expired=expired,
        intermediates=intermediates,
        public_roots=public_roots,
        password_file=password_file,
        quiet=quiet,
    )
    available = recipe.sources(chosen.beside)
    for key in ("targets", "names", "settings"):
        recipe.check(available, getattr(chosen.config, key) or (), partial(_place, chosen, key))
    sources = recipe.select(available, target or chosen.config.targets)
    _check_choices(chosen, sources)
    version = locked(chosen, bundle, wanted=settings.release(chosen, release))
    epoch = settings.source_date_epoch()
    order = pipeline.Order(
        organisation=organisation(chosen.config),
        bundle=bundle,
        sources=sources,
        today=releases.today(moment, epoch),
        release=version,
        source_date_epoch=epoch,
        history=history(chosen),
        names=chosen.config.names,
        settings=chosen.config.settings,
    )
    with _progress(len(sources), shown=not (quiet or json)) as step:
        manifest = pipeline.build(order, out, jobs=jobs or options.JOBS, progress=step)
    if json:
        _print_json(manifest)
    elif not quiet:
        _report(manifest, out, order.organisation, chosen.file)


def _refuse_input(out: Path, chosen: Chosen) -> None:
    """Raise UsageError where the next build would read what this one writes."""
    from builder.errors import UsageError
    from builder.load import is_file_name

    for path in filter(is_file_name, chosen.config.bundle.paths):
        if (chosen.folder / path).resolve() == out.resolve():
            raise UsageError(
                f"--out {out}: is the folder of the bundle, too",
                hint="choose another one: the next build would take the packages for parts of the bundle",
            )


def _check_choices(chosen: Chosen, sources: Sequence[Source]) -> None:
    """Raise ConfigError, with file and line, for a name or a setting that a target does not have."""
    from builder import recipe, render
    from builder.config import organisation
    from builder.errors import ConfigError

    for source in sources:
        what, target = recipe.read(source), source.target
        for key, check in (
            ("names", lambda given: render.check_name(what, organisation(chosen.config), given)),  # noqa: B023
            ("settings", lambda given: recipe.choose(what, given)),  # noqa: B023
        ):
            given = getattr(chosen.config, key).get(target)
            try:
                if given is not None:
                    check(given)
            except ConfigError as error:
                raise ConfigError(f"{chosen.where((key, target))}: {error}", hint=error.hint) from None


def _place(chosen: Chosen, key: str, target: str) -> str:
    return f"{chosen.where((key, target))}: {key}.{target}"


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
        yield lambda target: typer.echo(f"built {target}", err=True)


def _report(manifest: Manifest, out: Path, organisation: Organisation, config: Path | None) -> None:
    count, files = len(manifest.certificates), len(manifest.artifacts)
    typer.echo(
        f"{organisation.name} {manifest.release}: {count} certificate{'s' * (count != 1)}, "
        f"{files} file{'s' * (files != 1)} in {out}{os.sep}\n"
    )
    rows = [(a.target, a.file, size(a.size), a.sha256) for a in manifest.artifacts]
    table(("target", "file", "size", "SHA-256"), rows)
    typer.echo(f"\nInstall, from {out}{os.sep}:")
    for target, command in {a.target: a.install for a in manifest.artifacts}.items():
        for line in command.splitlines():
            typer.echo(f"  {target:<10}{line}")
            target = ""  # noqa: PLW2901  a command's further lines stand below its first
    if organisation.defaulted:
        values = {
            "contact": f"{organisation.contact_name} <{organisation.contact_email}>",
            "homepage": organisation.homepage,
            "license": organisation.license,
        }
        said = ", ".join(f"{key} {values[key]}" for key in organisation.defaulted)
        way = f"Set them in {config}" if config else "'trustpack init' writes a file in which to set them"
        typer.echo(f"\nDefaults used: {said}. {way}.")


def _print_json(manifest: Manifest) -> None:
    from builder.manifest import to_json

    typer.echo(to_json(manifest), nl=False)
