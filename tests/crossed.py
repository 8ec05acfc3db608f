"""A certificate authority that another one has signed, too."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from builder.prove.authority import Authority


def crossed(root: Authority, by: Authority) -> Authority:
    """Return the variant of `root`, with its name and key, that `by` has issued."""
    own = root.certificate
    variant = (
        x509.CertificateBuilder()
        .subject_name(own.subject)
        .issuer_name(by.certificate.subject)
        .public_key(root.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(own.not_valid_before_utc)
        .not_valid_after(own.not_valid_after_utc)
    )
    for extension in own.extensions:
        if not isinstance(extension.value, x509.AuthorityKeyIdentifier):
            variant = variant.add_extension(extension.value, critical=extension.critical)
    return Authority(variant.sign(by.key, hashes.SHA256()), root.key)
