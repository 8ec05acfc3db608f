"""Load and lint a configured bundle, say what was found, and stop on errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from builder.model import Severity

if TYPE_CHECKING:
    import datetime as dt

    from builder.cli.settings import Chosen
    from builder.model import Bundle


def accept(
    chosen: Chosen,
    now: dt.datetime,
    *,
    expired: str | None = None,
    intermediates: str | None = None,
    quiet: bool = False,
) -> Bundle:
    """Return the configured bundle; raise BundleError or PrivateKeyError where lint finds an error.

    `expired` and `intermediates` replace the configuration's. Warnings go to standard error.
    """
    from builder.lint import lint, refuse
    from builder.load import load

    section = chosen.config.bundle
    loading = load([chosen.folder / path for path in section.paths])
    policy = settings_policy(section, expired=expired, intermediates=intermediates)
    bundle, findings = lint(loading.certificates, now=now, policy=policy)
    findings = loading.findings + findings
    refuse(findings)
    for finding in findings:
        if finding.severity is Severity.WARNING and not quiet:
            typer.echo(f"warning: {finding.origin}: {finding.message}", err=True)
    return bundle
