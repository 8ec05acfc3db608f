"""Throw-away certificate authorities whose private keys exist in this process's memory only."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from builder.errors import ProofError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA certificate and its private key."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes

    @property
    def pem(self) -> bytes:
        """The CA certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A server's or client's certificate chain and unencrypted private key, both in PEM, in memory only."""

    chain: bytes
    key: bytes


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _digest(key: CertificateIssuerPrivateKeyTypes) -> hashes.SHA256 | None:
    return None if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()


def create(
    common_name: str,
    *,
    now: dt.datetime,
    days: int = 3650,
    key: CertificateIssuerPrivateKeyTypes | None = None,
) -> Authority:
    """Make a self-signed root that every runtime's strict mode accepts, valid from yesterday for `days`."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(_name(common_name))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + days * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_ca_usage(), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(key, _digest(key))
    )
    return Authority(certificate, key)


def replica(der: bytes, *, now: dt.datetime) -> Authority:
    """Make a root like the one in `der` (name, key type, extensions, validity) with a key of our own.

    Raises ProofError for a key type nobody can make a replica of. Key identifiers follow the new key.
    """
    original = x509.load_der_x509_certificate(der)
    key = _like(original.public_key())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(original.subject)
        .issuer_name(original.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(original.not_valid_before_utc, now - _DAY))
        .not_valid_after(max(original.not_valid_after_utc, now + _DAY))
    )
    for extension in original.extensions:
        value: x509.ExtensionType = extension.value
        if isinstance(value, x509.SubjectKeyIdentifier):
            value = identifier
        elif isinstance(value, x509.AuthorityKeyIdentifier):
            value = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
        builder = builder.add_extension(value, critical=extension.critical)
    return Authority(builder.sign(key, _digest(key)), key)


def issue(
    authority: Authority,
    hosts: Sequence[str],
    *,
    now: dt.datetime,
    valid: tuple[dt.datetime, dt.datetime] | None = None,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> Leaf:
    """Issue a leaf for `hosts` (DNS names, IP addresses), by default from an hour ago until tomorrow."""
    key = ec.generate_private_key(ec.SECP256R1())
    start, end = valid or (now - dt.timedelta(hours=1), now + _DAY)
    issuer = authority.certificate
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(hosts[0]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(_leaf_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
        .sign(authority.key, _digest(authority.key))
    )
    pem = serialization.Encoding.PEM
    return Leaf(
        chain=certificate.public_bytes(pem),
        key=key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _like(public: object) -> CertificateIssuerPrivateKeyTypes:
    match public:
        case rsa.RSAPublicKey():
            return rsa.generate_private_key(65537, public.key_size)
        case ec.EllipticCurvePublicKey():
            return ec.generate_private_key(public.curve)
        case ed25519.Ed25519PublicKey():
            return ed25519.Ed25519PrivateKey.generate()
        case ed448.Ed448PublicKey():
            return ed448.Ed448PrivateKey.generate()
        case dsa.DSAPublicKey():
            return dsa.generate_private_key(public.key_size)
        case _:
            raise ProofError(f"no replica can be made of a key of type {type(public).__name__}")


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _ca_usage() -> x509.KeyUsage:
    return _usage(sign=False, certificates=True)


def _leaf_usage() -> x509.KeyUsage:
    return _usage(sign=True, certificates=False)


def _usage(*, sign: bool, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
