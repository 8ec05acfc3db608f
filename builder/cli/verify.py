"""`trustpack verify`: whether what was published is what its signatures, its lock and its source say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, options, site_access
from builder.cli.messages import tell

if TYPE_CHECKING:
    import datetime as dt

    from builder.lifecycle.lock import Lock
    from builder.provenance.rebuild import Rebuilt
    from builder.provenance.verification import Verification
    from builder.provenance.verify_release import ReleaseFiles
    from builder.repositories.publication import PublicSiteKeys
    from builder.repositories.status import SiteStatus
    from builder.signing.keyring import Keyring
    from builder.signing.site_verifier import SiteVerifier


def verify(
    what: Annotated[
        str, typer.Argument(help="A release's or a site's folder, or a site's address.", metavar="[<folder>]")
    ] = "dist",
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
    record: options.Record = None,
    ca_file: options.CaFile = None,
    installed: Annotated[
        bool,
        typer.Option(
            "--installed", help="Compare with the release what is installed here, file by file, as well."
        ),
    ] = False,
    root: Annotated[
        Path | None,
        typer.Option(
            help="The system that is looked at.  [default: /]",
            parser=options.path,
            metavar="<path>",
            autocompletion=options.roots,
        ),
    ] = None,
    places: Annotated[
        list[Path] | None,
        typer.Option(
            "--in",
            help="A folder of packages: site-packages, node_modules or a gem home; may be repeated.",
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
    """Verify a release, or a site, without trusting who made it.

    Sums and sizes of every file, the CAs in every package, against a lock too, every signature and index; and
    the packages are built once more from source.tar and compared. Names each file that differs, and says what
    was not verified, and why. Exits with 0 where nothing differs, with 15 where something does.
    """
    from builder.errors import VerificationError
    from builder.provenance import verify_release, verify_report

    as_json = options.chosen(form, json=json) == "json"
    site = _is_site(what)
    _refuse_contradictions(
        what, keys, site=site, unsigned=unsigned, installed=installed,
        of_installed=bool(root or places), of_site=bool(record or ca_file),
    )  # fmt: skip
    pinned, moment = _lock(lock), environment.clock(now)
    seen = None
    if site:
        found, seen = _site(what, keys or [], pinned, str(lock), record, ca_file, moment)
        _tell_other_keys(found)
    else:
        files = verify_release.read(Path(what))
        found = verify_release.verify(
            what,
            files,
            keys=_keys(keys),
            lock=pinned,
            lock_name=str(lock),
            rebuilt=_rebuilt(files, moment),
        )
        if installed:
            from builder.provenance import installed as machine

            there = machine.find(files.manifest, files.data, root or Path("/"), places or [])
            found = machine.verify(found, files.manifest, there)
    typer.echo((verify_report.as_json if as_json else verify_report.as_text)(found), nl=False)
    if record and seen and not found.discrepancies:  # last: a record that cannot be written hides no verdict
        from builder.repositories import records

        records.write(record, seen)
    raise typer.Exit(VerificationError.exit_code if found.discrepancies else 0)


def _tell_other_keys(found: Verification) -> None:
    """Say what a site's other differences come from, where it has other public keys than were given."""
    from builder.repositories.check import MISMATCH

    if any((one.file, one.problem) == (f"{found.organisation}.asc", MISMATCH) for one in found.discrepancies):
        said = "the site has other keys than were given: if they were rotated since, publish it again"
        tell("note", [f"{found.name}: {said} (trustpack repo refresh)"])


def _refuse_contradictions(
    what: str,
    keys: list[Path] | None,
    *,
    site: bool,
    unsigned: bool,
    installed: bool,
    of_installed: bool,
    of_site: bool,
) -> None:
    """Raise UsageError for options that do not go with each other, or not with what is verified."""
    from builder.errors import UsageError
    from builder.text import urls

    if bool(keys) == unsigned:
        raise UsageError(
            "--keys and --unsigned: give one of them",
            hint="--keys FILE verifies signatures by the public keys in it; with --unsigned nobody vouches "
            "for the release but itself",
        )
    if of_installed and not installed:
        raise UsageError("--root and --in: are about what is installed", hint="add --installed")
    if installed and site:
        raise UsageError(
            f"--installed: {urls.shown(what)} is a site", hint="give the folder of the release instead"
        )
    if of_site and not site:
        raise UsageError("--record and --ca-file: are about a site", hint="give its address")


def _is_site(what: str) -> bool:
    from builder.repositories.status import STATUS
    from builder.text import urls

    return urls.is_address(what) or (Path(what) / STATUS).exists()


def _site(
    what: str,
    keys: list[Path],
    lock: Lock | None,
    lock_name: str,
    record: Path | None,
    ca_file: Path | None,
    now: dt.datetime,
) -> tuple[Verification, SiteStatus]:
    """Verify a site, and return its status, too: one at an address comes first, verified as it comes."""
    from builder.errors import SignatureError, SiteError, VerificationError
    from builder.provenance import verify_site
    from builder.release import scratch
    from builder.repositories import fetch, records
    from builder.repositories.status import STATUS
    from builder.text import urls

    given = _site_keys(keys)
    seen = records.read(record) if record else None
    with scratch.folder("verify") as room:
        folder = Path(what)
        try:
            if urls.is_address(what):
                folder = room / "site"
                fetch.fetch(site_access.reader(what, ca_file), folder, given, seen=seen)
            else:
                options.refuse_idle({"--ca-file": ca_file}, "is about a site's server, and this is a folder")
            ring, verifier, source = _believed(given, folder)
        except SignatureError as error:
            raise VerificationError(f"{urls.shown(what)}/{STATUS}: {error}", hint=error.hint) from None
        except SiteError as error:
            raise VerificationError(str(error), hint=error.hint) from None
        work = room / "work"
        work.mkdir()
        found, checked = verify_site.verify(
            urls.shown(what),
            folder,
            verify_site.SiteExpectation(now, seen, lock, lock_name, keys_from=source),
            keys=ring,
            verifier=verifier,
            scratch=work,
            progress=lambda text: tell("progress", [text]),
        )
    return found, checked.site.status


def _site_keys(paths: list[Path]) -> Keyring | SiteVerifier | None:
    """Return a folder that 'trustpack keys' made, or what else has public keys; None where none is given."""
    from builder.errors import UsageError
    from builder.signing import key_folder, public_files, site_keys

    if not paths:
        return None
    if len(paths) == 1 and (paths[0] / key_folder.INDEX).exists():
        return site_keys.read_public(paths[0])
    found = public_files.read(paths)
    if not found.keys:
        raise UsageError(
            "--keys: a site is signed by OpenPGP keys, and none was given",
            hint="such as acme.asc, as the site has it: compare its fingerprint with one from elsewhere",
        )
    return found


def _believed(
    given: Keyring | SiteVerifier | None, folder: Path
) -> tuple[PublicSiteKeys | None, SiteVerifier | None, str]:
    """Return a site's public keys, what verifies by them, and where those are from that nobody has given."""
    from builder.repositories import published_keys
    from builder.signing import site_verifier
    from builder.signing.keyring import Keyring

    if given is None or isinstance(given, Keyring):
        return given, site_verifier.of_keyring(given) if given else None, ""
    source = " with the keys that were given, and others that the list names which these have signed"
    return *published_keys.read(folder, given), source


def _rebuilt(files: ReleaseFiles, now: dt.datetime) -> Rebuilt:
    """Build the release once more from its source.tar, where it has one."""
    from builder.provenance import rebuild, verify_release
    from builder.release import scratch

    name = verify_release.source_name(files.manifest)
    if name not in files.data:
        return rebuild.Rebuilt(because=f"there is no {name}")
    with scratch.folder("verify") as room:
        return rebuild.rebuild(
            files.data[name],
            files.manifest,
            room,
            where=name,
            now=now,
            progress=lambda target: tell("progress", [f"built {target} again"]),
        )


def _keys(paths: list[Path] | None) -> SiteVerifier | None:
    from builder.signing import public_files

    return public_files.read(paths) if paths else None


def _lock(path: Path | None) -> Lock | None:
    """Return a lock that nobody has to approve any more, None where none was given."""
    from builder.errors import UsageError
    from builder.lifecycle import approvals, lockfile

    if path is None:
        return None
    found = lockfile.read(path)
    if found is None:
        raise UsageError(f"--lock {path}: there is no such file")
    approvals.approved_by(found, str(path))
    return found
