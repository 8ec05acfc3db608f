"""What a bundle may hold: roles, known roots, expiry, and certificates that are too much alike."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from builder.lint import known
from builder.model import Severity
from builder.rules import found

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from builder.lint.certificate import Facts
    from builder.lint.policy import Choice, Policy
    from builder.model import Certificate, Finding

# What a policy's choice makes of a finding: refused, said to be left out, or warned about.
_SEVERITY = {"refuse": Severity.ERROR, "drop": Severity.NOTE, "keep": Severity.WARNING}
_OUTCOME = {"refuse": "", "drop": "; left out, as configured", "keep": "; kept, as configured"}


def merge(certificates: Iterable[Certificate]) -> tuple[tuple[Certificate, ...], tuple[Finding, ...]]:
    """Return each certificate once, where it was found first, and a warning for each further time."""
    first: dict[str, Certificate] = {}
    findings = []
    for certificate in certificates:
        if certificate.sha256 in first:
            message = f"is the same certificate as {first[certificate.sha256].origin}"
            findings.append(found("duplicate", certificate.origin, message, fingerprint=certificate.sha256))
        else:
            first[certificate.sha256] = certificate
    return tuple(first.values()), tuple(findings)


def choose(facts: Facts, policy: Policy, *, now: dt.datetime) -> Iterator[tuple[Choice, Finding]]:
    """Yield what the policy says about a certificate, as often as it has something to say."""
    certificate = facts.certificate
    if certificate.not_after < now:
        yield _chosen("expired", policy.expired, certificate, f"expired on {certificate.not_after.date()}")
    if facts.is_ca and not facts.is_root:
        message = f"is an intermediate, issued by {certificate.issuer or 'nobody named'}"
        yield _chosen("intermediate", policy.intermediates, certificate, message)
    if is_public(certificate):
        yield _chosen("public-root", policy.public_roots, certificate, "is a root that clients trust already")


def _chosen(rule: str, choice: Choice, certificate: Certificate, message: str) -> tuple[Choice, Finding]:
    finding = found(
        rule,
        certificate.origin,
        f"{certificate.label}: {message}{_OUTCOME[choice]}",
        fingerprint=certificate.sha256,
        severity=_SEVERITY[choice],
    )
    return choice, finding


def is_public(certificate: Certificate) -> bool:
    """Tell whether the certificate or its key is a public root's."""
    status = known.look_up(certificate)
    return status is not None and status.status == "public"


def distrusted(certificate: Certificate) -> Iterator[tuple[str, str]]:
    """Yield rule and message where the certificate or its key is known to deserve no trust."""
    status = known.look_up(certificate)
    if status and status.status != "public":
        yield f"{status.status}-root", f"is a {status.status} root: {status.reason}"


def of_distrusted_keys(
    certificates: Iterable[Certificate], distrusted: Iterable[Certificate]
) -> Iterator[Finding]:
    """Yield an error for each certificate whose key a distrusted certificate holds, too."""
    keys = {item.spki_sha256: item for item in distrusted}
    for certificate in certificates:
        if other := keys.get(certificate.spki_sha256):
            message = f"{certificate.label}: has the key of {other.origin}, which is distrusted"
            yield found("distrusted-key", certificate.origin, message, fingerprint=certificate.sha256)


def alike(certificates: Sequence[Certificate]) -> Iterator[Finding]:
    """Yield a warning for each certificate that shares its subject or its key with an earlier one."""
    subjects: defaultdict[str, list[Certificate]] = defaultdict(list)
    keys: defaultdict[str, list[Certificate]] = defaultdict(list)
    for certificate in certificates:
        subject, key = subjects[certificate.subject], keys[certificate.spki_sha256]
        if certificate.subject:
            yield from _pair("same-subject", certificate, subject, "the same subject, but another key,")
        yield from _pair("same-key", certificate, key, "the same key")
        subject.append(certificate)
        key.append(certificate)


def _pair(rule: str, certificate: Certificate, others: Sequence[Certificate], what: str) -> Iterator[Finding]:
    for other in others:
        if rule == "same-key" or other.spki_sha256 != certificate.spki_sha256:
            message = f"{certificate.label}: has {what} as {other.origin}"
            yield found(rule, certificate.origin, message, fingerprint=certificate.sha256)
            return
