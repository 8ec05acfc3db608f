"""A key that signs: an RSA key in memory, or in whatever makes raw signatures, as OpenPGP and apk use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from builder.signing import openpgp

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.signing.openpgp import PublicKey

BITS = 4096
_EXPONENT = 65537
# Of a digest's length: SHA-256 is apk's, SHA-512 OpenPGP's.
ALGORITHMS: dict[int, hashes.HashAlgorithm] = {32: hashes.SHA256(), 64: hashes.SHA512()}


class OpenPgpKey(Protocol):
    """An OpenPGP key that signs, wherever its private half is."""

    @property
    def certificate(self) -> bytes:
        """The public key, its user ID and its own signature, as packets."""
        ...

    def sign(self, kind: int, data: bytes, *, time: int) -> bytes:
        """Return a signature packet over `data`; a time before the key's own counts as that."""
        ...


class RsaOpenPgpKey(msgspec.Struct, frozen=True):
    """An OpenPGP key whose raw signatures (PKCS #1 v1.5 of a digest) `raw` makes."""

    public: PublicKey
    certificate: bytes
    raw: Callable[[bytes], bytes]

    def sign(self, kind: int, data: bytes, *, time: int) -> bytes:
        """Return a signature packet over `data`; a time before the key's own counts as that."""
        return openpgp.signature(self.public, self.raw, kind, data, time=time)

    def __repr__(self) -> str:
        """Say which it is."""
        return f"{type(self).__name__}({self.public.fingerprint})"


class ApkKey(msgspec.Struct, frozen=True):
    """An apk key: the name of its public half in /etc/apk/keys, that as PEM, and what signs a SHA-256."""

    name: str
    public: bytes
    raw: Callable[[bytes], bytes]

    def __repr__(self) -> str:
        """Say which it is."""
        return f"{type(self).__name__}({self.name!r})"


def in_memory(private: rsa.RSAPrivateKey) -> Callable[[bytes], bytes]:
    """Return what makes raw signatures with a private key, and checks each of them.

    A wrong one would tell the key to who knows both.
    """
    public = private.public_key()

    def raw(digest: bytes) -> bytes:
        algorithm = ALGORITHMS[len(digest)]
        value = private.sign(digest, padding.PKCS1v15(), utils.Prehashed(algorithm))
        openpgp.verify_raw(public, value, digest, algorithm)
        return value

    return raw


def new_private(bits: int = BITS) -> rsa.RSAPrivateKey:
    """Make an RSA key; fewer bits are for tests."""
    return rsa.generate_private_key(_EXPONENT, bits)


def openpgp_key(
    public: rsa.RSAPublicKey, raw: Callable[[bytes], bytes], *, user_id: str, created: int
) -> RsaOpenPgpKey:
    """Make an OpenPGP key of an RSA key; `created` is in seconds since 1970."""
    key = openpgp.public_key(public, created)
    return RsaOpenPgpKey(key, openpgp.certificate(key, user_id, raw), raw)


def apk_key(public: rsa.RSAPublicKey, raw: Callable[[bytes], bytes], *, slug: str) -> ApkKey:
    """Make an apk key of an RSA key; its name tells whose it is, and is another for each key."""
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return ApkKey(apk_name(public, slug), pem, raw)


def apk_name(public: rsa.RSAPublicKey, slug: str) -> str:
    """Return what an apk key's public half is called: by its digest, so that no two share a name."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public.public_bytes(serialization.Encoding.DER, form))
    return f"{slug}-{digest.finalize().hex()[:8]}.rsa.pub"
