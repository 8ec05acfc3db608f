"""Linting: the bundle that comes out, policies, overrides, and the error that refuses."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from builder.errors import BundleError
from builder.lint import Override, Policy, known, lint, refuse
from builder.load import load
from builder.model import Severity
from tests.lint import forge

if TYPE_CHECKING:
    from builder.model import Certificate, Finding

_NOW = forge.NOW
_DAY = dt.timedelta(days=1)


def _certificate(name: str = "Throw-Away Root", number: int = 7, **fields: object) -> Certificate:
    made = forge.certificate(forge.elliptic(number), subject=forge.name(name), **fields)  # type: ignore[arg-type]
    (certificate,) = load(["-"], stdin=made).certificates
    return certificate


_EXPIRED = _certificate("Throw-Away Old Root", 9, validity=forge.between(forge.BEGIN, _NOW - _DAY))


def _errors(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.rule for finding in findings if finding.severity is Severity.ERROR]


def test_the_bundle_does_not_depend_on_the_order_of_the_input() -> None:
    """Certificates come out sorted by label and fingerprint, each once, however they went in."""
    certificates = [_certificate(name, number) for number, name in enumerate(("b", "A", "a", "B", "ä"), 20)]
    expected, _ = lint(certificates, now=_NOW, policy=Policy())

    for seed in range(10):
        shuffled = certificates * 2
        random.Random(seed).shuffle(shuffled)  # noqa: S311
        bundle, _ = lint(shuffled, now=_NOW, policy=Policy())
        assert expected == bundle

    assert [c.label.lower() for c in expected.certificates] == ["a", "a", "b", "b", "ä"]


def test_a_duplicate_names_the_first_place() -> None:
    """The second of two equal certificates is dropped with a warning that names the first."""
    loading = load(["-"], stdin=forge.pem(forge.certificate()) * 2)

    bundle, findings = lint(loading.certificates, now=_NOW, policy=Policy())

    assert len(bundle.certificates) == 1
    assert (
        findings[0].rule,
        str(findings[0].origin),
        findings[0].message,
    ) == ("duplicate", "<stdin>:11", "is the same certificate as <stdin>:1")


@pytest.mark.parametrize(
    ("choice", "severity", "count"),
    [("refuse", Severity.ERROR, 2), ("keep", Severity.WARNING, 2), ("drop", Severity.NOTE, 1)],
)
def test_a_policy_decides_about_expired_certificates(choice: str, severity: Severity, count: int) -> None:
    """Expired certificates are refused, kept with a warning, or left out with a note."""
    policy = Policy(expired=choice)  # type: ignore[arg-type]

    bundle, findings = lint([_EXPIRED, _certificate()], now=_NOW, policy=policy)

    assert [severity] == [finding.severity for finding in findings if finding.rule == "expired"]
    assert count == len(bundle.certificates)


def test_dropping_everything_is_an_error() -> None:
    """A policy that leaves nothing of a bundle makes an error, not an empty package."""
    bundle, findings = lint([_EXPIRED], now=_NOW, policy=Policy(expired="drop"))

    assert bundle.certificates == ()
    assert _errors(findings) == ["nothing-left"]


def _override(rule: str = "expired", fingerprint: str = _EXPIRED.sha256, days: int = 0) -> Policy:
    item = Override(
        rule=rule, fingerprint=fingerprint, reason="ticket 4711", until=(_NOW + days * _DAY).date()
    )
    return Policy(overrides=(item,))


def test_an_override_is_shown_until_it_ends() -> None:
    """An override turns its error into a warning with reason and date, up to and including its last day."""
    _, findings = lint([_EXPIRED], now=_NOW, policy=_override())

    (finding,) = [finding for finding in findings if finding.rule == "expired"]
    assert finding.severity is Severity.WARNING
    assert "(overridden until 2026-11-24: ticket 4711)" in finding.message
    assert _errors(findings) == []


def test_an_override_ends() -> None:
    """After its last day an override hides nothing, and is an error itself."""
    _, findings = lint([_EXPIRED], now=_NOW, policy=_override(days=-1))

    assert _errors(findings) == ["expired", "override-ended"]


@pytest.mark.parametrize(("rule", "fingerprint"), [("not-v3", _EXPIRED.sha256), ("expired", "0" * 64)])
def test_an_override_covers_one_rule_of_one_certificate(rule: str, fingerprint: str) -> None:
    """An override for another rule or another certificate changes nothing and is reported."""
    _, findings = lint([_EXPIRED], now=_NOW, policy=_override(rule, fingerprint))

    assert _errors(findings) == ["expired"]
    assert "override-unused" in [finding.rule for finding in findings]


@pytest.mark.parametrize("status", ["public", "removed", "compromised"])
def test_known_roots_are_found_by_certificate_and_by_key(status: str) -> None:
    """Each kind of known root is recognised by its own fingerprint and by its key's."""
    certificates, keys = known._table()  # noqa: SLF001  the shipped facts, whatever they are
    sha256 = next(key for key, value in certificates.items() if value.status == status)
    spki = next(key for key, value in keys.items() if value.status == status)
    root = _certificate()
    by_certificate = replace(root, sha256=sha256)
    by_key = replace(root, spki_sha256=spki)

    for item in (by_certificate, by_key):
        _, findings = lint([item], now=_NOW, policy=Policy())
        assert _errors(findings) == [f"{status}-root"]


def test_a_compromised_root_has_no_override() -> None:
    """No reason is good enough to ship a root whose private key is public."""
    _, keys = known._table()  # noqa: SLF001
    spki = next(key for key, value in keys.items() if value.status == "compromised")
    root = replace(_certificate(), spki_sha256=spki)

    _, findings = lint([root], now=_NOW, policy=_override("compromised-root", root.sha256))

    assert _errors(findings) == ["compromised-root"]


@pytest.mark.parametrize(("serial", "errors"), [((1 << 159) - 1, []), (1 << 159, ["serial-too-long"])])
def test_the_octets_of_a_serial_number_are_those_of_its_der(serial: int, errors: list[str]) -> None:
    """A number of 160 bits needs a zero before it, and is one octet longer than RFC 5280 allows."""
    _, findings = lint([_certificate(serial=forge.integer(serial))], now=_NOW, policy=Policy())

    assert errors == _errors(findings)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_an_intermediate_without_a_key_is_an_error(curve: ec.EllipticCurve) -> None:
    """A point off its curve is no key, and an intermediate's is not found by its signature."""
    spki = forge.elliptic(9, curve).spki
    issuer, off = forge.name("Throw-Away Issuer"), spki[:-1] + bytes([spki[-1] ^ 1])

    for point, errors in ((spki, []), (off, ["unsupported-key"])):
        item = _certificate(spki=point, issuer=issuer, issuer_key=forge.elliptic(8))
        _, findings = lint([item], now=_NOW, policy=Policy(intermediates="keep"))
        assert errors == _errors(findings)


def test_one_error_is_said_in_one_line() -> None:
    """A single error reads "where: what", and its hint is what to do."""
    _, findings = lint([_EXPIRED], now=_NOW, policy=Policy())

    with pytest.raises(BundleError) as caught:
        refuse(findings)

    assert str(caught.value) == "<stdin>: Throw-Away Old Root: expired on 2026-11-23 [expired]"
    assert caught.value.hint.startswith("remove it; or set bundle.expired: drop")
    assert caught.value.exit_code == 4


def test_all_errors_are_listed() -> None:
    """Several errors are listed together, each rule's hint once."""
    other = _certificate("Throw-Away Other Root", 10, version=b"", extensions=None)
    _, findings = lint([_EXPIRED, _EXPIRED, other], now=_NOW, policy=Policy())

    with pytest.raises(BundleError) as caught:
        refuse(findings)

    assert str(caught.value).splitlines()[0] == "the bundle has 2 errors:"
    assert [line.split(":")[0] for line in caught.value.hint.splitlines()] == ["expired", "not-v3"]


def test_warnings_do_not_refuse() -> None:
    """Warnings and notes alone refuse nothing."""
    _, findings = lint([_certificate()] * 2, now=_NOW, policy=Policy())

    assert {"duplicate", "unconstrained"} == {finding.rule for finding in findings}
    refuse(findings)
