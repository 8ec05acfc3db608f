"""`trustpack recipes`: what each target ships, and how to change it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from builder.cli import options
from builder.cli.tables import table

app = typer.Typer(help="List, show and export the recipes that targets are built from.", no_args_is_help=True)

_Target = Annotated[str, typer.Argument(help="The target, such as deb.", autocompletion=options.targets)]
_Folder = Annotated[Path, typer.Option("--folder", help="The folder of trustpack.yaml.")]


@app.command("list")
def list_recipes(
    folder: _Folder = Path(),
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every target, whether a build makes it that names none, and where its recipe comes from."""
    from builder.render import recipe

    found = recipe.sources(folder)
    rows: list[dict[str, Any]] = [
        {
            "target": name,
            "title": (what := recipe.read(source)).title,
            "default": what.default,
            "origin": "built in" if recipe.built_in(source) else str(source.file),
        }
        for name, source in found.items()
    ]
    if json:
        import json as encoder

        typer.echo(encoder.dumps(rows, indent=2))
    else:
        table(
            ("target", "title", "built", "origin"),
            [
                (row["target"], row["title"], "by default" if row["default"] else "if named", row["origin"])
                for row in rows
            ],
        )


@app.command()
def show(target: _Target, folder: _Folder = Path()) -> None:
    """Print a target's recipe and the names of its templates."""
    from builder.render import recipe
    from builder.text import document

    source = recipe.select(recipe.sources(folder), [target])[0]
    recipe.check_links(source)
    typer.echo(f"# {source.file}")
    typer.echo(document.read(source.file).rstrip())
    for file in recipe.templates(source):
        typer.echo(f"# {source.templates / file}")


@app.command()
def export(target: _Target, folder: _Folder = Path()) -> None:
    """Copy a target's recipe and templates beside trustpack.yaml.

    There they replace the built-in ones.
    """
    from builder.errors import OutputError
    from builder.release.atomic import put
    from builder.render import recipe

    source = recipe.select(recipe.sources(), [target])[0]
    to = folder / "recipes" / source.file.name
    files = {source.file: to}
    files |= {
        source.templates / name: folder / "templates" / target / name for name in recipe.templates(source)
    }
    for path in files.values():
        if os.path.lexists(path):
            raise OutputError(
                f"{path}: is there already", hint="move it away to export the built-in one again"
            )
    try:
        for path, copy in files.items():
            copy.parent.mkdir(parents=True, exist_ok=True)
            put(copy, path.read_bytes())
            typer.echo(copy)
    except OSError as error:
        raise OutputError(f"{copy}: cannot be written: {error.strerror}") from error
