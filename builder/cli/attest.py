"""`trustpack attest`: what a release is made of, from what and by what, in files beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from builder.cli import approving, environment, options
from builder.cli.messages import tell

if TYPE_CHECKING:
    from builder.pipeline.project import Project
    from builder.provenance.notes import TrustChanges
    from builder.release.manifest import Manifest


def attest(
    folder: Annotated[
        Path, typer.Argument(help="A release's folder.", parser=options.path, metavar="<folder>")
    ] = Path("dist"),
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    cyclonedx: Annotated[
        Literal["1.6", "1.7"], typer.Option(help="The version of the bill of materials' format.")
    ] = "1.6",
    builder: Annotated[
        str,
        typer.Option(
            help="What builds, for the statement: an address that you choose for it.", metavar="<address>"
        ),
    ] = "",
    run: Annotated[
        str, typer.Option(help="Which run this is, for the statement: a job's address.", metavar="<address>")
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            help="The release before, for the notes, where there is no lock: its manifest or a package.",
            metavar="<path>",
        ),
    ] = "",
    password_file: options.PasswordFile = None,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Add a bill of materials, provenance and notes to a release.

    The bill of materials is CycloneDX, the provenance an in-toto statement with SLSA's predicate, the notes
    are Markdown. The release is built once more, in memory, and must be what this project makes. Needs no
    keys: 'trustpack sign' signs the statement. The same project gives the same bytes.
    """
    from builder.pipeline.request import request
    from builder.provenance import attest as provenance
    from builder.provenance.statement import UNNAMED
    from builder.signing import finished

    chosen = options.chosen(form, json=json)
    for name, value in (("--builder", builder), ("--run", run)):
        _refuse_address(name, value)
    project = environment.project(bundled=options.Bundled(config, realm), now=now)
    bundle = environment.accepted(project, password_file=password_file, quiet=True)
    manifest = finished.described(folder)
    targets = list(dict.fromkeys(entry.target for entry in manifest.artifacts))
    wanted = request(project, bundle, targets=targets)
    after = provenance.attest(
        project,
        wanted,
        folder,
        provenance.Attestation(
            version=cyclonedx,
            builder=builder or UNNAMED,
            run=run,
            changes=_changes(since, folder, project),
            approvals=approving.stated(project),
        ),
        progress=lambda target: tell("progress", [f"built {target} again"]),
    )
    _report(after, folder, chosen)


def _refuse_address(name: str, value: str) -> None:
    """Raise UsageError for what is no address, or tells what is secret: everybody reads the statement."""
    import re

    from builder.errors import UsageError
    from builder.text import urls

    if what := urls.secret(value):
        raise UsageError(f"{name}: holds {what}, which everybody would read", hint="leave it out")
    if value and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]+:[!-~]+", value):
        hint = "such as https://ci.acme.example/job/7, or a urn:"
        raise UsageError(f"{name}: is no address (URI)", hint=hint)


def _changes(since: str, folder: Path, project: Project) -> TrustChanges | None:
    """Return what has changed since a release at hand; raise UsageError where the lock knows better."""
    if not since:
        return None
    from builder.diff import difference
    from builder.diff.read import take
    from builder.provenance import notes
    from builder.provenance.notes import TrustChanges
    from builder.signing import finished

    if project.lock and notes.of_history(project.lock.history, finished.described(folder).release):
        options.refuse_idle({"--since": since}, f"{project.lock_file} tells which release was before")

    access = environment.access()
    old, new = take(since, access), take(str(folder), access)
    found = difference.compare(old, new)
    return TrustChanges(
        old.release or Path(since).name, found.added, found.removed, found.distrusted, found.undistrusted
    )


def _report(manifest: Manifest, folder: Path, form: str) -> None:
    import msgspec

    from builder.cli.tables import size, table
    from builder.text.printed import printed

    if form == "json":
        value = {
            "folder": str(folder),
            "organisation": manifest.organisation,
            "release": manifest.release,
            "documents": msgspec.to_builtins(manifest.documents),
        }
        typer.echo(printed(value), nl=False)
        return
    rows = [(one.kind, one.file, size(one.size), one.sha256) for one in manifest.documents]
    table(("document", "file", "size", "SHA-256"), rows)
