"""`trustpack check --site`: whether a published site is signed for long enough, and goes only forward."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from builder.cli import environment

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from builder.repositories.publication import Opener
    from builder.repositories.stores.store import SiteReader
    from builder.repositories.watch import SeenPublication, SiteHealth

DAYS = "21d"
_DUE = 1


def look(
    site: str,
    *,
    within: dt.timedelta,
    now: dt.datetime,
    keys: Opener | None,
    seen: Path | None,
    ca_file: Path | None,
) -> SiteHealth:
    """Look at a site as its clients do; remember in the file `seen` which publication it is."""
    from builder.repositories import watch

    before = _seen(seen) if seen else None
    with _reader(site, ca_file) as reader:
        health = watch.look(reader, keys, now=now, within=within, seen=before)
    if seen:
        _remember(seen, watch.seen_now(health))
    return health


def end(health: SiteHealth) -> typer.Exit:
    """Return how the command ends: 13 for what is wrong, 1 for what is due."""
    from builder.errors import SiteError

    return typer.Exit(SiteError.exit_code if health.problems else _DUE if health.due else 0)


def opener(keys: Path | None, *, config: Path | None, unsigned: bool) -> Opener | None:
    """Return what verifies a site: a folder of keys, a file of public ones, or the project's own."""
    from builder.signing import site_keys, site_verifier

    if unsigned:
        return None
    if keys is not None and not keys.is_dir():
        return site_verifier.of_file(keys)
    if keys is None:
        project = environment.project(config=config)
        keys = project.folder / project.config.repository.keys
    return site_keys.read_public(keys)


@contextlib.contextmanager
def _reader(site: str, ca_file: Path | None) -> Iterator[SiteReader]:
    from builder.repositories import stores

    if "://" not in site:
        yield stores.FolderStore(Path(site))
        return
    with contextlib.closing(stores.WebReader(site, ca_file=ca_file)) as reader:
        yield reader


def _seen(file: Path) -> SeenPublication | None:
    from builder.errors import UsageError
    from builder.repositories import watch
    from builder.text import files

    try:
        return watch.read_seen(files.read(file), str(file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"--seen {file}: cannot be read: {error.strerror}") from None


def _remember(file: Path, seen: SeenPublication) -> None:
    import json

    import msgspec

    from builder.release.atomic import write

    write(file, json.dumps(msgspec.to_builtins(seen), indent=2) + "\n")
