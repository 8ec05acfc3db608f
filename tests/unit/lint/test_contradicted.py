"""Verdicts that real clients once contradicted: what lint says now of each, and `--for` with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.lint import Policy, lint
from builder.lint.runtimes import judge
from builder.load import load
from builder.model import Severity
from tests.lint import forge, rare_keys
from tests.lint.forge import seq, tlv

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUNTIMES = ("python3.11", "node24", "java17", "go1.26", "curl7.88", "wget1.21")
_POINTS = seq(seq(tlv(0xA0, tlv(0xA0, tlv(0x86, b"http://pki.throw-away.example/ca.crl")))))
_DIRECTORY = seq(tlv(0xA0, seq(tlv(0xA4, forge.name("localhost")))))
_SCHEME = seq(tlv(0xA1, seq(tlv(0x86, b"http://a.example"))))


def _more(dotted: str, value: bytes, *, critical: bool = True) -> bytes:
    return forge.certificate(extensions=(*forge.GOOD, forge.extension(dotted, value, critical=critical)))


# Each root with the rule that speaks of it (or none), how bad that is, and the runtimes that refuse it.
_CASES: Mapping[str, tuple[bytes, str, Severity, set[str]]] = {
    "crl-points": (_more("2.5.29.31", _POINTS), "critical-extension", Severity.WARNING, set()),
    "ocsp-no-check": (
        _more("1.3.6.1.5.5.7.48.1.5", b"\x05\x00"),
        "critical-extension",
        Severity.WARNING,
        {"go1.26", "wget1.21"},
    ),
    "netscape-type": (
        _more("2.16.840.1.113730.1.1", forge.bits(b"\x07")),
        "critical-extension",
        Severity.WARNING,
        {"go1.26", "wget1.21"},
    ),
    "directory": (_more("2.5.29.30", _DIRECTORY), "unsupported-constraint", Severity.WARNING, {"go1.26"}),
    "uri-with-scheme": (
        _more("2.5.29.30", _SCHEME, critical=False),
        "constraint-with-scheme",
        Severity.WARNING,
        set(),
    ),
    "critical-uri-with-scheme": (
        _more("2.5.29.30", _SCHEME),
        "malformed-extension",
        Severity.ERROR,
        {"java17"},
    ),
    "rsa-pss-key": (
        forge.certificate(rare_keys.pss_key(own=True)),
        "rsa-pss-key",
        Severity.WARNING,
        {"go1.26"},
    ),
    "exponent-3": (forge.certificate(forge.rsa_key(2048, 3)), "small-exponent", Severity.WARNING, set()),
    "exponent-beyond-go": (
        forge.certificate(rare_keys.raw_rsa(2048, (1 << 31) + 11)),
        "rsa-exponent",
        Severity.ERROR,
        {"go1.26"},
    ),
    "rsa-2040": (forge.certificate(forge.rsa_key(2040)), "short-rsa", Severity.WARNING, set()),
    "ml-dsa": (
        forge.certificate(rare_keys.mldsa_key()),
        "unsupported-key",
        Severity.ERROR,
        set(_RUNTIMES) - {"node24"},
    ),
}


@pytest.mark.parametrize("case", _CASES)
def test_lint_and_its_table_say_the_same(case: str) -> None:
    """A root is as bad as the handshakes were, and no runtime that refused it is said to accept it."""
    der, rule, severity, refusing = _CASES[case]
    (root,) = load(["-"], stdin=der).certificates

    _, findings = lint([root], now=forge.NOW, policy=Policy())
    verdicts = judge(root, _RUNTIMES, now=forge.NOW)

    assert {(rule, severity)} == {(item.rule, item.severity) for item in findings if item.rule == rule}
    assert [] == [item.rule for item in findings if item.severity > severity]
    assert refusing == {verdict.runtime for verdict in verdicts if verdict.outcome == "refuses"}
    assert "not measured" not in {verdict.outcome for verdict in verdicts}
