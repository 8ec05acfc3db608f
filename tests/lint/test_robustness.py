"""No input raises, takes two seconds or 300 MB; and what is accepted is what other libraries read."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509 as reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.lint import Policy, lint
from builder.lint.runtimes import judge
from builder.load import load
from builder.model import Severity
from tests.lint import forge
from tests.lint.faults import FAULTS
from tests.lint.worst import INPUTS

_ROOT = Path(__file__).parents[2]
_SEEDS = sorted(FAULTS.values(), key=len)[:400]
_PLACE = forge.tlv(0x86, b"http://pki.throw-away.example/ca")
_ALL_NAMES = (
    forge.tlv(0xA0, forge.oid("1.2.3.4"), forge.tlv(0xA0, forge.utf8("other"))),
    forge.tlv(0x81, b"pki@throw-away.example"),
    forge.tlv(0x82, b"throw-away.example"),
    forge.tlv(0xA4, forge.name()),
    forge.tlv(0xA5, forge.tlv(0xA1, forge.utf8("party"))),
    _PLACE,
    forge.tlv(0x87, bytes([192, 0, 2, 1])),
    forge.tlv(0x87, bytes(16)),
    forge.tlv(0x88, forge.oid("1.2.3.4")[2:]),
)
_QUALIFIERS = forge.seq(
    forge.seq(forge.oid("1.3.6.1.5.5.7.2.1"), forge.tlv(0x16, b"http://pki.throw-away.example/cps")),
    forge.seq(forge.oid("1.3.6.1.5.5.7.2.2"), forge.seq(forge.utf8("notice"))),
)
_POLICIES = forge.seq(forge.seq(forge.oid("1.2.3.4"), _QUALIFIERS), forge.seq(forge.oid("2.5.29.32.0")))
_SUBTREES = [
    forge.seq(name)
    for name in (
        forge.tlv(0x81, b".throw-away.example"),
        forge.tlv(0x82, b"throw-away.example"),
        forge.tlv(0xA4, forge.name()),
        forge.tlv(0x86, b".throw-away.example"),
        forge.tlv(0x87, bytes([192, 0, 2, 0, 255, 255, 255, 0])),
        forge.tlv(0x87, bytes([32, 1]) + bytes(14) + b"\xff" * 4 + bytes(12)),
    )
]
_PREFIX = forge.bits(bytes([192, 0, 2]))
_POINT = forge.seq(
    forge.tlv(0xA0, forge.tlv(0xA0, _PLACE)), forge.tlv(0x81, b"\x01\x06"), forge.tlv(0xA2, _ALL_NAMES[3])
)
# Every extension that lint looks into.
_ALL = (
    forge.basic_constraints(forge.seq(b"\x01\x01\xff", forge.integer(3))),
    *forge.GOOD[1:],
    forge.usages("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"),
    forge.authority(serial=4711),
    forge.extension("2.5.29.17", forge.seq(*_ALL_NAMES)),
    forge.extension(
        "2.5.29.30",
        forge.seq(forge.tlv(0xA0, *_SUBTREES), forge.tlv(0xA1, forge.seq(forge.tlv(0x82, b"not.example")))),
        critical=True,
    ),
    forge.extension("2.5.29.31", forge.seq(_POINT, forge.seq(forge.tlv(0xA0, forge.tlv(0xA0, _PLACE))))),
    forge.extension("2.5.29.32", _POLICIES),
    forge.extension("2.5.29.33", forge.seq(forge.seq(forge.oid("1.2.3.4"), forge.oid("1.2.3.5")))),
    forge.extension("2.5.29.36", forge.seq(forge.tlv(0x80, b"\5"), forge.tlv(0x81, b"\5")), critical=True),
    forge.extension("2.5.29.54", forge.integer(2), critical=True),
    forge.extension(
        "1.3.6.1.5.5.7.1.1",
        forge.seq(*(forge.seq(forge.oid(f"1.3.6.1.5.5.7.48.{kind}"), _PLACE) for kind in (1, 2))),
    ),
    forge.extension("2.16.840.1.113730.1.1", forge.bits(b"\x07")),
    forge.extension(
        "1.3.6.1.5.5.7.1.7",
        forge.seq(
            forge.seq(forge.octets(b"\0\1"), forge.seq(_PREFIX, forge.seq(_PREFIX, _PREFIX))),
            forge.seq(forge.octets(b"\0\2"), b"\x05\0"),
        ),
    ),
    forge.extension(
        "1.3.6.1.5.5.7.1.8",
        forge.seq(
            forge.tlv(0xA0, forge.seq(forge.integer(5), forge.seq(forge.integer(7), forge.integer(9)))),
            forge.tlv(0xA1, b"\x05\0"),
        ),
    ),
)
_GOOD = [
    forge.certificate(),
    forge.certificate(extensions=_ALL),
    *(forge.certificate(extensions=(*forge.GOOD, more)) for more in _ALL[3:]),
    forge.certificate(forge.edwards(), subject=forge.name("Throw-Away Edwards")),
    forge.certificate(forge.rsa_key(2048), extensions=(*forge.GOOD, forge.usages("1.3.6.1.5.5.7.3.1"))),
]
_MEASURE = """
import sys, time
from builder.lint import Policy, lint
from builder.load import load
from tests.lint.forge import NOW
data = sys.stdin.buffer.read()
begin = time.process_time()
loading = load(["-"], stdin=data)
lint(loading.certificates, now=NOW, policy=Policy())
spent = time.process_time() - begin
# Not by getrusage, whose peak a program has from the one that started it.
[peak] = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")]
print([spent, peak])
"""


@pytest.mark.parametrize("name", INPUTS)
def test_the_worst_inputs_are_bounded(name: str) -> None:
    """Inputs made to cost as much as possible take less than 4 s of one processor and 300 MB.

    They take 2 s at most; the clock counts more where another process has the other half of the processor.
    """
    command = ["env", "-i", f"PYTHONPATH={_ROOT}", sys.executable, "-c", _MEASURE]

    done = subprocess.run(command, input=INPUTS[name](), capture_output=True, check=True)

    seconds, kilobytes = json.loads(done.stdout)
    assert seconds < 4
    assert kilobytes < 300 * 1024


@st.composite
def _damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Return a seed with a few octets changed, lost or added."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        size = draw(st.integers(0, 3))
        data[at : at + size] = draw(st.binary(max_size=4))
    return bytes(data)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=200), _damaged(_SEEDS)))
def test_no_input_raises(data: bytes) -> None:
    """Whatever the octets, loading, linting and judging end with findings and never with an exception."""
    loading = load(["-"], stdin=data)
    bundle, findings = lint(loading.certificates, now=forge.NOW, policy=Policy(expired="keep"))
    for certificate in bundle.certificates:
        judge(certificate, ("python3.11", "python3.13", "node20", "java17", "go1.26", "curl"), now=forge.NOW)

    assert loading.certificates or loading.findings
    assert all(finding.message.isprintable() for finding in (*loading.findings, *findings))


def _openssl_says(der: bytes) -> str:
    """Return what OpenSSL has against a certificate as a CA; empty where it has nothing."""
    _kept_error()  # of whoever used OpenSSL before
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=der)
    except ssl.SSLError as error:
        return str(error)
    # To count CAs it looks into the extensions; what is wrong there it keeps to itself.
    stats = context.cert_store_stats()
    kept = _kept_error()
    if kept or (stats["x509"], stats["x509_ca"]) != (1, 1):
        return kept or f"counts {stats}"
    try:
        return "" if len(context.get_ca_certs()) == 1 else "lists no CA"
    except (ValueError, ssl.SSLError) as wrong:
        return repr(wrong)


def _kept_error() -> str:
    """Return, once, the error that OpenSSL's queue holds: the next call reports it, whatever is loaded."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=_GOOD[0])
    except ssl.SSLError as error:
        return str(error)
    return ""


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_damaged(_GOOD))
def test_what_is_accepted_is_read_alike_by_others(data: bytes) -> None:
    """OpenSSL has nothing against a damaged certificate that is accepted but for its signature."""
    loading = load(["-"], stdin=data)
    _, findings = lint(loading.certificates, now=forge.NOW, policy=Policy())
    wrong = {finding.rule for finding in findings if finding.severity is Severity.ERROR}
    assert [certificate.der for certificate in loading.certificates] in ([], [data])
    assert all(
        _openssl_says(item.der) == "" for item in loading.certificates if wrong <= {"bad-self-signature"}
    )


def test_openssl_says_what_is_wrong_in_an_extension() -> None:
    """So that its silence in the test above means something."""
    twice = forge.certificate(extensions=(*forge.GOOD, forge.key_identifier()))
    assert "INVALID_CERTIFICATE" in _openssl_says(twice)
    assert _openssl_says(_GOOD[1]) == ""


def test_fields_are_those_that_the_cryptography_library_reads() -> None:
    """Times, serial number, names and fingerprint are the ones another library reads."""
    for der in _GOOD:
        (certificate,) = load(["-"], stdin=der).certificates
        other = reference.load_der_x509_certificate(der)
        assert certificate.serial == other.serial_number
        assert certificate.subject == other.subject.rfc4514_string()
        assert certificate.not_after == other.not_valid_after_utc
        _, findings = lint([certificate], now=forge.NOW, policy=Policy())
        assert Severity.ERROR not in {finding.severity for finding in findings}
