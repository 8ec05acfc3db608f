"""Keys that libraries do not make, or that few clients know: odd RSA, RSASSA-PSS, DSA, ML-DSA and others."""

from __future__ import annotations

import functools
import hashlib
import math

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import mldsa, padding, rsa

from tests.lint import forge
from tests.lint.forge import (
    SHA256_RSA,
    bits,
    integer,
    octets,
    oid,
    primes,
    public,
    rsa_key,
    rsa_spki,
    seq,
    tlv,
)

# DigestInfo of SHA-256, but for the digest itself (RFC 8017 section 9.2, note 1).
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_RSA_PSS = "1.2.840.113549.1.1.10"


@functools.cache
def raw_rsa(size: int = 2048, exponent: int = 65537) -> forge.Signer:
    """Return an RSA key that libraries would not make, computed by hand; its primes may be many."""
    factors = [int(digits, 16) for digits in primes()[str(size)]]
    n, length = math.prod(factors), (size + 7) // 8
    # By the Chinese remainder theorem: a power by so large a number would take seconds.
    parts = [(p, pow(exponent, -1, p - 1), n // p * pow(n // p, -1, p)) for p in factors]

    def sign(data: bytes) -> bytes:
        info = _DIGEST_INFO + hashlib.sha256(data).digest()
        padded = b"\0\1" + b"\xff" * (length - len(info) - 3) + b"\0" + info
        number = int.from_bytes(padded)
        return (sum(pow(number, d, p) * unit for p, d, unit in parts) % n).to_bytes(length)

    return forge.Signer(rsa_spki(n, exponent), SHA256_RSA, sign)


def pss_parameters() -> bytes:
    """Return RSASSA-PSS-params of SHA-256 throughout, with a salt as long as the digest (RFC 4055)."""
    sha256 = seq(oid("2.16.840.1.101.3.4.2.1"), b"\x05\x00")
    mask = seq(oid("1.2.840.113549.1.1.8"), sha256)
    return seq(tlv(0xA0, sha256), tlv(0xA1, mask), tlv(0xA2, integer(32)))


@functools.cache
def pss_key(*, own: bool, parameters: bytes = b"") -> forge.Key:
    """Return an RSA key that signs by RSASSA-PSS; its `own` kind of key is for nothing else."""
    private = rsa_key().private
    assert isinstance(private, rsa.RSAPrivateKey)
    numbers = private.public_key().public_numbers()
    point = bits(seq(integer(numbers.n), integer(numbers.e)))
    spki = seq(seq(oid(_RSA_PSS), parameters), point) if own else rsa_key().spki
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    algorithm = seq(oid(_RSA_PSS), pss_parameters())
    return forge.Key(spki, algorithm, lambda data: private.sign(data, scheme, hashes.SHA256()), private)


@functools.cache
def mldsa_key(strength: int = 65) -> forge.Key:
    """Return the ML-DSA key (FIPS 204) of a strength, from a seed of sevens."""
    kinds: dict[
        int, tuple[type[mldsa.MLDSA44PrivateKey | mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey], int]
    ]
    kinds = {
        44: (mldsa.MLDSA44PrivateKey, 17),
        65: (mldsa.MLDSA65PrivateKey, 18),
        87: (mldsa.MLDSA87PrivateKey, 19),
    }
    kind, number = kinds[strength]
    private = kind.from_seed_bytes(b"\7" * 32)
    algorithm = seq(oid(f"2.16.840.1.101.3.4.3.{number}"))
    return forge.Key(public(private), algorithm, private.sign, private)


@functools.cache
def dsa_key() -> forge.Signer:
    """Return a DSA key of 2048 bits; each signature's number is made from what is signed."""
    p, q, g = (int(digits, 16) for digits in primes()["dsa"])
    parameters = seq(integer(p), integer(q), integer(g))
    spki = seq(seq(oid("1.2.840.10040.4.1"), parameters), bits(integer(pow(g, 7, p))))

    def sign(data: bytes) -> bytes:
        digest = int.from_bytes(hashlib.sha256(data).digest()) >> (256 - q.bit_length())
        k = digest % q
        r = pow(g, k, p) % q
        return seq(integer(r), integer(pow(k, -1, q) * (digest + 7 * r) % q))

    return forge.Signer(spki, seq(oid("2.16.840.1.101.3.4.3.2")), sign)


def explicit_curve(key: forge.Key) -> bytes:
    """Return the SubjectPublicKeyInfo of a P-256 key that writes its curve out (RFC 3279 section 2.3.5)."""
    p = (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    base = "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
    base += "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5"
    prime_field = seq(oid("1.2.840.10045.1.1"), integer(p))
    curve = seq(octets((p - 3).to_bytes(32)), octets(b.to_bytes(32)))
    parameters = seq(
        integer(1), prime_field, curve, octets(b"\x04" + bytes.fromhex(base)), integer(order), integer(1)
    )
    return seq(seq(oid("1.2.840.10045.2.1"), parameters), bits(key.spki[-65:]))
