"""Keys that sign statements: ECDSA on P-256, or the RSA key that a program of the owner's signs with.

A signature is DER, of deterministic ECDSA (RFC 6979): the same bytes each time. Of the two that count for the
same text, it is the one with the lower s, and no other encoding is taken: nobody can make another one of it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

from builder.errors import SignatureError
from builder.signing import openpgp
from builder.signing.packets import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

ENDING = ".statement.pub"
PublicStatementKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-5)
_PREHASHED = utils.Prehashed(hashes.SHA256())


class StatementKey(msgspec.Struct, frozen=True):
    """A key that signs statements: its public half as PEM, its fingerprint, and what signs a SHA-256."""

    public: bytes
    fingerprint: str
    raw: Callable[[bytes], bytes]

    def sign(self, data: bytes) -> bytes:
        """Return a signature over `data`."""
        return self.raw(hashlib.sha256(data).digest())

    def __repr__(self) -> str:
        """Say which it is."""
        return f"{type(self).__name__}({self.fingerprint!r})"


def new_private() -> ec.EllipticCurvePrivateKey:
    """Make a key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def statement_key(public: PublicStatementKey, raw: Callable[[bytes], bytes]) -> StatementKey:
    """Make a key that signs by `raw`."""
    return StatementKey(pem(public), fingerprint(public), raw)


def in_memory(private: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    """Return what signs a SHA-256 with a private key, and checks each signature.

    A wrong one would tell the key to who knows a right one. Raises SignatureError where OpenSSL is too old.
    """
    public = private.public_key()

    def raw(digest: bytes) -> bytes:
        try:
            made = private.sign(digest, ec.ECDSA(_PREHASHED, deterministic_signing=True))
        except UnsupportedAlgorithm:
            raise SignatureError(
                "statements: this OpenSSL cannot sign them to the same bytes each time",
                hint="use cryptography's own wheels, or build it with OpenSSL 3.2 or newer",
            ) from None
        r, s = utils.decode_dss_signature(made)
        made = utils.encode_dss_signature(r, min(s, _ORDER - s))
        verify(public, made, digest)
        return made

    return raw


def verify(public: PublicStatementKey, signature: bytes, digest: bytes) -> None:
    """Raise Unsupported unless that is the key's signature of a SHA-256, in its one encoding."""
    if isinstance(public, rsa.RSAPublicKey):
        openpgp.verify_raw(public, signature, digest, hashes.SHA256())
        return
    try:
        r, s = utils.decode_dss_signature(signature)
        if utils.encode_dss_signature(r, s) != signature or s > _ORDER // 2:
            raise Unsupported("is a signature in another encoding than its own")
        public.verify(signature, digest, ec.ECDSA(_PREHASHED))
    except (ValueError, InvalidSignature):
        raise Unsupported("is no signature by this key") from None


def read_public(data: bytes) -> PublicStatementKey | None:
    """Return the public key of a PEM text that is written as `pem` writes it, None for anything else."""
    try:
        found = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(found, ec.EllipticCurvePublicKey):
        is_ours = isinstance(found.curve, ec.SECP256R1)
    else:
        is_ours = isinstance(found, rsa.RSAPublicKey)
    return found if is_ours and pem(found) == data else None  # type: ignore[return-value, arg-type]


def pem(public: PublicStatementKey) -> bytes:
    """Return a public key as PEM."""
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def fingerprint(public: PublicStatementKey) -> str:
    """Return the SHA-256 of a public key's DER, in hex."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(public.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def file_name(fingerprint: str, slug: str) -> str:
    """Return what a public key's file is called: by its digest, so that no two share a name."""
    return f"{slug}-{fingerprint[:8]}{ENDING}"
