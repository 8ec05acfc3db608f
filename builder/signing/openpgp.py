"""OpenPGP of version 4 (RFC 4880, kept by RFC 9580): RSA public keys and signatures, as packets.

One key that certifies and signs, without subkeys or an end, is what every package manager takes: rpm 4.18
refuses others, and Enterprise Linux 7 and 8 know no curves. The same key, time and data give the same bytes.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

from builder.signing import packets
from builder.signing.packets import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Kinds of signatures (RFC 9580 section 5.2.1)
BINARY, TEXT, CERTIFICATION = 0x00, 0x01, 0x13
_CERTIFICATIONS = range(0x10, 0x14)
# Packets (section 5), algorithms (section 9) and subpackets (section 5.2.3.7)
_SIGNATURE, PUBLIC_KEY, _USER_ID = 2, 6, 13
_RSA, _RSA_SIGN_ONLY, _SHA512 = 1, 3, 10
_DIGESTS: dict[int, tuple[str, type[hashes.HashAlgorithm]]] = {
    8: ("sha256", hashes.SHA256),
    9: ("sha384", hashes.SHA384),
    10: ("sha512", hashes.SHA512),
}
_CREATED, _ISSUER, _PREFERRED_DIGESTS, _PRIMARY, _FLAGS, _FEATURES, _FINGERPRINT = 2, 16, 21, 25, 27, 30, 33
_EXPIRES = 9
_REVOCATION = b"\x20"
_LEAST = 2048  # bits
_CERTIFY_AND_SIGN, _MODIFICATION_DETECTION = 0x03, 0x01
_VERSION = 4
_LEAST_EXPONENT = 3


class PublicKey(msgspec.Struct, frozen=True):
    """An RSA key by its numbers, and when it was made, in seconds since 1970: part of its fingerprint."""

    modulus: int
    exponent: int
    created: int

    @property
    def body(self) -> bytes:
        """The packet's content."""
        return (
            struct.pack(">BIB", _VERSION, self.created, _RSA)
            + packets.number(self.modulus)
            + packets.number(self.exponent)
        )

    @property
    def fingerprint(self) -> str:
        """40 upper-case hex digits."""
        return hashlib.sha1(_hashed_key(self), usedforsecurity=False).hexdigest().upper()

    @property
    def numbers(self) -> rsa.RSAPublicKey:
        """The key without its time; raises Unsupported where its numbers make none."""
        try:
            return rsa.RSAPublicNumbers(self.exponent, self.modulus).public_key()
        except ValueError:
            raise Unsupported("is no RSA key") from None


def public_key(key: rsa.RSAPublicKey, created: int) -> PublicKey:
    """Return a key with its time, in seconds since 1970."""
    numbers = key.public_numbers()
    return PublicKey(numbers.n, numbers.e, created)


def signature(
    public: PublicKey, raw: Callable[[bytes], bytes], kind: int, data: bytes, *, time: int, extra: bytes = b""
) -> bytes:
    """Return a signature packet over `data`; `raw` makes an RSA signature (PKCS #1 v1.5) of a SHA-512.

    A time before the key's own would be refused, and counts as that.
    """
    fingerprint = bytes.fromhex(public.fingerprint)
    when = struct.pack(">I", max(time, public.created))
    hashed = (
        packets.subpacket(_FINGERPRINT, bytes([_VERSION]) + fingerprint)
        + packets.subpacket(_CREATED, when)
        + extra
    )
    head = struct.pack(">4BH", _VERSION, kind, _RSA, _SHA512, len(hashed)) + hashed
    digest = _digest("sha512", data, head)
    unhashed = packets.subpacket(_ISSUER, fingerprint[-8:])
    value = packets.number(int.from_bytes(raw(digest)))
    return packets.packet(_SIGNATURE, head + struct.pack(">H", len(unhashed)) + unhashed + digest[:2] + value)


def certificate(public: PublicKey, user_id: str, raw: Callable[[bytes], bytes]) -> bytes:
    """Return the key, whose it is, and its own signature over both: what others import."""
    extra = (
        packets.subpacket(_FLAGS, bytes([_CERTIFY_AND_SIGN]))
        + packets.subpacket(_PREFERRED_DIGESTS, bytes([10, 8]))
        + packets.subpacket(_PRIMARY, b"\x01")
        + packets.subpacket(_FEATURES, bytes([_MODIFICATION_DETECTION]))
    )
    data = _certified(public, user_id.encode())
    signed = signature(public, raw, CERTIFICATION, data, time=public.created, extra=extra)
    return packets.packet(PUBLIC_KEY, public.body) + packets.packet(_USER_ID, user_id.encode()) + signed


def read_certificate(data: bytes) -> tuple[PublicKey, str]:
    """Return the key of a certificate, and the user ID that it has signed itself.

    Raises Unsupported for another algorithm or version, a short or revoked key or one that ends some day,
    several keys, and a wrong signature.
    """
    found = list(packets.read(data))
    if not found or found[0].kind != PUBLIC_KEY:
        raise Unsupported("is no OpenPGP public key")
    public, name = _read_key(found[0].body), b""
    for packet in found[1:]:
        if packet.kind == PUBLIC_KEY:
            raise Unsupported("holds several keys")
        if packet.kind == _USER_ID:
            name = packet.body
        elif packet.kind == _SIGNATURE and packet.body[1:2] == _REVOCATION:
            raise Unsupported("is revoked")
        elif packet.kind == _SIGNATURE and name and _is_own_certification(public, name, packet.body):
            if any(_subpackets(_hashed(packet.body), _EXPIRES)):
                raise Unsupported("ends some day, from which on every client would refuse what it has signed")
            return public, name.decode("utf-8", "backslashreplace")
    raise Unsupported("is signed by no key of its own")


def verify(public: PublicKey, packet: bytes, kind: int, data: bytes) -> int:
    """Return when a signature over `data` was made, as it says; raise Unsupported unless it is the key's."""
    found = list(packets.read(packet))
    if len(found) != 1 or found[0].kind != _SIGNATURE:
        raise Unsupported("is no signature")
    return _verify(public, found[0].body, (kind,), data)


def _read_key(body: bytes) -> PublicKey:
    try:
        version, created, algorithm = struct.unpack_from(">BIB", body)
        if version != _VERSION or algorithm not in {_RSA, _RSA_SIGN_ONLY}:
            raise Unsupported("is no RSA key of OpenPGP's version 4")
        modulus, at = packets.read_number(body, 6)
        exponent, at = packets.read_number(body, at)
    except struct.error:
        raise Unsupported("is cut off") from None
    key = PublicKey(modulus, exponent, created)
    if at != len(body) or key.body != body:
        raise Unsupported("is a key in a form that is not read")
    if modulus.bit_length() < _LEAST:
        raise Unsupported(f"has fewer than {_LEAST} bits")
    if exponent < _LEAST_EXPONENT or not exponent & modulus & 1:
        raise Unsupported("is no RSA key")
    return key


def _is_own_certification(public: PublicKey, name: bytes, body: bytes) -> bool:
    try:
        _verify(public, body, tuple(_CERTIFICATIONS), _certified(public, name))
    except Unsupported:
        return False
    return True


def _verify(public: PublicKey, body: bytes, kinds: tuple[int, ...], data: bytes) -> int:
    try:
        version, kind, algorithm, digest, size = struct.unpack_from(">4BH", body)
        head = body[: 6 + size]
        (unhashed,) = struct.unpack_from(">H", body, len(head))
        value, end = packets.read_number(body, len(head) + 2 + unhashed + 2)
    except struct.error:
        raise Unsupported("is cut off") from None
    if (
        (version, algorithm) != (_VERSION, _RSA)
        or kind not in kinds
        or digest not in _DIGESTS
        or end != len(body)
    ):
        raise Unsupported("is a signature of another kind")
    if value >= public.modulus:
        raise Unsupported("is a number that no such key signs")
    name, algorithm_type = _DIGESTS[digest]
    raw = value.to_bytes((public.modulus.bit_length() + 7) // 8)
    verify_raw(public.numbers, raw, _digest(name, data, head), algorithm_type())
    return next((int.from_bytes(found) for found in _subpackets(_hashed(body), _CREATED)), 0)


def verify_raw(key: rsa.RSAPublicKey, raw: bytes, digest: bytes, algorithm: hashes.HashAlgorithm) -> None:
    """Raise Unsupported unless `raw` is the key's signature (PKCS #1 v1.5) of a digest."""
    try:
        key.verify(raw, digest, padding.PKCS1v15(), utils.Prehashed(algorithm))
    except InvalidSignature:
        raise Unsupported("is no signature by this key") from None


def _hashed(body: bytes) -> bytes:
    """Return a signature's subpackets that it covers itself."""
    return body[6 : 6 + int.from_bytes(body[4:6])]


def _subpackets(hashed: bytes, kind: int) -> Iterator[bytes]:
    """Yield the content of each subpacket of one kind that is not empty, or all zeros."""
    at = 0
    while at < len(hashed):
        size, length = packets.length(hashed[at:])
        body = hashed[at + size : at + size + length]
        if body[:1] and body[0] & 0x7F == kind and any(body[1:]):
            yield body[1:]
        at += size + length


def _digest(name: str, data: bytes, head: bytes) -> bytes:
    digest = hashlib.new(name, data)
    digest.update(head + bytes([_VERSION, 0xFF]) + struct.pack(">I", len(head)))
    return digest.digest()


def _hashed_key(public: PublicKey) -> bytes:
    return b"\x99" + struct.pack(">H", len(public.body)) + public.body


def _certified(public: PublicKey, user_id: bytes) -> bytes:
    return _hashed_key(public) + b"\xb4" + struct.pack(">I", len(user_id)) + user_id
