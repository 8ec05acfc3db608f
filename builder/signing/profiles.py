"""Sign configuration profiles: CMS SignedData with the profile inside (RFC 5652), as Apple's systems read it.

By a certificate that the devices trust, and its key: neither is one of the keys that sign packages and sites.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7

from builder.errors import SignatureError
from builder.formats import cms, mobileconfig
from builder.formats.unpacked import Malformed
from builder.signing import private_file
from builder.text import files
from builder.text.times import stamp

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from builder.signing.private_file import CertificateKey, Passwords

_OPTIONS = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities]
_LIMIT = 1024 * 1024


class ProfileSigner(msgspec.Struct, frozen=True):
    """A certificate with those above it, in their order, and its private key."""

    chain: tuple[x509.Certificate, ...]
    key: CertificateKey

    def __repr__(self) -> str:
        """Show nothing of the key."""
        return f"{type(self).__name__}({self.chain[0].subject.rfc4514_string()!r})"


def read(chain: Path, key: Path, passwords: Passwords, *, now: dt.datetime) -> ProfileSigner:
    """Return the signer of two PEM files; raise SignatureError unless they are that, and belong together.

    So that no device shows as not verified what was just signed, each certificate has to be valid `now`, and
    each after the first to have issued one of the others. Whether devices trust the last is theirs to say.
    """
    try:
        found = tuple(x509.load_pem_x509_certificates(files.read(chain, _LIMIT)))
    except OSError as error:
        raise SignatureError(f"{chain}: cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise SignatureError(
            f"{chain}: holds no certificates in PEM", hint="the signer's stands first, then those above it"
        ) from None
    try:
        _check(chain, found, now)
        public = _public(found[0].public_key())
    except (ValueError, UnsupportedAlgorithm):  # what is in a certificate is read when it is asked for
        raise SignatureError(f"{chain}: holds a certificate that cannot be read") from None
    private = private_file.load_of_certificate(key, passwords)
    if _public(private.public_key()) != public:
        raise SignatureError(f"{key}: is not the key of the first certificate in {chain}")
    return ProfileSigner(found, private)


def _check(chain: Path, found: Sequence[x509.Certificate], now: dt.datetime) -> None:
    for one in found:
        said, first, last = one.subject.rfc4514_string(), one.not_valid_before_utc, one.not_valid_after_utc
        if not first <= now <= last:
            raise SignatureError(
                f"{chain}: {said} is valid from {stamp(first)} to {stamp(last)}, not now",
                hint="devices would show the profile as not verified",
            )
    for one in found[1:]:
        if not any(_issued(one, other) for other in found if other != one):
            raise SignatureError(
                f"{chain}: {one.subject.rfc4514_string()} has issued no other certificate in it",
                hint="the signer's stands first, then those above it, and no others",
            )


def _issued(issuer: x509.Certificate, other: x509.Certificate) -> bool:
    try:
        other.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(data: bytes, signer: ProfileSigner) -> bytes:
    """Return a profile signed; one that has this signer's signature already stays as it is.

    The time of a signature is in it: made again, it would be another one. Raises SignatureError where `data`
    is no profile.
    """
    try:
        plain = mobileconfig.unsigned(data)
        before = cms.certificates(data) if cms.is_signed(data) else ()
    except Malformed as fault:
        raise SignatureError(f"the profile cannot be signed: {fault}") from None
    chain = {one.public_bytes(Encoding.DER) for one in signer.chain}
    if {*before} == chain:
        return data
    making = pkcs7.PKCS7SignatureBuilder().set_data(plain)
    making = making.add_signer(signer.chain[0], signer.key, SHA256())
    for one in signer.chain[1:]:
        making = making.add_certificate(one)
    return making.sign(Encoding.DER, _OPTIONS)
