"""What the environment says to a command: the clock, SOURCE_DATE_EPOCH, passwords, standard input."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from builder.cli.messages import tell
from builder.cli.options import Bundled, refuse_idle
from builder.errors import UsageError

if TYPE_CHECKING:
    from builder.lifecycle.plan import Warned
    from builder.load.access import Access
    from builder.model import Bundle, Finding, Release
    from builder.pipeline.accept import Treatments
    from builder.pipeline.project import Project
    from builder.repositories.publication import SiteKeys, StatusOpener
    from builder.signing.keyring import Keyring
    from builder.signing.private_file import Passwords

_MOST_DIGITS = 10  # of seconds since 1970, until 2286
_SHOWN = 3
_PLAIN = Bundled()


def project(
    *,
    paths: list[str] | None = None,
    org: str | None = None,
    bundled: Bundled = _PLAIN,
    now: str | None = None,
    quiet: bool = False,
) -> Project:
    """Return the project that a command's options and environment name; raises UsageError or ConfigError."""
    from builder.config import FILE_NAME
    from builder.lifecycle.lock import FILE_NAME as LOCK_NAME
    from builder.pipeline.project import find

    found = find(paths or [], org, *bundled, now=clock(now), source_date_epoch=source_date_epoch())
    passed_over = [name for name in (FILE_NAME, LOCK_NAME) if Path(name).exists()]
    if org is not None and passed_over and not quiet:
        verb = "are" if len(passed_over) > 1 else "is"
        tell("note", [f"{' and '.join(passed_over)} {verb} not used, because --org is given"])
    return found


def tell_realms(found: Project) -> None:
    """Say which realms there are where none was asked for: nobody is to believe that they are in it."""
    if names := [] if found.realm else list(found.config.realms):
        tell("note", [f"{found.file} has realms: {', '.join(names)}; this is {found.slug}'s own bundle"])


def variables() -> dict[str, str]:
    """Return the environment, of which the doctor looks at those variables alone that name roots."""
    return dict(os.environ)


def is_root() -> bool:
    """Tell whether root asks."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def access(password_file: Path | None = None) -> Access:
    """Return how inputs are opened: passwords from `password_file`, or asked for on a terminal."""
    from builder.load.access import Access
    from builder.load.source import MAX_BYTES

    return Access(
        passwords=_passwords(password_file),
        stdin=lambda: sys.stdin.buffer.read(MAX_BYTES + 1),
        ask=_ask if sys.stdin.isatty() else None,
    )


def accepted(
    found: Project,
    *,
    treatments: Treatments | None = None,
    password_file: Path | None = None,
    quiet: bool = False,
) -> Bundle:
    """Return the project's bundle, as `accept` does, and print what it warns of to standard error.

    With `quiet`, only the warnings that stand for overridden errors.
    """
    from builder.pipeline.accept import Treatments, accept

    result = accept(found, access=access(password_file), treatments=treatments or Treatments())
    _warn(result.findings, quiet=quiet)
    return result.bundle


def site_keys(
    found: Project,
    folder: Path | None,
    password_file: Path | None,
    *,
    published: Path | None = None,
    stolen: bool = False,
) -> SiteKeys:
    """Return what signs the project's site: the keys in `folder`, or where its configuration has them.

    They must not lie in the folder that is `published`. With `stolen`, what stolen keys signed is believed.
    """
    from builder.signing import site_keys as signing

    where = folder or found.folder / found.config.repository.keys
    if published is not None:
        signing.refuse_inside(where, published)
    return signing.read(
        where,
        organisation=found.config.organisation.slug,
        passwords=key_passwords(password_file),
        signer=found.config.repository.signer or (),
        stolen=stolen,
    )


def opener(
    bundled: Bundled, folder: Path | None, certificate: Path | None, *, unsigned: bool
) -> StatusOpener | None:
    """Return the public keys that vouch for a site: those in a file like ORG.asc, or in a folder of keys.

    `folder` is the configuration's where it is None. None where the site is `unsigned`.
    """
    from builder.signing import verifying

    given = {"--keys": folder, "--certificate": certificate, "--unsigned": unsigned}
    names = [name for name, value in given.items() if value]
    if len(names) > 1:
        raise UsageError(f"{' and '.join(names)}: give one of them")
    if unsigned:
        refuse_idle({"--realm": bundled.realm}, "says nothing of a site that is not signed")
        return None
    if certificate is not None:
        refuse_idle(bundled.given, "says nothing of a site whose keys --certificate gives")
        return verifying.KnownKeys(verifying.public_keys(_read_file(certificate), str(certificate)))
    return public_keys(bundled, folder)


def public_keys(bundled: Bundled, folder: Path | None) -> Keyring:
    """Return the public keys in a folder of keys, the configuration's where it is None."""
    from builder.signing import site_keys as signing

    if folder is not None and bundled.realm is None:
        return signing.read_public(folder)
    found = project(bundled=bundled)
    return signing.read_public(
        folder or found.folder / found.config.repository.keys, organisation=found.config.organisation.slug
    )


def _read_file(path: Path) -> bytes:
    from builder.text import files

    try:
        return files.read(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None


def key_passwords(file: Path | None) -> Passwords:
    """Return how encrypted keys are opened: by the lines of a file, or by what is entered at a terminal."""
    from builder.signing import private_file

    given = private_file.read_passwords(file) if file else ()
    entered: list[str] = []

    def ask(name: str) -> str:
        # One folder's keys have one password, and people enter it once.
        if not entered:
            entered.append(_ask(name))
        return entered[0]

    return private_file.Passwords(given, ask if sys.stdin.isatty() else None)


def new_password() -> str:
    """Return a password that is entered twice; raise UsageError where there is no terminal to do it at."""
    if not sys.stdin.isatty():
        raise UsageError("--encrypt: there is no terminal", hint="give a file by --password-file")
    prompt = "Password of the new keys"
    entered: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True)
    return entered


def proxy(scheme: str, host: str) -> str | None:
    """Return the proxy that the environment names for a host."""
    import urllib.request

    return None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(scheme)


def clock(now: str | None) -> dt.datetime:
    """Return the moment at which validity is judged: the real clock, or --now for tests."""
    if now is None:
        return dt.datetime.now(dt.UTC)
    try:
        moment = dt.datetime.fromisoformat(now)
    except ValueError:
        raise UsageError(f"--now '{now}': is not a time", hint="write it like 2026-11-24T12:00:00Z") from None
    try:
        return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except OverflowError:
        raise UsageError(f"--now '{now}': is beyond the calendar") from None


def source_date_epoch() -> int | None:
    """Return SOURCE_DATE_EPOCH in seconds since 1970, or None where it is not set.

    See https://reproducible-builds.org/specs/source-date-epoch/.
    """
    from builder.model.release import LATEST
    from builder.text.faults import shown

    value = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not value:
        return None
    if not (value.isascii() and value.isdigit()):
        raise UsageError(f"SOURCE_DATE_EPOCH {shown(value)}: is not a number of seconds since 1970")
    # gzip's and rpm's clocks end at LATEST; Python refuses to read numbers of thousands of digits.
    if len(value) > _MOST_DIGITS or int(value) > LATEST:
        raise UsageError(
            f"SOURCE_DATE_EPOCH {shown(value)}: is not a number of seconds since 1970 that packages can hold",
            hint=f"their clocks end at {LATEST}, in 2106; is it in milliseconds?",
        )
    return int(value)


def heed(project: Project, warned: tuple[Warned, ...], *, quiet: bool = False) -> None:
    """Print what the plan warns of; raise TrustpackError where the configuration lets that stop a command."""
    from builder.pipeline.plan import refuse_warned

    if project.config.lifecycle.fail_on == "warning" or not quiet:
        tell("warning", [one.text for one in warned])
    refuse_warned(project, warned)


def agree_to_scheme(old: Release, new: Release, *, given: bool) -> None:
    """Ask whether releases may be numbered in another way, if they are; raise ReleaseError unless they may.

    `given` is the option that says so: without it, only a person at a terminal can.
    """
    from builder.errors import ReleaseError
    from builder.model.release import counted_on, one_way

    said = one_way(old, new)
    if not said or given:
        return
    if sys.stdin.isatty() and typer.confirm(f"{said}. Go on?", err=True):
        return
    raise ReleaseError(
        said,
        hint=f"--change-scheme does it all the same; to go on as before: --release {counted_on(old).text}",
    )


def has_terminal() -> bool:
    """Tell whether programs that are started can ask somebody, whatever their standard streams are."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _ask(name: str) -> str:
    entered: str = typer.prompt(f"Password of {name}", hide_input=True, err=True)
    return entered


def _passwords(file: Path | None) -> tuple[str, ...]:
    from builder.text import files

    if file is None:
        return ()
    try:
        return tuple(files.text(file).splitlines())
    except OSError as error:
        raise UsageError(f"--password-file {file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        # What it holds must not be shown, so neither is Python's own message.
        raise UsageError(f"--password-file {file}: cannot be read as UTF-8 text") from None


def _warn(findings: tuple[Finding, ...], *, quiet: bool) -> None:
    """Print the warnings; of those that one rule has for many CAs, the first few and how many more."""
    from builder.model import Severity
    from builder.rules import RULES

    said: Counter[str] = Counter()
    for finding in findings:
        if finding.severity is not Severity.WARNING:
            continue
        # An error that is overridden is shown in every build, whatever else there is to say.
        if RULES[finding.rule].severity is not Severity.ERROR:
            if quiet:
                continue
            said[finding.rule] += 1
        if said[finding.rule] <= _SHOWN:
            tell("warning", [f"{finding.origin}: {finding.message}"])
    for rule, count in said.items():
        if count > _SHOWN:
            tell("warning", [f"{rule}: {count - _SHOWN} more; 'trustpack lint' lists them all"])
