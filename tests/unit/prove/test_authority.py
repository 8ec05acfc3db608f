"""Throw-away CAs: OpenSSL's strictest mode accepts what they issue, and a replica is like its original."""

import datetime as dt
import ipaddress
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from builder.errors import ProofError
from builder.prove import authority
from builder.prove.authority import Authority, Leaf
from tests.tools import require

NOW = dt.datetime.now(dt.UTC)
KEYS: dict[str, CertificateIssuerPrivateKeyTypes] = {
    "RSA 2048": rsa.generate_private_key(65537, 2048),
    "RSA 3072": rsa.generate_private_key(65537, 3072),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
    "Ed448": ed448.Ed448PrivateKey.generate(),
}


def verify(folder: Path, root: Authority, leaf: Leaf, *options: str) -> str:
    """Return what `openssl verify` says of a leaf under a root; an empty text where it accepts it."""
    (folder / "root.pem").write_bytes(root.pem)
    (folder / "leaf.pem").write_bytes(leaf.chain)
    command = [
        require("openssl"),
        "verify",
        "-no-CApath",
        "-no-CAstore",
        "-CAfile",
        "root.pem",
        *options,
        "leaf.pem",
    ]
    done = subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr


def kind(public: object) -> tuple[str, object]:
    """Return a public key's type and its size or curve."""
    if isinstance(public, ec.EllipticCurvePublicKey):
        return "EC", public.curve.name
    return type(public).__name__, getattr(public, "key_size", None)


STRICT = ("-x509_strict", "-purpose", "sslserver", "-verify_hostname", "localhost")


@pytest.mark.parametrize("name", KEYS)
def test_a_leaf_passes_openssls_strictest_check(tmp_path: Path, name: str) -> None:
    """For every kind of key a CA may have."""
    root = authority.create("Root", now=NOW, key=KEYS[name])
    assert verify(tmp_path, root, authority.issue(root, ["localhost"], now=NOW), *STRICT) == ""


def test_a_leaf_holds_for_its_hosts_only(tmp_path: Path) -> None:
    """Names and addresses, and no other."""
    root = authority.create("Root", now=NOW)
    leaf = authority.issue(root, ["localhost", "127.0.0.1", "::1"], now=NOW)
    for option, host in [
        ("-verify_hostname", "localhost"),
        ("-verify_ip", "127.0.0.1"),
        ("-verify_ip", "::1"),
    ]:
        assert verify(tmp_path, root, leaf, option, host) == ""
    assert "hostname mismatch" in verify(tmp_path, root, leaf, "-verify_hostname", "example.org").lower()
    assert "mismatch" in verify(tmp_path, root, leaf, "-verify_ip", "127.0.0.2").lower()
    names = x509.load_pem_x509_certificate(leaf.chain).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    ]


def test_a_leaf_can_be_expired_or_a_clients(tmp_path: Path) -> None:
    """What the proofs need to be refused is refused."""
    root = authority.create("Root", now=NOW)
    past = (NOW - dt.timedelta(days=9), NOW - dt.timedelta(days=8))
    expired = authority.issue(root, ["localhost"], now=NOW, valid=past)
    client = authority.issue(root, ["localhost"], now=NOW, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    assert "certificate has expired" in verify(tmp_path, root, expired, *STRICT)
    assert "unsuitable certificate purpose" in verify(tmp_path, root, client, *STRICT)
    assert verify(tmp_path, root, client, "-purpose", "sslclient") == ""


def test_a_stranger_with_the_same_name_is_refused(tmp_path: Path) -> None:
    """The key counts, not the name."""
    root, stranger = (authority.create("Root", now=NOW) for _ in range(2))
    assert verify(tmp_path, root, authority.issue(stranger, ["localhost"], now=NOW), *STRICT) != ""


def original(key: CertificateIssuerPrivateKeyTypes) -> Authority:
    """Return a CA with a long name and unusual extensions, expired since yesterday."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme Ümläut"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Acme Root"),
        ]
    )
    public = key.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    constraints = x509.NameConstraints([x509.DNSName("localhost")], None)
    plain = ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(7)
        .not_valid_before(NOW - dt.timedelta(days=900))
        .not_valid_after(NOW - dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(authority._ca_usage(), critical=False)  # noqa: SLF001
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .add_extension(constraints, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"),
            critical=False,
        )
        .sign(key, None if isinstance(key, plain) else hashes.SHA256())
    )
    return Authority(certificate, key)


@pytest.mark.parametrize("name", KEYS)
def test_a_twin_has_everything_of_its_original_but_the_key(tmp_path: Path, name: str) -> None:
    """Name, kind of key, every extension and its criticality; another key, whose identifiers follow."""
    made = original(KEYS[name])
    replica = authority.replica(made.certificate.public_bytes(serialization.Encoding.DER), now=NOW)
    first, second = made.certificate, replica.certificate
    assert (second.subject, second.issuer) == (first.subject, first.subject)
    assert kind(second.public_key()) == kind(first.public_key())
    assert second.public_key() != first.public_key()
    assert [(e.oid, e.critical) for e in second.extensions] == [(e.oid, e.critical) for e in first.extensions]
    follow = x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier
    kept = [[e.value for e in c.extensions if not isinstance(e.value, follow)] for c in (first, second)]
    assert kept[0] == kept[1]
    expected = x509.SubjectKeyIdentifier.from_public_key(replica.key.public_key())
    assert second.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value == expected
    assert verify(tmp_path, replica, authority.issue(replica, ["localhost"], now=NOW), *STRICT[1:]) == ""


def test_a_twin_is_valid_now_and_as_long_as_its_original() -> None:
    """An expired original's replica lasts a day; another's keeps both its ends."""
    der = original(KEYS["P-256"]).certificate.public_bytes(serialization.Encoding.DER)
    replica = authority.replica(der, now=NOW).certificate
    assert replica.not_valid_before_utc < NOW < replica.not_valid_after_utc
    plain = authority.create("Root", now=NOW)
    der = plain.certificate.public_bytes(serialization.Encoding.DER)
    same = authority.replica(der, now=NOW).certificate
    assert (same.not_valid_before_utc, same.not_valid_after_utc) == (
        plain.certificate.not_valid_before_utc,
        plain.certificate.not_valid_after_utc,
    )


def test_a_dsa_roots_twin_is_a_dsa_root() -> None:
    """Old CAs have such keys."""
    made = authority.create("Root", now=NOW, key=dsa.generate_private_key(2048))
    replica = authority.replica(made.certificate.public_bytes(serialization.Encoding.DER), now=NOW)
    assert kind(replica.certificate.public_key()) == kind(made.certificate.public_key())


def test_no_twin_is_made_of_a_key_that_cannot_sign() -> None:
    """The error names the key's type."""
    signer = KEYS["P-256"]
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(x25519.X25519PrivateKey.generate().public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + dt.timedelta(days=1))
        .sign(signer, hashes.SHA256())
    )
    with pytest.raises(ProofError) as caught:
        authority.replica(certificate.public_bytes(serialization.Encoding.DER), now=NOW)
    assert str(caught.value) == "no replica can be made of a key of type X25519PublicKey"
