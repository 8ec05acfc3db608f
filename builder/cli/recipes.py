"""`trustpack recipes`: what each target ships, and how to change it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder.cli import options
from builder.cli.tables import table

if TYPE_CHECKING:
    from builder.render.recipe import RecipeSource

app = typer.Typer(help="List, show and export the recipes that targets are built from.", no_args_is_help=True)

_Target = Annotated[str, typer.Argument(help="The target, such as deb.", autocompletion=options.target)]
_Folder = Annotated[Path, typer.Option("--folder", help="The folder of trustpack.yaml.")]


@app.command("list")
def list_recipes(folder: _Folder = Path(), *, form: options.Form = None, json: options.Json = False) -> None:
    """List every target, whether a build makes it that names none, and where its recipe comes from."""
    from builder.render import recipe

    as_json = options.chosen(form, json=json) == "json"
    found = recipe.sources(_there(folder))
    rows: list[dict[str, Any]] = [
        {
            "target": name,
            "title": (what := recipe.read(source)).title,
            "default": what.default,
            "origin": _origin(source),
        }
        for name, source in found.items()
    ]
    if as_json:
        _print_json({"recipes": rows})
    else:
        table(
            ("target", "title", "built", "origin"),
            [
                (row["target"], row["title"], "by default" if row["default"] else "if named", row["origin"])
                for row in rows
            ],
        )


@app.command()
def show(
    target: _Target, folder: _Folder = Path(), *, form: options.Form = None, json: options.Json = False
) -> None:
    """Print a target's recipe and the names of its templates."""
    from builder.render import recipe
    from builder.text import document

    as_json = options.chosen(form, json=json) == "json"
    source = recipe.select(recipe.sources(_there(folder)), [target])[0]
    recipe.check_links(source)
    text = document.read(source.file)
    files = [str(source.templates / file) for file in recipe.templates(source)]
    if as_json:
        known = {"target": target, "origin": _origin(source), "file": str(source.file)}
        _print_json({**known, "recipe": text, "templates": files})
        return
    typer.echo(f"# {source.file}")
    typer.echo(text.rstrip())
    for file in files:
        typer.echo(f"# {file}")


def _there(folder: Path) -> Path:
    """Return a folder; raise UsageError where there is none: nobody has asked for the built-in recipes."""
    from builder.errors import UsageError

    if not folder.is_dir():
        raise UsageError(f"--folder {folder}: is no folder", hint="name the one in which trustpack.yaml is")
    return folder


def _same(path: Path, copy: Path) -> bool:
    return copy.is_file() and not copy.is_symlink() and copy.read_bytes() == path.read_bytes()


def _taken(path: Path) -> Exception:
    from builder.errors import OutputError

    return OutputError(f"{path}: is there already", hint="move it away to export the built-in one again")


@app.command()
def export(
    target: _Target, folder: _Folder = Path(), *, form: options.Form = None, json: options.Json = False
) -> None:
    """Copy a target's recipe and templates beside trustpack.yaml.

    There they replace the built-in ones.
    """
    from builder.release.atomic import absent, clear_up, create, remove_empty, unwritable
    from builder.render import recipe

    as_json = options.chosen(form, json=json) == "json"
    source = recipe.select(recipe.sources(), [target])[0]
    to = folder / "recipes" / source.file.name
    files = {source.file: to}
    files |= {
        source.templates / name: folder / "templates" / target / name for name in recipe.templates(source)
    }
    # The recipe is written last: with it the target is the organisation's own, and must be whole.
    begun = not os.path.lexists(to)
    parents = dict.fromkeys(copy.parent for copy in files.values())
    for parent in parents:
        clear_up(parent)
    for path, copy in files.items():
        if os.path.lexists(copy) and not (begun and _same(path, copy)):
            raise _taken(copy)
    made: list[Path] = []
    folders: list[Path] = []
    try:
        for path, copy in reversed(files.items()):
            if os.path.lexists(copy):
                continue  # a killed export has left it
            folders = [*absent(copy.parent), *folders]
            copy.parent.mkdir(parents=True, exist_ok=True)
            create(copy, path.read_bytes())
            made.append(copy)
    except OSError as error:
        with contextlib.suppress(OSError):  # the first error is told
            for each in made:
                each.unlink(missing_ok=True)
        remove_empty(folders)
        raise (_taken(copy) if os.path.lexists(copy) else unwritable(copy, error)) from error
    for parent in parents:  # what was left here would be taken for a template
        clear_up(parent)
    written = [str(file) for file in files.values()]
    if as_json:
        _print_json({"target": target, "files": written})
    else:
        typer.echo("\n".join(written))


def _origin(source: RecipeSource) -> str:
    from builder.render import recipe

    return "built in" if recipe.built_in(source) else str(source.file)


def _print_json(value: dict[str, Any]) -> None:
    from builder.text.printed import printed

    typer.echo(printed(value), nl=False)
