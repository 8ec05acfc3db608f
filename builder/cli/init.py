"""`trustpack init` and `trustpack schema`: the configuration file, and JSON Schemas for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from builder.cli import environment, options

_TEMPLATE = """\
# trustpack.yaml: 'trustpack docs configuration' tells every key, its meaning and its default.
organisation:
  slug: {slug}                 # every package name starts with it
  # name: {name}
  # homepage: https://pki.{slug}.example/
  # contact: PKI Team <pki@{slug}.example>
  # license: Apache-2.0
  # summary: CA certificates of {name}

bundle:
  paths:                       # files and folders, from this file's folder
{paths}
  {expired}            # refuse, drop or keep
  {intermediates}      # refuse, drop or keep
  {public_roots}       # refuse, drop or keep

# release: 2026.10             # without it: the UTC date, with a counter
# site: https://packages.{slug}.example
# targets: [{targets}]
# npm_scope: "@{slug}"
# names:
#   deb: {slug}-ca-certs
# settings:
#   wheel:
#     activation: explicit

# repository:                  # the site, as 'trustpack repo build' makes it
#   keys: keys                 # as 'trustpack keys new' makes them
#   valid: 60d                 # for how long signatures count
#   keep: 12                   # how many releases stay; without it, all
#   architectures: [x86_64, aarch64]
#   # signer: [program, ...]   # 'trustpack docs keys' tells of it

# lifecycle:                   # rotations: 'trustpack docs rotate' tells of them
#   overlap: 30d
#   fail_on: error             # or warning
"""


def init(
    paths: Annotated[
        list[str], typer.Argument(help="Files, folders, - for standard input, https://…#sha256=….")
    ],
    *,
    org: Annotated[str, typer.Option(help="The organisation's short name.")],
    config: Annotated[Path, typer.Option(help="The file to write.")] = Path("trustpack.yaml"),
    expired: options.Expired = None,
    intermediates: options.Intermediates = None,
    public_roots: options.PublicRoots = None,
    password_file: options.PasswordFile = None,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Write a commented trustpack.yaml.

    The bundle is checked first. An existing file is kept.
    """
    import os

    from builder.config import minimal, organisation
    from builder.errors import OutputError
    from builder.pipeline.accept import Treatments
    from builder.pipeline.project import Project
    from builder.release.atomic import clear_up, create, unwritable
    from builder.render import recipe

    as_json = options.chosen(form, json=json) == "json"
    found = minimal(org, paths)
    taken = OutputError(f"{config}: is there already", hint="edit it, or give another name with --config")
    clear_up(config.parent)
    if os.path.lexists(config):
        raise taken
    bundle = environment.accepted(
        Project(found, Path(), None, environment.clock(None)),
        treatments=Treatments(expired, intermediates, public_roots),
        password_file=password_file,
    )
    text = _TEMPLATE.format(
        slug=org,
        name=organisation(found).name,
        paths="\n".join(f"    - {_quoted(path, config.parent)}" for path in paths),
        expired=f"expired: {expired}" if expired else "# expired: refuse",
        intermediates=f"intermediates: {intermediates}" if intermediates else "# intermediates: refuse",
        public_roots=f"public_roots: {public_roots}" if public_roots else "# public_roots: refuse",
        targets=", ".join(source.target for source in recipe.select(recipe.sources(), None)),
    )
    try:
        create(config, text.encode("utf-8"))
    except FileExistsError:
        raise taken from None
    except OSError as error:
        raise unwritable(config, error) from error
    count = len(bundle.certificates)
    if as_json:
        from builder.text.printed import printed

        typer.echo(printed({"file": str(config), "organisation": org, "certificates": count}), nl=False)
        return
    plural = "s" * (count != 1)
    typer.echo(f"{config}: written for {count} certificate{plural}; now run 'trustpack build'")


def schema(
    document: Annotated[
        str | None,
        typer.Argument(
            help="The document: configuration, recipe, or one that 'trustpack docs json' lists.  "
            "[default: configuration]",
            autocompletion=options.documents,
        ),
    ] = None,
    *,
    recipe: Annotated[bool, typer.Option("--recipe", help="The same as the document recipe.")] = False,
    form: Annotated[  # noqa: ARG001  there is no other
        Literal["json"] | None, typer.Option("--format", help="How to print: a schema is JSON.")
    ] = None,
    json: options.Json = False,  # noqa: ARG001  there is no other
) -> None:
    """Print the JSON Schema of trustpack.yaml, or of another document.

    Editors complete and check the file by it. JSON that commands print is described, too.
    """
    import json as encoder

    from builder.docs.schemas import schema as find
    from builder.errors import UsageError

    if recipe and document not in {None, "recipe"}:
        raise UsageError(f"--recipe and {document}: give one of them")
    name = "recipe" if recipe else document or "configuration"
    typer.echo(encoder.dumps(find(name), indent=2))


def _quoted(path: str, folder: Path) -> str:
    """Return `path` as seen from the configuration's folder, as a YAML scalar.

    An absolute path stays as it is, and so does what is no path. Raises UsageError for one that is no text.
    """
    import os

    from builder.errors import UsageError
    from builder.load import is_file_name
    from builder.text.quoting import visible, yaml

    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(
            f"{visible(path)}: is a name that YAML cannot hold", hint="rename the file"
        ) from None
    stays = Path(path).is_absolute() or not is_file_name(path)
    return yaml(path if stays else os.path.relpath(path, folder or "."))
