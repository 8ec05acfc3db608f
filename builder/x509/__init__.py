"""X.509 certificates as bytes: DER, names, extensions, hashes, PEM, private keys, Certificate from DER."""

from builder.x509.structure import (
    COMPRESSED,
    CURVES,
    DSA,
    EC,
    LACKS_NULL,
    OFF_CURVE,
    RSA,
    RSA_PSS,
    X509,
    Extension,
    Key,
    is_pss,
    key,
    parse,
)

__all__ = [
    "COMPRESSED",
    "CURVES",
    "DSA",
    "EC",
    "LACKS_NULL",
    "OFF_CURVE",
    "RSA",
    "RSA_PSS",
    "X509",
    "Extension",
    "Key",
    "is_pss",
    "key",
    "parse",
]
