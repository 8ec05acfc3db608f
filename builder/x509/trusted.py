"""OpenSSL's TRUSTED CERTIFICATE: a certificate and the purposes it is trusted for, as p11-kit reads it.

The DER is the certificate followed by X509_CERT_AUX (openssl-x509(1), `-trustout`; crypto/x509/x_x509a.c).
"""

from __future__ import annotations

import base64

# X509_CERT_AUX ::= SEQUENCE { trust SEQUENCE OF OBJECT IDENTIFIER, … }, here with id-kp-serverAuth alone.
_SERVER_AUTH = bytes.fromhex("06082b06010505070301")
_AUXILIARY = bytes.fromhex("300c300a") + _SERVER_AUTH


def trusted_pem(certificate_der: bytes) -> str:
    """Return a PEM that trusts the certificate for TLS servers, and for nothing else."""
    text = base64.b64encode(certificate_der + _AUXILIARY).decode("ascii")
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN TRUSTED CERTIFICATE-----", *lines, "-----END TRUSTED CERTIFICATE-----", ""])
