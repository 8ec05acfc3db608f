"""`trustpack verify`: whether what was published is what its signatures, its lock and its source say."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options
from builder.cli.messages import tell

if TYPE_CHECKING:
    import datetime as dt

    from builder.lifecycle.lock import Lock
    from builder.provenance.rebuild import Rebuilt
    from builder.provenance.verify_release import ReleaseFiles
    from builder.signing.site_verifier import SiteVerifier


def verify(
    what: Annotated[str, typer.Argument(help="A release's folder.", metavar="[<folder>]")] = "dist",
    *,
    lock: Annotated[
        Path | None,
        typer.Option(
            help="The trustpack.lock that the release must hold to.", parser=options.path, metavar="<path>"
        ),
    ] = None,
    keys: Annotated[
        list[Path] | None,
        typer.Option(
            help="Public keys: a folder, or a file such as acme.asc or an apk key; may be repeated.",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="There are no signatures, or none that you can verify.")
    ] = False,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Verify a release without trusting who made it.

    Sums and sizes of every file, the CAs in every package, against a lock too, and every signature. Names
    each file that differs, and says what was not verified, and why. Exits with 0 where nothing differs, with
    15 where something does.
    """
    from builder.errors import UsageError, VerificationError
    from builder.provenance import verify_release, verify_report

    as_json = options.chosen(form, json=json) == "json"
    if bool(keys) == unsigned:
        raise UsageError(
            "--keys and --unsigned: give one of them",
            hint="--keys FILE verifies signatures by the public keys in it; with --unsigned nobody vouches "
            "for the release but itself",
        )
    files = verify_release.read(Path(what))
    found = verify_release.verify(
        what,
        files,
        keys=_keys(keys),
        lock=_lock(lock),
        lock_name=str(lock),
        rebuilt=_rebuilt(files, environment.clock(now)),
    )
    typer.echo((verify_report.as_json if as_json else verify_report.as_text)(found), nl=False)
    raise typer.Exit(VerificationError.exit_code if found.discrepancies else 0)


def _rebuilt(files: ReleaseFiles, now: dt.datetime) -> Rebuilt:
    """Build the release once more from its source.tar, where it has one."""
    from builder.provenance import rebuild, verify_release

    name = verify_release.source_name(files.manifest)
    if name not in files.data:
        return rebuild.Rebuilt(because=f"there is no {name}")
    with tempfile.TemporaryDirectory(prefix="trustpack-verify-") as scratch:
        return rebuild.rebuild(
            files.data[name],
            files.manifest,
            Path(scratch),
            where=name,
            now=now,
            progress=lambda target: tell("progress", [f"built {target} again"]),
        )


def _keys(paths: list[Path] | None) -> SiteVerifier | None:
    from builder.signing import public_files

    return public_files.read(paths) if paths else None


def _lock(path: Path | None) -> Lock | None:
    from builder.errors import UsageError
    from builder.lifecycle import lockfile

    if path is None:
        return None
    found = lockfile.read(path)
    if found is None:
        raise UsageError(f"--lock {path}: there is no such file")
    return found
