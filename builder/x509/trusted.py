"""OpenSSL's TRUSTED CERTIFICATE: a certificate and the purposes it is trusted for, as p11-kit reads it.

The DER is the certificate followed by X509_CERT_AUX (openssl-x509(1), `-trustout`; crypto/x509/x_x509a.c).
"""

from __future__ import annotations

import base64

from builder.x509.subject_hash import subject_hash

# X509_CERT_AUX ::= SEQUENCE { trust SEQUENCE OF OBJECT IDENTIFIER, … }, here with id-kp-serverAuth alone.
_SERVER_AUTH = bytes.fromhex("06082b06010505070301")
_TRUST = bytes.fromhex("300c300a") + _SERVER_AUTH
# … reject [0] SEQUENCE OF OBJECT IDENTIFIER, …: id-kp-clientAuth alone, and all else is as without it.
_CLIENT_AUTH = bytes.fromhex("06082b06010505070302")
_REJECT = bytes.fromhex("300ca00a") + _CLIENT_AUTH


def trusted_pem(certificate_der: bytes) -> str:
    """Return a PEM that trusts the certificate for TLS servers, and for nothing else."""
    return _pem(certificate_der + _TRUST)


def anchor_pem(certificate_der: bytes) -> str:
    """Return a PEM by which the certificate vouches for no TLS client, behind its subject hash.

    The hash is a comment. Unlike trusted_pem's it makes no anchor of a certificate that is none without it.
    """
    try:
        comment = f"# subject hash: {subject_hash(certificate_der)}\n"
    except ValueError:  # a name that OpenSSL does not read, either
        comment = ""
    return comment + _pem(certificate_der + _REJECT)


def _pem(data: bytes) -> str:
    text = base64.b64encode(data).decode("ascii")
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN TRUSTED CERTIFICATE-----", *lines, "-----END TRUSTED CERTIFICATE-----", ""])
