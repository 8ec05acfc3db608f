"""Certificates with any fault, written octet by octet: libraries refuse to make most of them.

Everything is made from fixed numbers, so it is the same on every machine and secret on none: the
private keys are the integers that stand here.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
BEGIN = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
END = dt.datetime(2035, 1, 1, tzinfo=dt.UTC)
PASSWORD = "throw-away"  # noqa: S105  the fixtures' one password

PrivateKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | mldsa.MLDSA44PrivateKey
    | mldsa.MLDSA65PrivateKey
    | mldsa.MLDSA87PrivateKey
)


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return one element with a length in its shortest form."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, signed=True))


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    return tlv(0x06, b"".join(_base128(arc) for arc in (first * 40 + second, *rest)))


def _base128(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.insert(0, arc & 0x7F | 0x80)
    return bytes(octets)


def octets(*parts: bytes) -> bytes:
    return tlv(0x04, *parts)


def bits(content: bytes, unused: int = 0) -> bytes:
    return tlv(0x03, bytes([unused]), content)


def utf8(text: str) -> bytes:
    return tlv(0x0C, text.encode())


def ia5(text: str) -> bytes:
    return tlv(0x16, text.encode("ascii"))


def attribute(dotted: str, value: bytes) -> bytes:
    return seq(oid(dotted), value)


def name(common_name: str | bytes = "Throw-Away Root") -> bytes:
    """Return a Name of one common name, given as text or as the DER of its value."""
    value = utf8(common_name) if isinstance(common_name, str) else common_name
    return seq(tlv(0x31, attribute("2.5.4.3", value)))


def time(moment: dt.datetime) -> bytes:
    if moment.year < 2050:
        return tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    return seq(oid(dotted), b"\x01\x01\xff" if critical else b"", octets(value))


def basic_constraints(value: bytes = seq(b"\x01\x01\xff"), *, critical: bool = True) -> bytes:
    return extension("2.5.29.19", value, critical=critical)


def key_usage(value: bytes = bits(b"\x06", 1), *, critical: bool = True) -> bytes:
    return extension("2.5.29.15", value, critical=critical)


def key_identifier(value: bytes = octets(bytes(range(20)))) -> bytes:
    return extension("2.5.29.14", value)


def usages(*dotted: str) -> bytes:
    return extension("2.5.29.37", seq(*map(oid, dotted)))


def authority(key: bytes = bytes(range(20)), issuer: bytes = name(), *, serial: int) -> bytes:
    """Return an authority key identifier that names a key, and a certificate by its issuer and serial."""
    by_issuer = tlv(0xA1, tlv(0xA4, issuer)), tlv(0x82, integer(serial)[2:])
    return extension("2.5.29.35", seq(tlv(0x80, key) if key else b"", *by_issuer))


GOOD = (basic_constraints(), key_usage(), key_identifier())

SHA256_RSA = seq(oid("1.2.840.113549.1.1.11"), b"\x05\x00")
SHA256_ECDSA = seq(oid("1.2.840.10045.4.3.2"))


@dataclass(frozen=True)
class Signer:
    """A public key with the algorithm identifier of its signatures and the function that makes them."""

    spki: bytes
    algorithm: bytes
    sign: Callable[[bytes], bytes] = field(repr=False)


@dataclass(frozen=True)
class Key(Signer):
    """A key pair of a kind that libraries know."""

    private: PrivateKey = field(repr=False)

    def encoded(
        self, form: PrivateFormat = PrivateFormat.PKCS8, *, pem: bool = False, password: str = ""
    ) -> bytes:
        """Return the private key in DER or PEM."""
        how: KeySerializationEncryption = NoEncryption()
        if password:
            # OpenSSL's own salts are random: the fixture script stores what this returned once.
            how = BestAvailableEncryption(password.encode())
        return self.private.private_bytes(Encoding.PEM if pem else Encoding.DER, form, how)


def public(private: PrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@functools.cache
def elliptic(number: int = 7, curve: ec.EllipticCurve | None = None, digest: str = "SHA256") -> Key:
    """Return the EC key whose private number is `number`."""
    private = ec.derive_private_key(number, curve or ec.SECP256R1())
    oids = {"SHA1": "1", "SHA224": "3.1", "SHA256": "3.2", "SHA384": "3.3", "SHA512": "3.4"}
    scheme = ec.ECDSA(getattr(hashes, digest)(), deterministic_signing=True)
    algorithm = seq(oid(f"1.2.840.10045.4.{oids[digest]}"))
    return Key(public(private), algorithm, lambda data: private.sign(data, scheme), private)


@functools.cache
def edwards(number: int = 7, *, large: bool = False) -> Key:
    """Return the Ed25519 or Ed448 key whose private octets are all `number`."""
    private: ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey = (
        ed448.Ed448PrivateKey.from_private_bytes(bytes([number]) * 57)
        if large
        else ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    )
    return Key(public(private), seq(oid(f"1.3.101.{112 + large}")), private.sign, private)


@functools.cache
def primes() -> dict[str, list[str]]:
    value: dict[str, list[str]] = json.loads(Path(__file__).with_name("primes.json").read_text("ascii"))
    return value


@functools.cache
def rsa_key(size: int = 2048, exponent: int = 65537, digest: str = "SHA256") -> Key:
    """Return the RSA key of a size and exponent that primes.json holds; an odd one can sign.

    They are written down because to find them took each run of the tests half a minute.
    """
    p, q = (int(digits, 16) for digits in primes()[f"{size}/{exponent}"])
    n, d = p * q, pow(exponent, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(exponent, n)
    )
    private = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    oids = {"MD5": 4, "SHA1": 5, "SHA224": 14, "SHA256": 11, "SHA384": 12, "SHA512": 13}
    algorithm = seq(oid(f"1.2.840.113549.1.1.{oids[digest]}"), b"\x05\x00")
    chosen = getattr(hashes, digest)()
    return Key(public(private), algorithm, lambda d: private.sign(d, padding.PKCS1v15(), chosen), private)


def rsa_spki(modulus: int, exponent: int, *, parameters: bytes = b"\x05\x00") -> bytes:
    """Return a SubjectPublicKeyInfo of two numbers, which need not be a key."""
    algorithm = seq(oid("1.2.840.113549.1.1.1"), parameters)
    return seq(algorithm, bits(seq(integer(modulus), integer(exponent))))


def rsa_lacking_null(key: Key) -> bytes:
    """Return the SubjectPublicKeyInfo of an RSA key with the parameters left out."""
    assert isinstance(key.private, rsa.RSAPrivateKey)
    numbers = key.private.public_key().public_numbers()
    return rsa_spki(numbers.n, numbers.e, parameters=b"")


def compressed(key: Key) -> bytes:
    """Return the SubjectPublicKeyInfo of a P-256 key whose point is compressed (SEC 1 section 2.3.3)."""
    point = key.spki[-65:]
    algorithm = seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))
    return seq(algorithm, bits(bytes([2 + point[-1] % 2]) + point[1:33]))


def dsa_spki() -> bytes:
    """Return a DSA public key of numbers that no one would use."""
    parameters = seq(integer((1 << 2047) + 1), integer((1 << 255) + 1), integer(2))
    return seq(seq(oid("1.2.840.10040.4.1"), parameters), bits(integer(5)))


def certificate(  # noqa: PLR0913  a certificate has this many fields, and each can be wrong
    key: Signer | None = None,
    *,
    issuer_key: Signer | None = None,
    subject: bytes = name(),
    issuer: bytes | None = None,
    version: bytes = tlv(0xA0, integer(2)),
    serial: bytes = integer(4711),
    validity: bytes | None = None,
    spki: bytes | None = None,
    unique: bytes = b"",
    extensions: tuple[bytes, ...] | None = GOOD,
    inner: bytes | None = None,
    outer: bytes | None = None,
    signature: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """Return the DER of a good root, but for the fields that are given."""
    key = key or elliptic()
    signer = issuer_key or key
    tbs = seq(
        version,
        serial,
        inner or signer.algorithm,
        subject if issuer is None else issuer,
        seq(time(BEGIN), time(END)) if validity is None else validity,
        subject,
        key.spki if spki is None else spki,
        unique,
        tlv(0xA3, seq(*extensions)) if extensions is not None else b"",
    )
    value = signer.sign(tbs)
    return seq(tbs, outer or inner or signer.algorithm, bits(signature(value) if signature else value))


def between(begin: dt.datetime, end: dt.datetime) -> bytes:
    return seq(time(begin), time(end))


def base64_lines(data: bytes, width: int = 64) -> bytes:
    text = base64.b64encode(data)
    return b"".join(text[i : i + width] + b"\n" for i in range(0, len(text), width))


def pem(data: bytes, label: str = "CERTIFICATE") -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), base64_lines(data), label.encode())


def leaf(issuer_key: Signer, *, issuer: bytes = name(), host: str = "localhost") -> bytes:
    """Return a server certificate for `host` that every runtime accepts, if only it trusts the issuer."""
    return certificate(
        elliptic(1001),
        issuer_key=issuer_key,
        subject=name(host),
        issuer=issuer,
        serial=integer(4712),
        extensions=(
            basic_constraints(seq()),
            key_usage(bits(b"\x80", 7)),
            usages("1.3.6.1.5.5.7.3.1"),
            extension("2.5.29.17", seq(tlv(0x82, host.encode()))),
            key_identifier(octets(b"\x01" * 20)),
            extension("2.5.29.35", seq(tlv(0x80, bytes(range(20))))),
        ),
    )
