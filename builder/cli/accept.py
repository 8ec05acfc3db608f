"""Load and lint a configured bundle, say what was found, and stop on errors."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import typer

from builder.errors import ConfigError
from builder.model import Severity
from builder.quoting import visible

if TYPE_CHECKING:
    from builder.cli.build import Treatment
    from builder.cli.settings import Chosen
    from builder.config import BundleSection, OverrideSection
    from builder.lint import Override, Policy
    from builder.model import Bundle


def accept(
    chosen: Chosen,
    now: dt.datetime,
    *,
    expired: Treatment | None = None,
    intermediates: Treatment | None = None,
    quiet: bool = False,
) -> Bundle:
    """Return the configured bundle; raise BundleError or PrivateKeyError where lint finds an error.

    `expired` and `intermediates` replace the configuration's. Warnings go to standard error.
    """
    from builder.lint import lint, refuse
    from builder.load import load

    section = chosen.config.bundle
    loading = load([chosen.folder / path for path in section.paths])
    policy = _policy(section, expired=expired, intermediates=intermediates)
    bundle, findings = lint(loading.certificates, now=now, policy=policy)
    findings = loading.findings + findings
    refuse(findings)
    for finding in findings:
        if finding.severity is Severity.WARNING and not quiet:
            typer.echo(visible(f"warning: {finding.origin}: {finding.message}"), err=True)
    return bundle


def _policy(section: BundleSection, *, expired: Treatment | None, intermediates: Treatment | None) -> Policy:
    from builder.lint import Policy

    return Policy(
        expired=expired or section.expired,
        intermediates=intermediates or section.intermediates,
        public_roots=section.public_roots,
        overrides=tuple(_override(item) for item in section.overrides),
    )


def _override(item: OverrideSection) -> Override:
    from builder.lint import Override

    try:
        until = dt.date.fromisoformat(item.until)
    except ValueError as error:
        raise ConfigError(f"bundle.overrides: until {item.until}: {error}") from error
    fingerprint = item.fingerprint.replace(":", "").lower()
    return Override(rule=item.rule, fingerprint=fingerprint, reason=item.reason, until=until)
