"""`trustpack names`: whether the packages' names are free at the public registries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options
from builder.cli.messages import tell
from builder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.pipeline.project import Project
    from builder.publish.names import NameFinding, PackageName

_DUE = 1


def names(
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    out: Annotated[
        Path,
        typer.Option(
            help="The release that published packages are compared with.",
            parser=options.path,
            metavar="<path>",
        ),
    ] = Path("dist"),
    offline: Annotated[bool, typer.Option("--offline", help="Ask nobody: show the names alone.")] = False,
    registry: Annotated[
        list[str] | None,
        typer.Option(
            help="Ask a registry's mirror instead: pypi=URL, npm=URL or rubygems=URL; may be repeated.",
            metavar="<registry>=<url>",
        ),
    ] = None,
    ca_file: options.CaFile = None,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Tell whether package names are free at public registries.

    Whoever has such a name there can have their package installed in the place of yours, where a client asks
    that registry, too. Says of each name at PyPI, npm or RubyGems whether it is free, somebody else's, yours,
    or unknown, and what to do. Nothing leaves this machine but the names. Exits with 0 where nothing is to be
    done before packages are published, 1 where something is or a registry could not be asked, 2 or more for
    an error.
    """
    from builder.publish import names_report
    from builder.text.printed import printed

    as_json = options.chosen(form, json=json) == "json"
    mirrors = _mirrors(registry or [])
    if offline:
        asking = {"--registry": registry, "--ca-file": ca_file}
        options.refuse_idle(asking, "is idle where nobody is asked (--offline)")
    project = environment.project(bundled=options.Bundled(config, realm))
    wanted, elsewhere = _wanted(project, out)
    found = [_looked(name, mirrors, ca_file, offline=offline) for name in wanted]
    if as_json:
        typer.echo(printed(names_report.as_value(project.slug, found, elsewhere)), nl=False)
    else:
        typer.echo("\n".join(names_report.as_text(found, elsewhere)))
    raise typer.Exit(_DUE if any(each.due for each in found) else 0)


def _mirrors(given: list[str]) -> dict[str, str]:
    """Return the address of each registry that is asked elsewhere; raise UsageError for what is none."""
    from builder.config import address
    from builder.publish.public import REGISTRIES
    from builder.text.faults import nearest, shown

    found: dict[str, str] = {}
    for text in given:
        name, _, url = text.partition("=")
        if name not in REGISTRIES:
            raise UsageError(
                f"--registry {shown(name)}: there is no such registry", hint=nearest(name, REGISTRIES)
            )
        if name in found:
            raise UsageError(f"--registry {name}: is given twice")
        found[name] = address(url, f"--registry {name}")
    return found


def _wanted(project: Project, out: Path) -> tuple[list[PackageName], list[str]]:
    """Return the names to ask for, and the targets that no registry has packages of."""
    from builder.pipeline.names import package_names
    from builder.publish.names import PackageName, own_files
    from builder.publish.public import registry_of
    from builder.release.manifest import read_manifest

    built = read_manifest(out)
    mine = built.artifacts if built and built.organisation == project.slug else ()
    wanted, elsewhere = [], []
    for recipe, name in package_names(project):
        registry = registry_of(recipe)
        if not registry:
            elsewhere.append(recipe.target)
            continue
        artifacts = [each for each in mine if (each.target, each.name) == (recipe.target, name)]
        wanted.append(
            PackageName(
                target=recipe.target,
                name=name,
                registry=registry,
                public=registry in project.config.publish.public,
                files=own_files(registry, artifacts, out),
            )
        )
    return wanted, elsewhere


def _looked(
    name: PackageName, mirrors: Mapping[str, str], ca_file: Path | None, *, offline: bool
) -> NameFinding:
    from builder.publish import names as looking
    from builder.publish.public import REGISTRIES

    known = REGISTRIES[name.registry]
    if offline:
        return looking.look(name, None)
    url = mirrors.get(name.registry, known.url)
    tell("progress", [f"asking {known.title} at {url} for {name.name}"])
    reader = looking.reader_of(name.registry, url, ca_file=ca_file, proxy=environment.proxy)
    try:
        return looking.look(name, reader)
    finally:
        reader.close()
