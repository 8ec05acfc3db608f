"""What the command line and the environment say about a build, as values the stages take."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from builder.errors import UsageError

if TYPE_CHECKING:
    from builder.config import Config
    from builder.release import Release


_MOST_DIGITS = 10  # of seconds since 1970, until 2286


@dataclass(frozen=True, slots=True)
class Chosen:
    """A configuration, the folder its paths start from, and the file it came from (None: the options)."""

    config: Config
    folder: Path
    file: Path | None

    @property
    def beside(self) -> Path | None:
        """The folder in which an organisation's own recipes may lie: the configuration's, if there is one."""
        return self.folder if self.file else None

    def where(self, key: tuple[str | int, ...]) -> str:
        """Return "file:line" of a key of the configuration."""
        from builder.config import where

        return where(self.file, key) if self.file else ".".join(map(str, key))


def choose(paths: list[str], org: str | None, file: Path | None, *, quiet: bool = False) -> Chosen:
    """Return the configuration of a command: its options alone with --org, else trustpack.yaml's.

    Bundle paths on the command line replace the file's. Raises UsageError or ConfigError.
    """
    from builder import config

    default = Path(config.FILE_NAME)
    if org is not None:
        if file is not None:
            raise UsageError(
                "--org and --config: give one of them", hint="--org builds without a configuration"
            )
        if not paths:
            raise UsageError("--org: needs the bundle's files", hint="trustpack build roots.pem --org NAME")
        if default.exists() and not quiet:
            typer.echo(f"note: {default} is not used, because --org is given", err=True)
        return Chosen(config.minimal(org, paths), Path(), None)
    if file is None and paths and not default.exists():
        raise UsageError("whose bundle is it?", hint="add --org NAME, or run 'trustpack init' first")
    import msgspec

    file = file or default
    found = config.read(file)
    if "" in paths:
        raise UsageError("the bundle: a path is empty", hint="is a variable of the shell not set?")
    if paths:
        section = msgspec.structs.replace(found.bundle, paths=[_from_here(path) for path in paths])
        found = msgspec.structs.replace(found, bundle=section)
    return Chosen(found, file.parent, file)


def _from_here(path: str) -> str:
    """Return an input of the command line so that it means the same from the configuration's folder."""
    from builder.load import is_file_name

    return str(Path(path).absolute()) if is_file_name(path) else path


def release(chosen: Chosen, given: str | None) -> Release | None:
    """Return the release that is asked for: `given`, else the configuration's; raises ReleaseError."""
    from builder.errors import ReleaseError
    from builder.release import parse

    if given is not None or chosen.config.release is None:
        return None if given is None else parse(given)
    try:
        return parse(chosen.config.release)
    except ReleaseError as error:
        raise ReleaseError(f"{chosen.where(('release',))}: {error}", hint=error.hint) from None


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
    from builder.release import LATEST

    value = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not value:
        return None
    # gzip's and rpm's clocks end at LATEST; Python refuses to read numbers of thousands of digits.
    digits = value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS
    if not digits or int(value) > LATEST:
        raise UsageError(f"SOURCE_DATE_EPOCH '{value}': is not a number of seconds since 1970")
    return int(value)
