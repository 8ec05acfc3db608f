"""Signatures of certificates: which algorithms there are, and whether a root's own one is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.x509 import der

if TYPE_CHECKING:
    from builder.x509 import X509

PSS = "1.2.840.113549.1.1.10"
# OID of the signature algorithm: the key it needs and the digest it uses (RFC 3279, 4055, 5758, 8410).
_ALGORITHMS = {
    "1.2.840.113549.1.1.2": ("RSA", "MD2"),
    "1.2.840.113549.1.1.3": ("RSA", "MD4"),
    "1.2.840.113549.1.1.4": ("RSA", "MD5"),
    "1.2.840.113549.1.1.5": ("RSA", "SHA1"),
    "1.3.14.3.2.29": ("RSA", "SHA1"),
    "1.2.840.113549.1.1.14": ("RSA", "SHA224"),
    "1.2.840.113549.1.1.11": ("RSA", "SHA256"),
    "1.2.840.113549.1.1.12": ("RSA", "SHA384"),
    "1.2.840.113549.1.1.13": ("RSA", "SHA512"),
    PSS: ("RSA", "PSS"),
    "1.2.840.10045.4.1": ("EC", "SHA1"),
    "1.2.840.10045.4.3.1": ("EC", "SHA224"),
    "1.2.840.10045.4.3.2": ("EC", "SHA256"),
    "1.2.840.10045.4.3.3": ("EC", "SHA384"),
    "1.2.840.10045.4.3.4": ("EC", "SHA512"),
    "1.3.101.112": ("Ed25519", ""),
    "1.3.101.113": ("Ed448", ""),
    "1.2.840.10040.4.3": ("DSA", "SHA1"),
    "2.16.840.1.101.3.4.3.2": ("DSA", "SHA256"),
    "2.16.840.1.101.3.4.3.17": ("ML-DSA", ""),
    "2.16.840.1.101.3.4.3.18": ("ML-DSA", ""),
    "2.16.840.1.101.3.4.3.19": ("ML-DSA", ""),
}
_MGF_SHA1_DEFAULT = "SHA1"


def identifier(fields: X509) -> str:
    """Return the object identifier of a certificate's signature algorithm."""
    return der.algorithm(fields.inner_algorithm, 0, len(fields.inner_algorithm))[0]


def algorithm(fields: X509) -> tuple[str, str]:
    """Return the kind of key and the digest of a certificate's signature, or two empty strings."""
    oid, start, end, _ = der.algorithm(fields.inner_algorithm, 0, len(fields.inner_algorithm))
    key, digest = _ALGORITHMS.get(oid, ("", ""))
    return (key, _pss_digest(fields.inner_algorithm, start, end)) if digest == "PSS" else (key, digest)


def _pss_digest(data: bytes, start: int, end: int) -> str:
    """Return the digest that RSASSA-PSS parameters name (RFC 4055 section 3.1); left out it is SHA-1."""
    digests = {"2.16.840.1.101.3.4.2.1": "SHA256", "2.16.840.1.101.3.4.2.2": "SHA384"}
    digests |= {
        "2.16.840.1.101.3.4.2.3": "SHA512",
        "2.16.840.1.101.3.4.2.4": "SHA224",
        "1.3.14.3.2.26": "SHA1",
    }
    if start == end:
        return _MGF_SHA1_DEFAULT
    inner, stop = der.expect(data, start, end, der.SEQUENCE)
    for tag, _, first, last in der.children(data, inner, stop):
        if tag == 0xA0:  # noqa: PLR2004  [0] hashAlgorithm
            return digests.get(der.algorithm(data, first, last)[0], "")
    return _MGF_SHA1_DEFAULT


def is_self_signed(certificate: bytes, fields: X509) -> bool:
    """Tell whether the certificate's own key made its signature; its key must be one that lint accepts."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    kind, digest = algorithm(fields)
    try:
        key = load_der_public_key(fields.spki)
        if identifier(fields) == PSS:
            return _is_self_signed_pss(certificate)
        if isinstance(key, rsa.RSAPublicKey) and kind == "RSA":
            key.verify(fields.signature, fields.tbs, padding.PKCS1v15(), getattr(hashes, digest)())
        elif isinstance(key, ec.EllipticCurvePublicKey) and kind == "EC":
            key.verify(fields.signature, fields.tbs, ec.ECDSA(getattr(hashes, digest)()))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) and kind.startswith("Ed"):
            key.verify(fields.signature, fields.tbs)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _is_self_signed_pss(certificate: bytes) -> bool:
    # The parameters of PSS are many and the roots that use it few: this path may cost the larger import.
    from cryptography.exceptions import InvalidSignature
    from cryptography.x509 import load_der_x509_certificate

    try:
        parsed = load_der_x509_certificate(certificate)
        parsed.verify_directly_issued_by(parsed)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
