"""`trustpack sign`: finished files are signed, on a machine that need not have built them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, key_place, options
from builder.cli.messages import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.repositories.publication import SiteKeys


def sign(
    folder: Annotated[
        Path,
        typer.Argument(help="A release's folder, or a site's.", parser=options.path, metavar="<folder>"),
    ],
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            help="The folder of the keys.  [default: the configuration's, or keys]",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    password_file: options.KeyPasswordFile = None,
    profile_cert: Annotated[
        Path | None,
        typer.Option(
            help="The certificate that signs configuration profiles, in PEM, and those above it.",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    profile_key: Annotated[
        Path | None,
        typer.Option(
            help="The private key of that certificate; others must not be able to read it.",
            parser=options.path,
            metavar="<path>",
        ),
    ] = None,
    stolen: Annotated[
        bool,
        typer.Option(
            "--stolen",
            help="Sign a site whose last signature is by stolen keys: you know what is in it.",
        ),
    ] = False,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Sign packages, or a site, that another machine has built.

    Packages are signed inside (.rpm, .apk) or beside (.sig, for Arch); the others' package managers verify
    what the site's signed indexes say of them. Configuration profiles for macOS and iOS are signed inside by
    a certificate of yours, where one is given. A site that was built with --unsigned is signed, and a signed
    one is dated anew. Another program verifies each package: gpgv, sqv, rpmkeys, openssl or pysequoia.
    """
    from builder.errors import UsageError
    from builder.release.manifest import MANIFEST
    from builder.repositories.status import STATUS

    chosen = options.chosen(form, json=json)
    if stolen and not (folder / STATUS).exists():
        raise UsageError(
            f"--stolen: {folder} holds no site", hint="leave it out: packages are just signed anew"
        )
    if (profile_cert is None) is not (profile_key is None):
        raise UsageError("--profile-cert and --profile-key: give both of them, or none")
    if profile_cert and (folder / STATUS).exists():
        raise UsageError(
            f"--profile-cert: {folder} holds a site",
            hint="sign the release with it, and put that on the site",
        )
    if (folder / STATUS).exists():
        _sign_site(
            folder, options.Bundled(config, realm), keys, password_file, now, stolen=stolen, form=chosen
        )
    elif (folder / MANIFEST).exists():
        profiles = (profile_cert, profile_key) if profile_cert and profile_key else None
        _sign_release(
            folder, options.Bundled(config, realm), keys, password_file, profiles, now=now, form=chosen
        )
    else:
        raise UsageError(
            f"{folder}: holds neither a release nor a site",
            hint="'trustpack build' makes a release, 'trustpack repo build' a site",
        )


def _sign_release(
    folder: Path,
    bundled: options.Bundled,
    keys: Path | None,
    password_file: Path | None,
    profiles: tuple[Path, Path] | None,
    *,
    now: str | None,
    form: str,
) -> None:
    from builder.provenance.seal import Seal
    from builder.signing import finished, report, site_keys
    from builder.signing import profiles as signing_profiles
    from builder.signing.keyring import NO_STATEMENT_KEY
    from builder.text.quoting import visible

    place = key_place.find(bundled, keys)
    site_keys.refuse_inside(place.folder, folder)
    ring = site_keys.read(
        place.folder, passwords=environment.key_passwords(password_file), signer=place.signer
    )
    passwords = environment.key_passwords(password_file)
    moment = environment.clock(now)
    signer = signing_profiles.read(*profiles, passwords, now=moment) if profiles else None
    done = finished.sign(folder, ring, told=Seal(folder, ring), profiles=signer)
    statement, envelope = done.document("statement"), done.document("envelope")
    if statement and not ring.statement_signers:
        tell("warning", [f"{statement}: is not signed: the keys have none for it; {NO_STATEMENT_KEY}"])
    if form == "json":
        typer.echo(report.signed_json(folder, ring.signer, done, written=done.written), nl=False)
        return
    for one in done.signed:
        said = f", verified by {one.verified_by}" if one.verified_by else ""
        typer.echo(visible(f"{one.signature}: signed{said}"))
    if envelope:
        typer.echo(visible(f"{envelope}: {statement}, signed"))
    for why in dict.fromkeys(done.left.values()):
        names = ", ".join(file for file, said in done.left.items() if said == why)
        typer.echo(visible(f"without a signature of its own, because {why}: {names}"))
    if not all(one.verified_by for one in done.signed):
        tell(
            "warning", ["no other program is here to verify what was signed: install gpgv, sqv or pysequoia"]
        )


def _sign_site(
    folder: Path,
    bundled: options.Bundled,
    keys: Path | None,
    password_file: Path | None,
    now: str | None,
    *,
    stolen: bool,
    form: str,
) -> None:
    from builder.config import organisation
    from builder.repositories import publish
    from builder.signing import report
    from builder.text.quoting import visible

    project = environment.project(bundled=bundled, now=now)
    section = project.config.repository
    believed = stolen and _is_by_stolen_keys(folder, bundled, keys)
    ring = environment.site_keys(project, keys, password_file, published=folder, stolen=believed)
    order = publish.Order(
        folder=folder,
        organisation=organisation(project.config),
        url="",
        now=int(project.now.timestamp()),
        valid=int(section.valid.removesuffix("d")),
        keep=None,
        architectures=tuple(section.architectures),
        keys=ring,
    )
    done = (publish.refresh if _is_signed(folder) else publish.sign)(order, progress=_progress)
    verified = _verified(folder, ring, done.written)
    if form == "json":
        typer.echo(report.signed_json(folder, ring.signer, written=done.written), nl=False)
        return
    count = len(done.written)
    by = f", signatures verified by {' and '.join(verified)}" if verified else ""
    typer.echo(visible(f"{folder}: signed, {count} file{'s' * (count != 1)} written{by}"))


def _verified(folder: Path, ring: SiteKeys, written: Sequence[str]) -> list[str]:
    """Return what other programs have verified the signatures that were written; raise SignatureError."""
    from builder.errors import SignatureError
    from builder.repositories import check
    from builder.repositories import site as sites
    from builder.signing import gpgv, opinion

    found, program = sites.read(folder, ring), gpgv.find()
    names = set()
    new = {folder / path for path in written}
    if program and found:
        pairs = [pair for pair in check.signatures(found, found.files) if pair[0] in new]
        names |= {"gpgv"} if pairs else set()
        for path, said in gpgv.refused(program, ring.certificates, pairs):
            raise SignatureError(f"{path}: gpgv refuses the signature: {said}", hint="do not publish it")
    for path in sorted(new):
        if path.suffix == ".rpm":
            names.add(opinion.rpm(ring.certificate, path.read_bytes()))
    return sorted(names - {""})


def _is_by_stolen_keys(folder: Path, bundled: options.Bundled, keys: Path | None) -> bool:
    """Tell whether a site's last signature is by keys that were stolen since; else it needs no --stolen.

    Raises UsageError where none were.
    """
    from builder.errors import SignatureError, UsageError
    from builder.repositories import status
    from builder.signing import key_folder
    from builder.text import files

    place = key_place.find(bundled, keys).folder
    if not key_folder.read(place).in_state("withdrawn"):
        raise UsageError(
            f"--stolen: none of the keys in {place} are told to be stolen",
            hint="'trustpack keys rotate --stolen' tells it first; if none are, leave --stolen out",
        )
    if _is_signed(folder):
        text = files.text(folder / status.STATUS, status.LIMIT)
        try:
            status.parse(text, f"{folder}/{status.STATUS}", environment.public_keys(bundled, keys))
        except SignatureError:
            return True
    tell("note", [f"{folder}: is not signed by stolen keys: --stolen changes nothing"])
    return False


def _is_signed(folder: Path) -> bool:
    from builder.errors import SiteError
    from builder.repositories.status import LIMIT, STATUS, is_signed
    from builder.text import files

    try:
        return is_signed(files.text(folder / STATUS, LIMIT))
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(f"{folder / STATUS}: cannot be read: {error}") from None


def _progress(text: str) -> None:
    tell("progress", [text])
