"""X.509 certificates read strictly from DER (RFC 5280 section 4.1), nothing skipped and nothing guessed."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from builder.x509 import der

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTEXT_1, _CONTEXT_2, _EXPLICIT_0, _EXPLICIT_3 = 0x81, 0x82, 0xA0, 0xA3
_TIME = {
    0x17: re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z"),
    0x18: re.compile(rb"(\d\d\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z"),
}
_UTC_TIME = 0x17
_UTC_PIVOT = 50

RSA, EC, DSA, RSA_PSS = (
    "1.2.840.113549.1.1.1",
    "1.2.840.10045.2.1",
    "1.2.840.10040.4.1",
    "1.2.840.113549.1.1.10",
)
COMPRESSED, LACKS_NULL, OFF_CURVE = "compressed", "lacks NULL", "off the curve"
_UNCOMPRESSED = b"\x04"  # SEC 1 section 2.3.3
_NULL = b"\x05\0"
# Keys whose algorithm says all (RFC 8410, RFC 9881, RFC 9909).
_NAMED = {
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
    **{
        f"2.16.840.1.101.3.4.3.{20 + i}": f"SLH-DSA-{form}"
        for i, form in enumerate(
            f"{h}-{n}{s}" for h in ("SHA2", "SHAKE") for n in (128, 192, 256) for s in "sf"
        )
    },
}
CURVES = {
    "1.2.840.10045.3.1.1": "secp192r1",
    "1.2.840.10045.3.1.7": "secp256r1",
    "1.3.132.0.10": "secp256k1",
    "1.3.132.0.33": "secp224r1",
    "1.3.132.0.34": "secp384r1",
    "1.3.132.0.35": "secp521r1",
    "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1",
    "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
    "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
}
# Prime p and coefficient b of each curve y^2 = x^3 - 3x + b that all clients know (FIPS 186-4, D.1.2).
_PRIMES = {
    "secp256r1": (
        (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    ),
    "secp384r1": (
        (1 << 384) - (1 << 128) - (1 << 96) + (1 << 32) - 1,
        int(
            "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
            "c656398d8a2ed19d2a85c8edd3ec2aef",
            16,
        ),
    ),
    "secp521r1": (
        (1 << 521) - 1,
        int(
            "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e"
            "156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
            16,
        ),
    ),
}


class Extension(msgspec.Struct, frozen=True):
    """One extension: `value` is the DER inside its OCTET STRING."""

    oid: str
    critical: bool
    value: bytes


class Key(msgspec.Struct, frozen=True):
    """A public key: its algorithm's name, its size in bits or its curve's name or OID, and RSA's exponent.

    `form` is empty for the usual encoding: else the key reads "compressed", lacks its "NULL", or is no key
    at all, because its point is off the curve.
    """

    algorithm: str
    bits: int = 0
    curve: str = ""
    exponent: int = 0
    form: str = ""

    def __str__(self) -> str:
        form = self.form if self.form == COMPRESSED else ""
        return " ".join(filter(None, (self.algorithm, str(self.bits or ""), self.curve, form)))


class X509(msgspec.Struct, frozen=True):
    """The fields of a certificate; names, keys and algorithms stay DER until somebody asks."""

    version: int
    serial: int
    inner_algorithm: bytes
    outer_algorithm: bytes
    issuer: bytes
    subject: bytes
    not_before: dt.datetime
    not_after: dt.datetime
    spki: bytes
    extensions: tuple[Extension, ...]
    tbs: bytes
    signature: bytes


# Loading and linting look at the same certificates; the bound keeps a long-lived process flat.
@lru_cache(maxsize=1024)
def parse(data: bytes) -> X509:
    """Read one certificate, which must fill `data` exactly; raises DerError."""
    start, end = der.whole(data)
    inner, tbs_end = der.expect(data, start, end, der.SEQUENCE)
    _, parameters, parameters_end, algorithm_end = der.algorithm(data, tbs_end, end)
    _check_parameters(data, parameters, parameters_end)
    first, last = der.expect(data, algorithm_end, end, der.BIT_STRING)
    if last != end:
        raise der.DerError("a certificate has more than three parts")
    signature, unused = der.bits(data, first, last)
    if unused:
        raise der.DerError("a signature is not a whole number of octets")
    return _tbs(data, inner, tbs_end, start, data[tbs_end:algorithm_end], signature)


def _tbs(data: bytes, at: int, end: int, start: int, outer: bytes, signature: bytes) -> X509:
    version, at = _version(data, at, end)
    first, serial_end = der.expect(data, at, end, der.INTEGER)
    _, parameters, parameters_end, algorithm_end = der.algorithm(data, serial_end, end)
    _check_parameters(data, parameters, parameters_end)
    _, issuer_end = der.expect(data, algorithm_end, end, der.SEQUENCE)
    validity, validity_end = der.expect(data, issuer_end, end, der.SEQUENCE)
    not_before, between = _time(data, validity, validity_end)
    not_after, last = _time(data, between, validity_end)
    if last != validity_end:
        raise der.DerError("a validity has more than two times")
    _, subject_end = der.expect(data, validity_end, end, der.SEQUENCE)
    _, spki_end = der.expect(data, subject_end, end, der.SEQUENCE)
    return X509(
        version=version,
        serial=der.integer(data, first, serial_end),
        inner_algorithm=data[serial_end:algorithm_end],
        outer_algorithm=outer,
        issuer=data[algorithm_end:issuer_end],
        subject=data[validity_end:subject_end],
        not_before=not_before,
        not_after=not_after,
        spki=data[subject_end:spki_end],
        extensions=tuple(_optional(data, spki_end, end, version)),
        tbs=data[start:end],
        signature=signature,
    )


def _version(data: bytes, at: int, end: int) -> tuple[int, int]:
    tag, start, stop = der.header(data, at, end)
    if tag != _EXPLICIT_0:
        return 1, at
    first, last = der.expect(data, start, stop, der.INTEGER)
    value = der.integer(data, first, last)
    if last != stop or value not in {0, 1, 2}:
        raise der.DerError("a certificate has no known version")
    if value == 0:
        raise der.NotDistinguishedError("version 1 is written out although it is the default")
    return value + 1, stop


def _time(data: bytes, at: int, end: int) -> tuple[dt.datetime, int]:
    tag, start, stop = der.header(data, at, end)
    match = tag in _TIME and _TIME[tag].fullmatch(data, start, stop)
    if not match:
        raise der.DerError("a time is not of the form YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ")
    year, month, day, hour, minute, second = map(int, match.groups())
    if tag == _UTC_TIME:
        year += 1900 if year >= _UTC_PIVOT else 2000
    try:
        return dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC), stop
    except ValueError:
        raise der.DerError("a time is not a valid date") from None


def _optional(data: bytes, at: int, end: int, version: int) -> Iterator[Extension]:
    """Yield the extensions behind the two unique identifiers, which nobody uses but X.509 allows."""
    allowed: tuple[int, ...] = (_CONTEXT_1, _CONTEXT_2, _EXPLICIT_3)
    for tag, _, inner, stop in der.children(data, at, end):
        if tag not in allowed:
            raise der.DerError("a certificate has an unknown or misplaced field")
        allowed = allowed[allowed.index(tag) + 1 :]
        if tag != _EXPLICIT_3:
            der.bits(data, inner, stop)
            continue
        if version != 3:  # noqa: PLR2004  X.509 version 3
            raise der.DerError(f"a version {version} certificate has extensions")
        first, last = der.expect(data, inner, stop, der.SEQUENCE)
        if last != stop or first == last:
            raise der.DerError("the list of extensions is empty or has something behind it")
        yield from (_extension(data, *span) for span in _sequences(data, first, last))


def _sequences(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    for tag, _, inner, stop in der.children(data, start, end):
        if tag != der.SEQUENCE:
            raise der.DerError("the list of extensions holds something else")
        yield inner, stop


def _extension(data: bytes, start: int, end: int) -> Extension:
    first, at = der.expect(data, start, end, der.OID)
    oid = der.oid(data[first:at])
    critical = False
    tag, inner, stop = der.header(data, at, end)
    if tag == der.BOOLEAN:
        critical = der.boolean(data, inner, stop)
        if not critical:
            raise der.NotDistinguishedError("an extension's false is written out although it is the default")
        tag, inner, stop = der.header(data, stop, end)
    if tag != der.OCTET_STRING or stop != end:
        raise der.DerError(f"extension {oid} has no value, or more than one")
    return Extension(oid, critical, data[inner:stop])


@lru_cache(maxsize=1024)
def key(spki: bytes) -> Key:
    """Read a SubjectPublicKeyInfo; an unknown algorithm is named by its OID; raises DerError."""
    start, end = der.whole(spki)
    oid, parameters, stop, at = der.algorithm(spki, start, end)
    first, last = der.expect(spki, at, end, der.BIT_STRING)
    octets, unused = der.bits(spki, first, last)
    if last != end or unused:
        raise der.DerError("a public key is not a whole number of octets, or has something behind it")
    if oid in {RSA, RSA_PSS}:
        _check_parameters(spki, parameters, stop)
        # RFC 3279 section 2.3.1 demands NULL for RSA, and nearly everybody does without.
        return _rsa(octets, form="" if oid == RSA_PSS or spki[parameters:stop] == _NULL else LACKS_NULL)
    if oid == EC:
        curve = _curve(spki, parameters, stop)
        return Key("EC", curve=curve, form=_form(curve, octets))
    if oid == DSA:
        return Key("DSA", bits=_dsa_bits(spki, parameters, stop))
    return Key(_NAMED.get(oid, oid))


def is_pss(spki: bytes) -> bool:
    """Tell whether a key that was read before is one for RSASSA-PSS alone (RFC 4055 section 1.2)."""
    return der.algorithm(spki, *der.whole(spki))[0] == RSA_PSS


def _check_parameters(data: bytes, start: int, end: int) -> None:
    """Refuse parameters that are neither left out, nor NULL, nor a structure: OpenSSL reads all of them."""
    if start == end:
        return
    tag, inner, stop = der.header(data, start, end)
    if tag == der.NULL and inner == stop:
        return
    if tag != der.SEQUENCE:
        raise der.DerError("an algorithm's parameters are neither NULL nor a structure")
    der.check_nested(data, inner, stop)


def _rsa(octets: bytes, *, form: str) -> Key:
    start, end = der.whole(octets)
    first, middle = der.expect(octets, start, end, der.INTEGER)
    second, last = der.expect(octets, middle, end, der.INTEGER)
    if last != end:
        raise der.DerError("an RSA key has more than two numbers")
    modulus, exponent = der.integer(octets, first, middle), der.integer(octets, second, last)
    if modulus <= 0 or exponent <= 0:
        raise der.DerError("an RSA key's numbers are not positive")
    return Key("RSA", bits=modulus.bit_length(), exponent=exponent, form=form)


def _curve(spki: bytes, at: int, end: int) -> str:
    if at == end:
        raise der.DerError("an EC key names no curve")
    tag, inner, stop = der.header(spki, at, end)
    if tag != der.OID:
        return "explicit parameters"
    oid = der.oid(spki[inner:stop])
    return CURVES.get(oid, oid)


def _form(curve: str, point: bytes) -> str:
    """Return what is special about a point; whether it is on the curve is known for those of _PRIMES."""
    if point[:1] != _UNCOMPRESSED:
        return COMPRESSED
    if curve not in _PRIMES:
        return ""
    p, b = _PRIMES[curve]
    size = (p.bit_length() + 7) // 8
    x, y = int.from_bytes(point[1 : 1 + size]), int.from_bytes(point[1 + size :])
    on_curve = len(point) == 1 + 2 * size and max(x, y) < p and (y * y - x * x * x + 3 * x - b) % p == 0
    return "" if on_curve else OFF_CURVE


def _dsa_bits(spki: bytes, at: int, end: int) -> int:
    if at == end:
        return 0
    inner, stop = der.expect(spki, at, end, der.SEQUENCE)
    first, last = der.expect(spki, inner, stop, der.INTEGER)
    return der.integer(spki, first, last).bit_length()
