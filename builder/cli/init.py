"""`trustpack init` and `trustpack schema`: the configuration, a CI system's files, schemas for editors."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from builder.cli import environment, init_ci, options
from builder.cli.messages import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from builder.config import Config
    from builder.pipeline.accept import Treatments

_SCOPE = (
    "anybody can take the npm package's name at the public registry: set npm_scope to a scope that is yours "
    "there; 'trustpack names' looks at all names"
)
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
{site}
# targets: [{targets}]
# npm_scope: "@{slug}"           # a scope that is yours at npm: anybody can take a name without one
# names:                       # 'trustpack names' tells whether they are free at public registries
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

# publish:                     # registries: 'trustpack docs publish-registries' tells of them
#   public: [npm]              # what is not here is marked private: 'trustpack docs names' tells how
#   pypi:
#     url: https://pypi.{slug}.example/
# provenance:
#   source: withhold           # offer, without it: what packages are made of goes out beside them

# lifecycle:                   # rotations: 'trustpack docs rotate' tells of them
#   overlap: 30d
#   fail_on: error             # or warning

# realms:                      # further bundles with packages of their own: 'trustpack docs realms'
#   staging:
#     bundle: {{paths: [staging.pem]}}

# # approvals:                 # whose signatures a change of trust takes: 'trustpack docs approvals'
# #   needed: 2
# #   approvers: {{alice: alice.pub, bob: bob.pub}}
"""


def init(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, - for standard input, https://…#sha256=….", show_default=False),
    ] = None,
    *,
    org: Annotated[str | None, typer.Option(help="The organisation's short name.")] = None,
    config: Annotated[Path, typer.Option(help="The file to write.")] = Path("trustpack.yaml"),
    site: Annotated[str | None, typer.Option(help="Where the packages' site is served.")] = None,
    ci: Annotated[
        Literal["github", "gitlab"] | None,
        typer.Option(help="Write what this CI system builds, signs and publishes by, too."),
    ] = None,
    expired: options.Expired = None,
    intermediates: options.Intermediates = None,
    public_roots: options.PublicRoots = None,
    password_file: options.PasswordFile = None,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Write a commented trustpack.yaml.

    The bundle is checked first. An existing file is kept. With --ci and nothing else, beside a trustpack.yaml
    that is there, only the CI system's files are written: 'trustpack docs ci' tells of them.
    """
    import os

    from builder.config import address, minimal
    from builder.errors import OutputError, UsageError
    from builder.pipeline.accept import Treatments
    from builder.pipeline.project import Project
    from builder.release.atomic import clear_up

    as_json = options.chosen(form, json=json) == "json"
    treatments = Treatments(expired, intermediates, public_roots)
    there = os.path.lexists(config)
    beside = ci is not None and there and not (paths or org or site)
    if beside:
        project = environment.project(bundled=options.Bundled(config))
    elif not paths or org is None:
        raise UsageError(
            "init: needs the bundle's paths and --org", hint="such as: trustpack init roots.pem --org acme"
        )
    else:
        project = Project(minimal(org, paths), Path(), None, environment.clock(None))
    where = address(site, "--site") if site is not None else project.config.site or ""
    clear_up(config.parent)
    jobs = init_ci.files(ci, config, project, where) if ci else ()
    if there and not beside:
        hint = "edit it, or give another name with --config"
        if ci:
            hint += f"; 'trustpack init --ci {ci}' alone writes the CI system's files beside it"
        raise OutputError(f"{config}: is there already", hint=hint)
    bundle = environment.accepted(project, treatments=treatments, password_file=password_file)
    ours = () if beside else ((config, _text(project.config, config, treatments, where)),)
    # The configuration is last: with it there, the same command would be refused after an interruption.
    _create((*jobs, *ours) if config.parent.is_dir() else ours, config.parent)
    if not beside:
        tell("note", [_SCOPE])
    count = len(bundle.certificates)
    written = [*([] if beside else [config]), *(file for file, _ in jobs)]
    if as_json:
        from builder.text.printed import printed

        document = {"file": str(config), "organisation": project.slug, "certificates": count}
        typer.echo(printed(document | {"written": list(map(str, written))}), nl=False)
        return
    plural = "s" * (count != 1)
    if not beside:
        typer.echo(f"{config}: written for {count} certificate{plural}; now run 'trustpack build'")
    for file, _ in jobs:
        typer.echo(f"{file}: written; 'trustpack docs ci' tells what to set up once")


def _text(found: Config, file: Path, treatments: Treatments, site: str) -> str:
    from builder.config import organisation
    from builder.render import recipe
    from builder.text.quoting import yaml

    slug, given = found.organisation.slug, treatments
    return _TEMPLATE.format(
        slug=slug,
        name=organisation(found).name,
        paths="\n".join(f"    - {_quoted(path, file.parent)}" for path in found.bundle.paths),
        expired=f"expired: {given.expired}" if given.expired else "# expired: refuse",
        intermediates=f"intermediates: {given.intermediates}"
        if given.intermediates
        else "# intermediates: refuse",
        public_roots=f"public_roots: {given.public_roots}"
        if given.public_roots
        else "# public_roots: refuse",
        site=f"site: {yaml(site)}" if site else f"# site: https://packages.{slug}.example",
        targets=", ".join(source.target for source in recipe.select(recipe.sources(), None)),
    )


def _create(files: Sequence[tuple[Path, str]], within: Path) -> None:
    """Write all the files, and the folders below `within` that they need, or none of them."""
    import os

    from builder.errors import OutputError
    from builder.release.atomic import create, unwritable

    with contextlib.ExitStack() as undone:
        for file, text in files:
            folders = [path for path in file.parents if within in path.parents]
            try:
                for folder in reversed([path for path in folders if not os.path.lexists(path)]):
                    folder.mkdir(exist_ok=True)  # another may be faster
                    undone.callback(_remove, folder.rmdir)
                create(file, text.encode("utf-8"))
            except FileExistsError:
                raise OutputError(f"{file}: is there already") from None
            except OSError as error:
                raise unwritable(file, error) from error
            undone.callback(_remove, file.unlink)
        undone.pop_all()


def _remove(remove: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):  # a folder in which others have written meanwhile stays
        remove()


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
