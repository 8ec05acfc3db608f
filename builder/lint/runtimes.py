"""Whether a server under a root will verify, runtime by runtime: measured by handshakes, not derived.

tests/lint/test_handshakes.py repeats the measurement with every runtime at hand. Measured 2026-11 with
Python 3.9 to 3.13, Node 18 to 26, Java 17 and 25, Go 1.19 and 1.26, Ruby 3.1 and curl 7.88, OpenSSL as
Debian 12 builds it (security level 2), and Node as its makers do: Debian's is as strict as its OpenSSL.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from builder import x509
from builder.errors import UsageError
from builder.lint import bundle, certificate, extensions
from builder.lint.policy import Policy

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from builder.lint.certificate import Facts
    from builder.model import Certificate

# Families of runtimes that agree. Python 3.13 turned OpenSSL's strict checks on; Node 24 brought OpenSSL 3.5;
# Go 1.23 began to refuse negative serial numbers (GODEBUG x509negativeserial).
_GO = ("go", "go1.23")
_FAMILIES = ("python", "python3.13", "node", "node24", "java", *_GO, "ruby", "curl")
_NAME = re.compile(r"(python|node|java|go|ruby|curl)([0-9]+)?(?:\.([0-9]+))?(?:\.[0-9]+)*")
_STRICT_PYTHON, _NEWER_NODE, _NEWER_GO = (3, 13), (24, 0), (1, 23)
# The oldest of each that was measured. Versions to come are judged like the newest that was.
_OLDEST: Mapping[str, tuple[int, int]] = {
    "python": (3, 9),
    "node": (18, 0),
    "java": (17, 0),
    "go": (1, 19),
    "ruby": (3, 1),
    "curl": (7, 88),
}
EXAMPLES = "python3.11, python3.13, node20, node24, java17, go1.26, ruby3.1, curl"


def _all_but(*families: str) -> frozenset[str]:
    return frozenset(_FAMILIES) - set(families)


# Which families refuse a server under a root, by rule or by one of the conditions of _conditions.
_REFUSES: Mapping[str, frozenset[str]] = {
    "algorithm-mismatch": frozenset({"python3.13", "java", *_GO}),
    # Without partial chains OpenSSL looks on for the issuer that the root names.
    "another-issuer": frozenset({"python", "node", "node24", "ruby"}),
    "any-usage-only": _all_but("java", *_GO),
    "basic-constraints-not-critical": frozenset({"python3.13"}),
    "compressed-point": frozenset({"java", *_GO}),
    "compromised-root": frozenset(),
    "duplicate-extension": _all_but(),
    "ed448": frozenset(_GO),
    "empty-subject": frozenset({"python3.13", "java", "curl"}),
    "expired": _all_but("java"),
    "gated-crypto-only": frozenset(_GO),
    "intermediate": frozenset({"python", "node", "node24", "ruby"}),
    "large-identifier": frozenset(_GO),
    "lax-encoding": frozenset(_GO),
    "leaf": _all_but(),
    "malformed-extension": _all_but(),
    "negative-serial": frozenset({"go1.23"}),
    "no-basic-constraints": frozenset({"python3.13", "java", *_GO}),
    "no-cert-sign": _all_but(),
    "no-key-identifier": frozenset({"python3.13"}),
    "no-key-usage": frozenset({"python3.13"}),
    "no-server-auth": _all_but("java"),
    "not-a-ca": _all_but(),
    "not-v3": frozenset({"python3.13"}),
    "not-yet-valid": _all_but("java"),
    "off-curve": _all_but(),
    "p-224": frozenset({"java"}),
    "unknown-critical-extension": _all_but("java"),
    "unknown-signature": frozenset({"python", "node", "node24", "ruby"}),
    # The static builds of Node 24 and 26 crash: no handshake, no error, a segmentation fault.
    "unsupported-key": frozenset({"node24", "java", *_GO}),
    "weak-rsa": frozenset({"python", "python3.13", "node24", "ruby", "curl"}),
}
# Java does not apply the constraints of a root: it accepts what they forbid.
_IGNORES_CONSTRAINTS = frozenset({"java"})
_UNMEASURED = frozenset(
    {"dsa", "oversized-rsa", "other-malformed-extension", "standard-critical-extension", "validity-reversed"}
)
_MAX_ARC = (1 << 31) - 1
# Java parses those of them that it knows, and refuses a certificate with a critical one that it cannot.
_STANDARD = ("2.5.29.", "1.3.6.1.5.5.7.", "2.16.840.1.113730.")
# Extensions that every client reads, and refuses however they are malformed.
_READ_BY_ALL = frozenset({extensions.BASIC_CONSTRAINTS, extensions.KEY_USAGE, extensions.SKI})

Outcome = Literal["accepts", "refuses", "within constraints", "not measured"]


class Verdict(msgspec.Struct, frozen=True):
    """What one runtime makes of servers under one root, and the rules that are to blame."""

    runtime: str
    outcome: Outcome
    because: tuple[str, ...] = ()


def family(runtime: str) -> str:
    """Return the family of a runtime given like python3.11 or node20; raises UsageError."""
    match = _NAME.fullmatch(runtime)
    if match and match[1] in {"python", "node", "java"} and not match[2]:
        raise UsageError(f"--for {runtime}: needs a version", hint=f"one of {EXAMPLES}")
    version = (int(match[2] or 0), int(match[3] or 0)) if match else (0, 0)
    if not match or (match[2] and version < _OLDEST[match[1]]):
        raise UsageError(f"--for {runtime}: is not a runtime that was measured", hint=f"one of {EXAMPLES}")
    name = match[1]
    if name == "python":
        return "python3.13" if version >= _STRICT_PYTHON else "python"
    if name == "go":
        return "go1.23" if not match[2] or version >= _NEWER_GO else "go"
    return "node24" if name == "node" and version >= _NEWER_NODE else name


def judge(item: Certificate, runtimes: tuple[str, ...], *, now: dt.datetime) -> tuple[Verdict, ...]:
    """Return one verdict for each of `runtimes` on servers whose chain ends in `item`."""
    facts = certificate.read(item)
    conditions = frozenset(_conditions(facts, now))
    return tuple(_judge(runtime, conditions, facts) for runtime in runtimes)


def _judge(runtime: str, conditions: frozenset[str], facts: Facts) -> Verdict:
    group = family(runtime)
    because = tuple(sorted(c for c in conditions if group in _REFUSES.get(c, frozenset())))
    if because:
        return Verdict(runtime, "refuses", because)
    unmeasured = tuple(sorted(conditions & _UNMEASURED))
    if unmeasured:
        return Verdict(runtime, "not measured", unmeasured)
    constrained = facts.extensions.constrained and group not in _IGNORES_CONSTRAINTS
    return Verdict(runtime, "within constraints" if constrained else "accepts")


def _conditions(facts: Facts, now: dt.datetime) -> Iterator[str]:
    """Yield the rules that speak about the certificate, and what the table tells apart more finely."""
    for _, finding in bundle.choose(facts, Policy(), now=now):
        yield finding.rule
    for rule, _ in certificate.check(facts, now=now):
        if rule == "unsupported-key" and facts.key.curve == "secp224r1":
            yield "p-224"
        elif rule == "unsupported-key" and facts.key.form == x509.COMPRESSED:
            yield "compressed-point"
        elif rule == "malformed-extension":
            yield from _malformed(facts)
        elif rule == "no-server-auth":
            yield from _usages(facts.extensions.usages or frozenset())
        else:
            yield rule
    yield from _details(facts)


def _details(facts: Facts) -> Iterator[str]:
    """Yield what no rule speaks about, because most clients do not mind."""
    if any(oid.startswith(_STANDARD) for oid in facts.extensions.unknown_critical):
        yield "standard-critical-extension"
    if any(int(arc) > _MAX_ARC for item in facts.fields.extensions for arc in item.oid.split(".")):
        yield "large-identifier"
    if facts.fields.serial < 0:
        yield "negative-serial"
    if facts.key.form == x509.OFF_CURVE:
        yield "off-curve"
    if facts.key.algorithm == "Ed448":
        yield "ed448"


def _malformed(facts: Facts) -> Iterator[str]:
    malformed = facts.extensions.malformed
    if malformed:
        yield "other-malformed-extension" if _READ_BY_ALL.isdisjoint(malformed) else "malformed-extension"
    if facts.names_another:
        yield "another-issuer"


def _usages(usages: frozenset[str]) -> Iterator[str]:
    """Yield what is wrong with usages that lack serverAuth: OpenSSL and Go take other ones for it."""
    gated = not usages.isdisjoint(extensions.GATED_CRYPTO)
    if extensions.ANY_USAGE not in usages:
        yield "gated-crypto-only" if gated else "no-server-auth"
    elif not gated:
        yield "any-usage-only"
