"""`trustpack keys`: the keys that sign packages and sites: made, shown, replaced, looked through."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from builder.cli import environment, key_place, options
from builder.cli.messages import tell

if TYPE_CHECKING:
    from builder.signing.key_folder import KeyFolder
    from builder.signing.private_file import Passwords

app = typer.Typer(help="Make, show and rotate the keys that sign packages and sites.", no_args_is_help=True)

_Keys = Annotated[
    Path | None,
    typer.Option(
        "--keys",
        help="The folder of the keys.  [default: the configuration's, or keys]",
        parser=options.path,
        metavar="<path>",
    ),
]
_Encrypt = Annotated[
    bool, typer.Option("--encrypt", help="Ask for a password, and encrypt the new private keys with it.")
]
_GPG_HELP = "The fingerprint of an OpenPGP key that GnuPG's agent has, for the {} keys."
_PUBLIC_HELP = "The public key, PEM, that repository.signer signs with, for the {} keys."


@app.command("new")
def new_keys(
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    keys: _Keys = None,
    password_file: options.KeyPasswordFile = None,
    encrypt: _Encrypt = False,
    gpg: Annotated[str, typer.Option(help=_GPG_HELP.format("current"), metavar="<fingerprint>")] = "",
    gpg_next: Annotated[str, typer.Option(help=_GPG_HELP.format("next"), metavar="<fingerprint>")] = "",
    public: Annotated[
        Path | None,
        typer.Option(help=_PUBLIC_HELP.format("current"), parser=options.path, metavar="<path>"),
    ] = None,
    public_next: Annotated[
        Path | None, typer.Option(help=_PUBLIC_HELP.format("next"), parser=options.path, metavar="<path>")
    ] = None,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Make the keys that sign a site: those for now, and those that are to follow them.

    Both are published from the first day, so that clients know the next ones long before they sign. Move the
    private half of the next ones to a safe place: nothing needs it before the next rotation.
    """
    from builder.config import organisation
    from builder.signing import new
    from builder.signing.generation import Wanted

    chosen = options.chosen(form, json=json)
    _refuse_two(("--gpg", gpg), ("--public", public))
    _refuse_two(("--gpg-next", gpg_next), ("--public-next", public_next))
    project = environment.project(bundled=options.Bundled(config, realm), now=now)
    place = key_place.find(options.Bundled(config, realm), keys)
    owner = organisation(project.config)
    found = new.create(
        place.folder,
        organisation=owner.slug,
        user_id=new.user_id(owner.name, owner.contact_email),
        time=int(project.now.timestamp()),
        password=_password(password_file, encrypt=encrypt),
        wanted=(Wanted(gpg, public), Wanted(gpg_next, public_next)),
        signer=place.signer,
    )
    _report(found, chosen)
    _remind(found)


@app.command()
def show(
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    keys: _Keys = None,
    form: options.Form = None,
    json: options.Json = False,
) -> None:
    """Show which keys there are, what each is for and who knows it."""
    from builder.signing import key_folder

    chosen = options.chosen(form, json=json)
    _report(key_folder.read(key_place.find(options.Bundled(config, realm), keys).folder), chosen)


@app.command()
def rotate(
    *,
    finish: Annotated[
        bool, typer.Option("--finish", help="Let the keys before the current ones sign no more.")
    ] = False,
    lost: Annotated[
        bool, typer.Option("--lost", help="The current private keys are lost: the next ones sign at once.")
    ] = False,
    stolen: Annotated[
        bool,
        typer.Option("--stolen", help="Somebody has the current private keys: the next ones sign at once."),
    ] = False,
    replace_next: Annotated[
        bool, typer.Option("--replace-next", help="The next keys were lost or stolen: make others.")
    ] = False,
    config: options.Config = None,
    realm: options.Realm = None,
    keys: _Keys = None,
    password_file: options.KeyPasswordFile = None,
    encrypt: _Encrypt = False,
    gpg_next: Annotated[str, typer.Option(help=_GPG_HELP.format("new next"), metavar="<fingerprint>")] = "",
    public_next: Annotated[
        Path | None, typer.Option(help=_PUBLIC_HELP.format("new next"), parser=options.path, metavar="<path>")
    ] = None,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Let the next keys sign, beside the current ones, and make new next ones.

    Clients know them already. Publish the site, wait until hosts have upgraded, and end the rotation with
    --finish. 'trustpack docs keys' tells it step by step.
    """
    from builder.errors import UsageError
    from builder.signing import rotation
    from builder.signing.generation import Wanted

    chosen = options.chosen(form, json=json)
    given = {"--finish": finish, "--lost": lost, "--stolen": stolen, "--replace-next": replace_next}
    steps = [name for name, is_given in given.items() if is_given]
    if len(steps) > 1:
        raise UsageError(f"{' and '.join(steps)}: give one of them")
    _refuse_two(("--gpg-next", gpg_next), ("--public-next", public_next))
    place, time = (
        key_place.find(options.Bundled(config, realm), keys),
        int(environment.clock(now).timestamp()),
    )
    folder = place.folder
    if finish:
        making: dict[str, object] = {"--password-file": password_file, "--encrypt": encrypt}
        making |= {"--gpg-next": gpg_next, "--public-next": public_next}
        options.refuse_idle(making, "is about new keys, and --finish makes none")
        found = rotation.finish(folder, time=time)
    else:
        passwords = environment.key_passwords(password_file)
        step = rotation.Rotation(
            time=time,
            wanted=Wanted(gpg_next, public_next),
            signer=place.signer,
            passwords=passwords,
            password=_password(password_file, encrypt=encrypt) or _inherited(folder, passwords),
        )
        if replace_next:
            found = rotation.replace_next(folder, step)
        elif lost or stolen:
            found = rotation.replace(folder, step, stolen=stolen)
        else:
            found = rotation.begin(folder, step)
    _report(found, chosen)
    if not finish:
        _remind(found)
    if not (finish or replace_next) and (days := rotation.young(found, time=time)):
        count = f"{days} day{'s' * (days != 1)}"
        tell(
            "warning",
            [f"{folder}: hosts that have not upgraded for {count} do not know the keys that sign now"],
        )
    tell("note", [f"{folder}: publish the site with these keys: trustpack repo refresh"])


@app.command()
def complete(
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    keys: _Keys = None,
    password_file: options.KeyPasswordFile = None,
    encrypt: _Encrypt = False,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Make the keys for statements that a folder lacks, if it was made before there were any.

    The current and the next generation get one each; nothing else changes. Publish the site then, which tells
    the public ones.
    """
    from builder.signing import rotation

    chosen = options.chosen(form, json=json)
    folder = key_place.find(options.Bundled(config, realm), keys).folder
    passwords = environment.key_passwords(password_file)
    password = _password(password_file, encrypt=encrypt) or _inherited(folder, passwords)
    time = int(environment.clock(now).timestamp())
    found = rotation.complete(folder, rotation.Rotation(time=time, password=password))
    _report(found, chosen)
    _remind(found)


@app.command()
def check(
    *,
    config: options.Config = None,
    realm: options.Realm = None,
    keys: _Keys = None,
    password_file: options.KeyPasswordFile = None,
    form: options.Form = None,
    json: options.Json = False,
    now: options.Now = None,
) -> None:
    """Try each key that signs, and tell what is wrong with the folder of the keys.

    Something is signed with each, and another program verifies it. The status is 12 where keys cannot sign.
    """
    from builder.errors import SignatureError
    from builder.signing import checking, key_folder, report
    from builder.text.quoting import visible

    chosen = options.chosen(form, json=json)
    place = key_place.find(options.Bundled(config, realm), keys)
    findings = checking.check(
        place.folder,
        time=int(environment.clock(now).timestamp()),
        passwords=environment.key_passwords(password_file),
        signer=place.signer,
    )
    if chosen == "json":
        typer.echo(report.check_json(key_folder.read(place.folder), findings), nl=False)
    else:
        for one in findings:
            typer.echo(visible(f"{one.level}: {one.where}: {one.message}"))
            if one.hint:
                typer.echo(visible(f"  {one.hint}"))
    if any(one.level == "error" for one in findings):
        raise typer.Exit(SignatureError.exit_code)


def _refuse_two(*given: tuple[str, object]) -> None:
    """Raise UsageError where a key is to be in two places at once."""
    from builder.errors import UsageError

    if all(value for _, value in given):
        raise UsageError(f"{' and '.join(name for name, _ in given)}: give one of them")


def _password(file: Path | None, *, encrypt: bool) -> str:
    """Return the password that new private keys are encrypted with; empty for none."""
    from builder.signing import private_file

    if file is not None:
        return private_file.read_passwords(file)[0]
    return environment.new_password() if encrypt else ""


def _inherited(folder: Path, passwords: Passwords) -> str:
    """Return the password of the keys that are there, if they are encrypted."""
    from builder.signing import key_folder, private_file

    found = key_folder.read(folder)
    paths = [found.path / name for one in found.in_state("current", "next") for name in one.private]
    encrypted = [path for path in paths if private_file.is_encrypted(path)]
    return next(iter(passwords.of(encrypted[0])), "") if encrypted else ""


def _report(found: KeyFolder, form: str) -> None:
    from builder.signing import report
    from builder.text.quoting import visible

    if form == "json":
        typer.echo(report.keys_json(found), nl=False)
        return
    for line in report.lines(found):
        typer.echo(visible(line))


def _remind(found: KeyFolder) -> None:
    """Say which private keys are to be moved away."""
    private = (name for one in found.in_state("next") for name in one.private)
    names = [name for name in private if (found.path / name).exists()]
    if names:
        tell(
            "note",
            [f"{found.path}: move {', '.join(names)} to another place: they sign after the next rotation"],
        )
