"""Certificates inside a package's files."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from builder.inspect import Flaw, Held
from builder.inspect.certificates import blocks, held, listed, meant
from builder.x509.constraints import NameConstraints
from builder.x509.trusted import trusted_pem
from tests.lint import forge
from tests.lint.faults import FAULTS


def _der(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def test_finds_certificates_between_other_text(roots: list[bytes]) -> None:
    """Comments around the blocks and CRLF line ends hide nothing."""
    data = b"# one\n" + roots[0].replace(b"\n", b"\r\n") + b"text\n" + roots[1]
    expected = [hashlib.sha256(_der(pem)).hexdigest() for pem in roots]
    assert expected == [found.certificate.sha256 for found in held("a.pem", data) if isinstance(found, Held)]


def test_reads_the_certificate_out_of_a_trusted_one(roots: list[bytes]) -> None:
    """The fingerprint is that of the certificate alone, without what OpenSSL appends."""
    der = _der(roots[0])
    (found,) = held("a.crt", trusted_pem(der).encode())
    assert isinstance(found, Held)
    assert hashlib.sha256(der).hexdigest() == found.certificate.sha256


def test_finds_certificates_in_texts_of_settings(roots: list[bytes]) -> None:
    """Indented in YAML, as cloud-init and Butane have them, and in Ignition's data URLs."""
    indented = b"ca_certs:\n  trusted:\n    - |\n" + b"".join(
        b"      " + line for line in roots[0].splitlines(keepends=True)
    )
    url = f"data:;base64,{base64.b64encode(roots[0]).decode()}"
    source = {"contents": {"source": url}}
    expected = [hashlib.sha256(_der(roots[0])).hexdigest()]
    texts = (("a/user-data.yaml", indented), ("a/x.bu", indented), ("a/x.ign", json.dumps(source).encode()))
    for path, data in texts:
        assert [one.certificate.sha256 for one in held(path, data) if isinstance(one, Held)] == expected, path
    assert held("a/x.ign", b'"data:;base64,a"') == ()


def test_program_code_that_mentions_the_label_holds_none() -> None:
    """A label inside a string opens no block."""
    assert held("a.py", b'BEGIN = b"-----BEGIN CERTIFICATE-----\\n"\n') == ()


_FAULTS = {
    "BEGIN CERTIFICATE has no END": b"-----BEGIN CERTIFICATE-----\nAAAA\n",
    "the CERTIFICATE block is not valid base64": (
        b"-----BEGIN CERTIFICATE-----\nA*\n-----END CERTIFICATE-----\n"
    ),
    "a trusted certificate cannot be read": (
        b"-----BEGIN TRUSTED CERTIFICATE-----\nMIAA\n-----END TRUSTED CERTIFICATE-----\n"
    ),
    "the data is not a certificate": b"-----BEGIN CERTIFICATE-----\nBAA=\n-----END CERTIFICATE-----\n",
}


@pytest.mark.parametrize(("message", "data"), _FAULTS.items(), ids=_FAULTS)
def test_tells_a_damaged_block(message: str, data: bytes, roots: list[bytes]) -> None:
    """A block that no client could load is told with its file and line, and those around it are read."""
    first, flaw, last = held("a.pem", roots[0] + data + roots[1])

    assert isinstance(first, Held)
    assert isinstance(last, Held)
    assert isinstance(flaw, Flaw)
    assert flaw.file == "a.pem"
    assert message in flaw.what


def test_refuses_a_block_that_swallows_the_next(roots: list[bytes]) -> None:
    """A certificate whose END line is missing does not take its neighbour along."""
    cut = roots[0].replace(b"-----END CERTIFICATE-----\n", b"")
    flaw, last = held("a.pem", cut + roots[1])
    assert isinstance(flaw, Flaw)
    assert isinstance(last, Held)
    assert "no END" in flaw.what


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/usr/share/pki/ca-trust-source/blocklist/a.crt", True),
        ("blacklist/a.crt", True),
        ("/usr/share/pki/ca-trust-source/blocklist.crt", False),
        ("/usr/share/my-blocklist/a.crt", False),
    ],
)
def test_p11_kits_folders_block(path: str, expected: bool) -> None:
    """Under their older name too, and no folder that is only called alike."""
    assert blocks(path) is expected


def _list(*distrusted: dict[str, str]) -> bytes:
    value = {"organisation": "acme", "release": "1", "certificates": [], "distrusted": distrusted}
    return json.dumps(value).encode()


_GONE = {
    "sha256": "ab" * 32,
    "subject": "CN=\x1b[2J",
    "not_before": "2026-01-02T03:04:05Z",
    "not_after": "2027-01-02T03:04:05Z",
}


def test_reads_what_a_package_lists_as_distrusted() -> None:
    """By its fingerprint, its name without control characters; a list may be empty."""
    (found,) = listed("acme/certificates.json", _list(_GONE)) or ()
    assert (found.file, found.certificate.sha256, found.label) == (
        "acme/certificates.json",
        "ab" * 32,
        "CN=\\u001b[2J",
    )
    assert found.certificate.not_after == dt.datetime(2027, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert listed("certificates.json", _list()) == ()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        pytest.param("acme/my-certificates.json", _list(_GONE), id="another-name"),
        pytest.param("certificates.json", b"[]", id="no-object"),
        pytest.param("certificates.json", b"{}", id="no-list"),
        pytest.param("certificates.json", b"\xff", id="no-text"),
        pytest.param("certificates.json", _list(_GONE | {"sha256": "AB"}), id="no-fingerprint"),
        pytest.param("certificates.json", _list(_GONE | {"not_after": "soon"}), id="no-time"),
        pytest.param("certificates.json", b'{"x": ' + b"[" * 100_000, id="deep"),
    ],
)
def test_other_peoples_files_are_no_list(path: str, data: bytes) -> None:
    """A package may have a file of that name that means something else."""
    assert listed(path, data) is None


def _policy(**lists: object) -> bytes:
    return json.dumps({**lists, "HomepageLocation": "https://acme.example"}).encode()


_POLICY = "/etc/chromium/policies/managed/acme.json"


def test_reads_the_certificates_of_a_browsers_policies(roots: list[bytes]) -> None:
    """Those that it trusts, for all names or for some, are the package's; what it distrusts is told apart."""
    one, two = (base64.b64encode(_der(pem)).decode() for pem in roots[:2])
    trusting = _policy(CACertificates=[one], CACertificatesWithConstraints=[{"certificate": two}])
    found = [each.certificate.sha256 for each in held(_POLICY, trusting) if isinstance(each, Held)]
    assert found == [hashlib.sha256(_der(pem)).hexdigest() for pem in roots[:2]]
    assert listed(_POLICY, trusting) == ()
    distrusting = _policy(CADistrustedCertificates=[one])
    assert held(_POLICY, distrusting) == ()
    (told,) = listed(_POLICY, distrusting) or ()
    assert told.certificate.sha256 == hashlib.sha256(_der(roots[0])).hexdigest()


_FREE = ["0.0.0.0/0", "::/0"]


def _limits(names: list[str], networks: list[str]) -> dict[str, list[str]]:
    return {"permitted_dns_names": names, "permitted_cidrs": networks}


@pytest.mark.parametrize(
    ("limits", "meant"),
    [
        (_limits(["corp.example"], ["10.0.0.0/8"]), ["corp.example", "10.0.0.0/8"]),
        (_limits(["corp.example"], ["255.255.255.255/32"]), ["corp.example"]),
        (_limits(["invalid"], ["10.0.0.0/8"]), ["10.0.0.0/8"]),
        (_limits(["corp.example"], []), ["corp.example", *_FREE]),
        (_limits(["\x1b.example"], []), ["\\u001b.example", *_FREE]),
        (_limits([], ["10.0.0.0/8"]), []),
        ({}, []),
    ],
)
def test_what_a_browsers_policy_constrains_are_domains(
    limits: dict[str, list[str]], meant: list[str], roots: list[bytes]
) -> None:
    """A kind of name without constraints is free; what stands for no name of a kind is not told."""
    one = {"certificate": base64.b64encode(_der(roots[0])).decode(), "constraints": limits}
    (found,) = held(_POLICY, _policy(CACertificatesWithConstraints=[one]))
    assert isinstance(found, Held)
    assert list(found.certificate.domains) == meant


def test_the_list_of_a_package_says_what_cas_are_meant_for() -> None:
    """As it is written there; a file that is no such list says nothing."""
    named = _GONE | {"domains": ["corp.example", "\x1b"]}
    value = {"organisation": "acme", "release": "1", "certificates": [named], "distrusted": []}
    data = json.dumps(value).encode()
    assert meant("a/certificates.json", data) == {"ab" * 32: ("corp.example", "\\u001b")}
    assert meant("a/others.json", data) == {}
    assert meant("a/certificates.json", b"{") == {}


def test_name_constraints_of_the_certificate_itself_are_told() -> None:
    """With their values, and as constraints all the same where they cannot be read."""
    inner = forge.seq(forge.tlv(0xA0, forge.seq(forge.tlv(0x82, b"corp.example"))))
    limited = forge.pem(forge.certificate(extensions=(*forge.GOOD, forge.extension("2.5.29.30", inner))))
    told = [one.constraints for one in held("a.pem", limited) if isinstance(one, Held)]
    assert told == [NameConstraints(("corp.example",), ())]
    damaged = FAULTS["malformed-extension/name-constraints-empty.pem"]
    told = [one.constraints for one in held("a.pem", damaged) if isinstance(one, Held)]
    assert told == [NameConstraints()]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{", "is no file of policies"),
        (b"[" * 100_000, "is no file of policies"),
        (_policy(CACertificates="one"), "is no file of policies"),
        (_policy(CACertificates=["*"]), "is not in base64"),
        (_policy(CACertificates=["BAA="]), "is not a certificate"),
    ],
    ids=["cut", "nested", "text", "no base64", "no certificate"],
)
def test_policies_that_no_browser_reads_are_told(data: bytes, said: str) -> None:
    """Whatever they hold: no traceback, and nothing is passed over."""
    (flaw,) = held(_POLICY, data)
    assert isinstance(flaw, Flaw)
    assert said in flaw.what
    assert listed(_POLICY, data) == ()
