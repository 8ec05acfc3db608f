"""The second stage: certificates in; an accepted bundle, and what people should know about it, out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.errors import BundleError, PrivateKeyError
from builder.lint import bundle, certificate
from builder.lint.policy import Override, Policy, override
from builder.model import Bundle, Severity
from builder.rules import found

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from builder.lint.certificate import Facts
    from builder.model import Certificate, Finding

__all__ = ["Override", "Policy", "lint", "refuse"]


def lint(
    certificates: Sequence[Certificate],
    *,
    now: dt.datetime,
    policy: Policy,
    distrusted: Sequence[Certificate] = (),
) -> tuple[Bundle, tuple[Finding, ...]]:
    """Return the bundle without duplicates and what the policy drops, and every finding about it.

    The bundle is fit to be shipped only if no finding is an error: see `refuse`. What is wrong with
    `distrusted` certificates is no concern of it, but that none of theirs is a key it trusts.
    """
    unique, duplicates = bundle.merge(certificates)
    findings = list(duplicates)
    kept = []
    for item in unique:
        facts = certificate.read(item)
        chosen = tuple(bundle.choose(facts, policy, now=now))
        findings += [finding for _, finding in chosen]
        if not any(choice == "drop" for choice, _ in chosen):
            kept.append(item)
            findings += [_about(item, rule, message) for rule, message in _check(facts, now)]
    findings += bundle.alike(kept)
    findings += bundle.of_distrusted_keys(kept, distrusted)
    findings = list(override(findings, policy.overrides, today=now.date()))
    if unique and not kept:
        findings.append(found("nothing-left", unique[0].origin, "no certificate is left in the bundle"))
    return Bundle(tuple(sorted(kept, key=_order))), tuple(findings)


def _order(item: Certificate) -> tuple[str, bool, str]:
    # Of two CAs with one name and key, OpenSSL takes the first: not the one that needs another's.
    return item.label.lower(), not item.self_issued, item.sha256


def _about(item: Certificate, rule: str, message: str) -> Finding:
    # Mozilla lists one root whose exponent is 43147 (NetLock Arany): who keeps public roots keeps it.
    tolerated = rule == "rsa-exponent" and bundle.is_public(item)
    severity = Severity.WARNING if tolerated else None
    return found(rule, item.origin, f"{item.label}: {message}", fingerprint=item.sha256, severity=severity)


def _check(facts: Facts, now: dt.datetime) -> Iterator[tuple[str, str]]:
    yield from bundle.distrusted(facts.certificate)
    if not facts.is_ca and not facts.certificate.self_issued:
        # What else is wrong with a server's certificate is no concern of a CA bundle.
        yield "leaf", f"is no CA, but a certificate issued by {facts.certificate.issuer or 'nobody named'}"
        return
    said = tuple(certificate.check(facts, now=now))
    yield from said
    if certificate.signature_is_wrong(facts, (rule for rule, _ in said)):
        yield "bad-self-signature", "its self-signature is wrong"


def refuse(findings: Sequence[Finding]) -> None:
    """Raise an error that lists every error among `findings`, with what to do; return if there is none.

    Raises PrivateKeyError if one of them is a private key, else BundleError.
    """
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if not errors:
        return
    kind = PrivateKeyError if any(finding.rule == "private-key" for finding in errors) else BundleError
    lines = [f"{finding.origin}: {finding.message} [{finding.rule}]" for finding in errors]
    hints = dict.fromkeys((finding.rule, finding.hint) for finding in errors)
    hint = "\n".join(f"{rule}: {text}" for rule, text in hints) if len(hints) > 1 else errors[0].hint
    message = lines[0] if len(lines) == 1 else "\n  ".join((f"the bundle has {len(lines)} errors:", *lines))
    parts = [BundleError(line, hint=finding.hint) for line, finding in zip(lines, errors, strict=True)]
    raise kind(message, hint=hint, parts=parts if len(parts) > 1 else ())
