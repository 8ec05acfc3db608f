"""Load and lint a configured bundle, say what was found, and stop on errors."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

import typer

from builder.errors import ConfigError
from builder.model import Bundle, Severity
from builder.quoting import visible

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from builder.cli.options import Treatment
    from builder.cli.settings import Chosen
    from builder.lifecycle import Lifecycle
    from builder.load import Loading
    from builder.lock import Lock
    from builder.model import Certificate, Finding, Revision
    from builder.release import Release

_SHOWN = 3


def accept(
    chosen: Chosen,
    now: dt.datetime,
    *,
    expired: Treatment | None = None,
    intermediates: Treatment | None = None,
    public_roots: Treatment | None = None,
    password_file: Path | None = None,
    quiet: bool = False,
) -> Bundle:
    """Return the configured bundle; raise BundleError or PrivateKeyError where lint finds an error.

    `expired`, `intermediates` and `public_roots` replace the configuration's; `password_file` opens locked
    trust stores. Warnings go to standard error, with `quiet` those of overridden errors alone. What is wrong
    with a distrusted CA is no error: that may be why it is distrusted.
    """
    from builder.lint import refuse

    loading = _load(chosen, password_file)
    bundle, findings = _lint(
        chosen, loading, now, expired=expired, intermediates=intermediates, public_roots=public_roots
    )
    refuse(findings)
    if bundle.distrusted and not bundle.certificates:
        raise ConfigError(f"{chosen.file}: every CA of the bundle is distrusted, so there is nothing to ship")
    _warn(findings, quiet=quiet)
    return bundle


def survey(chosen: Chosen, now: dt.datetime, password_file: Path | None = None) -> Bundle:
    """Return the configured bundle whatever lint says of its certificates; unreadable inputs still raise."""
    from builder.lint import refuse

    loading = _load(chosen, password_file)
    refuse(loading.findings)
    return _lint(chosen, loading, now)[0]


def lifecycle(chosen: Chosen) -> Lifecycle:
    """Return where each CA is in its life, as configured; raises ConfigError naming file and line."""
    from builder import lifecycle as lifecycles

    return lifecycles.read(chosen.config.lifecycle, chosen.where)


def lock_file(chosen: Chosen) -> Path | None:
    """Return where the lock is, or would be: beside the configuration; None for a build without one."""
    from builder.lock import FILE_NAME

    return chosen.file.parent / FILE_NAME if chosen.file else None


def read_lock(chosen: Chosen) -> Lock | None:
    """Return the lock beside the configuration, None where there is none; raises ConfigError or LockError."""
    from builder.errors import LockError
    from builder.lock import read

    file = lock_file(chosen)
    lock = read(file) if file else None
    if lock and lock.organisation != chosen.config.organisation.slug:
        raise LockError(f"{file}: is the lock of {visible(lock.organisation)}", hint="one folder, one lock")
    return lock


def locked(chosen: Chosen, bundle: Bundle, *, wanted: Release | None) -> Release | None:
    """Return the release to build: the lock's, else `wanted`; raise LockError where it does not fit."""
    from builder.lock import describe, verify

    lock = read_lock(chosen)
    if lock is None:
        return wanted
    verify(lock, describe(bundle, lifecycle(chosen)), str(lock_file(chosen)), wanted=wanted)
    return lock.release


def history(chosen: Chosen) -> tuple[Revision, ...]:
    """Return what the lock tells of every release, for packages' changelogs; nothing without a lock."""
    from builder.changelog import of_lock

    lock = read_lock(chosen)
    return of_lock(lock) if lock else ()


def _load(chosen: Chosen, password_file: Path | None = None) -> Loading:
    from builder.cli.lint import read

    return read(chosen.config.bundle.paths, folder=chosen.folder, password_file=password_file)


def _lint(
    chosen: Chosen,
    loading: Loading,
    now: dt.datetime,
    *,
    expired: Treatment | None = None,
    intermediates: Treatment | None = None,
    public_roots: Treatment | None = None,
) -> tuple[Bundle, tuple[Finding, ...]]:
    from builder import lifecycle as lifecycles
    from builder.cli.lint import policy
    from builder.lint import lint

    stages = lifecycle(chosen)
    lock = read_lock(chosen)
    rules = policy(chosen, expired=expired, intermediates=intermediates, public_roots=public_roots)
    trusted, blocked = stages.parted(loading.certificates)
    bundle, findings = lint(trusted, now=now, policy=rules, distrusted=blocked)
    lifecycles.check(
        stages,
        chosen.config.lifecycle,
        chosen.where,
        held=[item.sha256 for item in loading.certificates],
        past=lock.known if lock else (),
        shipped=[item.sha256 for item in bundle.certificates],
    )
    reasons = {item.sha256: stages.stage(item.sha256).distrust for item in blocked}
    return Bundle(bundle.certificates, _once(blocked), reasons), loading.findings + findings


def _warn(findings: Iterable[Finding], *, quiet: bool) -> None:
    """Print the warnings; of those that one rule has for many CAs, the first few and how many more."""
    from builder.lint.rules import RULES

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
            typer.echo(visible(f"warning: {finding.origin}: {finding.message}"), err=True)
    for rule, count in said.items():
        if count > _SHOWN:
            typer.echo(f"warning: {rule}: {count - _SHOWN} more; 'trustpack lint' lists them all", err=True)


def _once(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    unique = {item.sha256: item for item in certificates}
    return tuple(sorted(unique.values(), key=lambda item: (item.label.lower(), item.sha256)))
