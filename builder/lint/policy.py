"""What an organisation decides about findings: whole classes by settings, single ones by dated overrides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from builder.model import Origin, Severity
from builder.rules import RULES, found

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from builder.model import Finding

_CONFIG = Origin("trustpack.yaml")

Choice = Literal["refuse", "drop", "keep"]


class Override(msgspec.Struct, frozen=True):
    """One error that somebody accepts: the rule, the certificate, why, and the last day on which it holds."""

    rule: str
    fingerprint: str
    reason: str
    until: dt.date
    origin: Origin = _CONFIG


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What to do with certificates that are expired, intermediate, or a public CA's root."""

    expired: Choice = "refuse"
    intermediates: Choice = "refuse"
    public_roots: Choice = "refuse"
    overrides: tuple[Override, ...] = ()


def override(
    findings: Iterable[Finding], overrides: Sequence[Override], *, today: dt.date
) -> Iterator[Finding]:
    """Yield the findings, overridden errors as warnings that say so, and what is wrong with overrides."""
    used = set()
    for finding in findings:
        match = next((item for item in overrides if _covers(item, finding)), None)
        if match is None:
            yield finding
            continue
        used.add(match)
        if today > match.until:
            yield finding
            yield found("override-ended", match.origin, _ended(match), fingerprint=match.fingerprint)
        else:
            message = f"{finding.message} (overridden until {match.until}: {match.reason})"
            yield msgspec.structs.replace(finding, severity=Severity.WARNING, message=message)
    for unused in overrides:
        if unused not in used:
            message = f"the override of {unused.rule} for {unused.fingerprint} matches no error"
            yield found("override-unused", unused.origin, message, fingerprint=unused.fingerprint)


def _covers(item: Override, finding: Finding) -> bool:
    return (
        finding.severity is Severity.ERROR
        and not RULES[finding.rule].final
        and (item.rule, item.fingerprint) == (finding.rule, finding.fingerprint)
    )


def _ended(item: Override) -> str:
    return f"the override of {item.rule} for {item.fingerprint} ended on {item.until}"
