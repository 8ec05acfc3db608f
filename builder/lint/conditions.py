"""What a certificate is made of, as far as clients may differ about it: a name for each property.

`handshakes.csv` has one row for each name: what each runtime's handshake answered under a root that has it.
A property without a row was not measured, and neither was what has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder import x509
from builder.lint import bundle, certificate, extensions, signature
from builder.lint.identifiers import CALLED, UNKNOWN, called
from builder.lint.policy import Policy
from builder.x509 import der, x500

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from builder.lint.certificate import Facts
    from builder.x509 import Extension

OUTSIDE = "outside-constraints"  # whether a runtime takes a server that the root's constraints forbid

_GENERALIZED_TIME_FROM = 2050  # RFC 5280 section 4.1.2.5
# OpenSSL counts an RSA key of 920 bits as 80 bits of security, which its level 1 wants, and one of 1963 bits
# as 112, which its level 2 wants; NSS wants 1023 bits, and Go 1024.
_SIZES = (
    (920, "rsa-below-920"),
    (1023, "rsa-920-to-1022"),
    (1024, "rsa-1023"),
    (1963, "rsa-1024-to-1962"),
    (2048, "rsa-1963-to-2047"),
    (8193, "rsa"),
    (16385, "rsa-8193-to-16384"),
)
_LARGE_RSA = 3072  # from where on OpenSSL takes no exponent over 64 bits
_USUAL_EXPONENT = 65537
_CURVES: Mapping[str, str] = {
    "secp192r1": "p-192",
    "secp224r1": "p-224",
    "secp256r1": "p-256",
    "secp384r1": "p-384",
    "secp521r1": "p-521",
    "secp256k1": "secp256k1",
    "brainpoolP256r1": "brainpool",
    "brainpoolP384r1": "brainpool",
    "brainpoolP512r1": "brainpool",
    "explicit parameters": "explicit-curve",
}
_OTHER_KEYS: Mapping[str, str] = {
    "Ed25519": "ed25519",
    "Ed448": "ed448",
    "DSA": "dsa",
    "ML-DSA-44": "ml-dsa",
    "ML-DSA-65": "ml-dsa",
    "ML-DSA-87": "ml-dsa",
}
_COMPRESSED_POINTS = frozenset({2, 3})  # SEC 1 section 2.3.3; 6 and 7 are another matter
_SIGNATURES: Mapping[tuple[str, str], str] = {
    ("RSA", "SHA224"): "rsa-with-sha224",
    ("RSA", "SHA256"): "rsa-with-sha256",
    ("RSA", "SHA384"): "rsa-with-sha384",
    ("RSA", "SHA512"): "rsa-with-sha512",
    ("EC", "SHA224"): "ecdsa-with-sha224",
    ("EC", "SHA256"): "ecdsa-with-sha256",
    ("EC", "SHA384"): "ecdsa-with-sha384",
    ("EC", "SHA512"): "ecdsa-with-sha512",
}
_WEAK = frozenset({"MD2", "MD4", "MD5", "SHA1"})  # told by rules
# ECDSA and RSA with the four SHA-3 digests.
_SHA3 = frozenset(f"2.16.840.1.101.3.4.3.{arc}" for arc in range(9, 17))
# Types of text in names: a Printable and a UTF-8 string are what everybody writes.
_TEXTS: Mapping[int, str] = {
    0x03: "bit-string-name",
    0x14: "teletex-name",
    0x16: "ia5-name",
    0x1C: "universal-name",
    0x1E: "bmp-name",
}
_UNIQUE_IDENTIFIERS = frozenset({0x81, 0x82})
_MAX_ARC = (1 << 31) - 1
# Extensions that are read by every client, so that one malformed value speaks for others.
_READ_BY_ALL = frozenset({extensions.BASIC_CONSTRAINTS, extensions.KEY_USAGE, extensions.SKI})


def conditions(facts: Facts, *, now: dt.datetime) -> frozenset[str]:
    """Return the names of everything about a certificate that a client might mind."""
    return frozenset(
        name
        for part in (_role(facts, now), _form(facts), _names(facts), _key(facts), _signature(facts))
        for name in part
    ) | frozenset(_extensions(facts))


def _role(facts: Facts, now: dt.datetime) -> Iterator[str]:
    for _, finding in bundle.choose(facts, Policy(), now=now):
        if finding.rule != "public-root":
            yield finding.rule
    if not facts.is_ca and not facts.certificate.self_issued:
        yield "leaf"
    rules = {rule for rule, _ in certificate.check(facts, now=now)}
    # Those that are one property each, and known by their rule.
    yield from rules & _RULES
    if facts.names_another:
        yield "another-issuer"
    if certificate.signature_is_wrong(facts, rules):
        yield "bad-self-signature"


_RULES = frozenset(
    {
        *("algorithm-mismatch", "basic-constraints-not-critical", "empty-subject"),
        *("deceptive-name", "no-basic-constraints", "no-cert-sign", "no-key-identifier", "no-key-usage"),
        *("not-a-ca", "not-yet-valid", "serial-too-long", "sha1-self-signature", "sha1-signature"),
        *("validity-reversed", "weak-signature"),
    }
)


def _form(facts: Facts) -> Iterator[str]:
    fields = facts.fields
    if fields.version < 3:  # noqa: PLR2004  X.509 version 3
        yield f"version-{fields.version}"
    if fields.serial <= 0:
        yield "serial-zero" if fields.serial == 0 else "serial-negative"
    if max(fields.not_before.year, fields.not_after.year) >= _GENERALIZED_TIME_FROM:
        yield "generalized-time"
    start, end = der.whole(fields.tbs)
    if any(tag in _UNIQUE_IDENTIFIERS for tag, *_ in der.children(fields.tbs, start, end)):
        yield "unique-identifiers"


def _names(facts: Facts) -> Iterator[str]:
    for name in (facts.fields.subject, facts.fields.issuer):
        start, end = der.whole(name)
        for _, _, first, last in der.children(name, start, end):
            for _, _, inner, stop in der.children(name, first, last):
                _, (kind, *_) = der.children(name, inner, stop)
                if kind in _TEXTS:
                    yield _TEXTS[kind]
        if x500.is_lax(name):
            yield "lax-name"


def _key(facts: Facts) -> Iterator[str]:
    key = facts.key
    if key.algorithm == "RSA":
        yield from _rsa(facts)
    elif key.algorithm == "EC":
        yield _CURVES.get(key.curve, UNKNOWN)
        if key.form == x509.OFF_CURVE:
            yield "off-curve"
        elif key.form == x509.COMPRESSED:
            yield "compressed-point" if _point(facts.fields.spki) in _COMPRESSED_POINTS else UNKNOWN
    else:
        yield _OTHER_KEYS.get(key.algorithm, UNKNOWN)


def _rsa(facts: Facts) -> Iterator[str]:
    key, spki = facts.key, facts.fields.spki
    yield next((name for limit, name in _SIZES if key.bits < limit), "rsa-above-16384")
    yield from _exponent(key.exponent, large=key.bits > _LARGE_RSA)
    oid, start, end, _ = der.algorithm(spki, *der.whole(spki))
    if oid == x509.RSA_PSS:
        yield "rsa-pss-key" if start == end else "restricted-rsa-pss-key"
    elif key.form == x509.LACKS_NULL:
        yield "rsa-without-null"


def _exponent(exponent: int, *, large: bool) -> Iterator[str]:
    bits = exponent.bit_length()
    if exponent % 2 == 0:
        yield "even-exponent"
    elif exponent == 1:
        yield "exponent-1"
    elif exponent < _USUAL_EXPONENT:
        yield "small-exponent"
    elif exponent == _USUAL_EXPONENT:
        return
    elif bits <= 31:  # noqa: PLR2004  Go's limit
        yield "large-exponent"
    elif bits <= 33:  # noqa: PLR2004  BoringSSL's
        yield "exponent-over-31-bits"
    elif bits <= 64:  # noqa: PLR2004  OpenSSL's, for large keys
        yield "exponent-over-33-bits"
    else:
        yield "exponent-over-64-bits-of-a-large-key" if large else "exponent-over-64-bits"


def _point(spki: bytes) -> int:
    """Return the octet that says how an EC key's point is written."""
    start, end = der.whole(spki)
    *_, at = der.algorithm(spki, start, end)
    first, _ = der.expect(spki, at, end, der.BIT_STRING)
    return spki[first + 1]


def _signature(facts: Facts) -> Iterator[str]:
    try:
        kind, digest = signature.algorithm(facts.fields)
    except der.DerError:
        yield UNKNOWN
        return
    if not kind:
        sha3 = signature.identifier(facts.fields) in _SHA3
        yield "sha3-signature" if sha3 else "unknown-signature"
    elif facts.is_root and not facts.key.algorithm.startswith(kind):
        yield "foreign-signature"
    elif signature.identifier(facts.fields) == signature.PSS:
        yield "pss-signature" if digest else UNKNOWN
    elif (kind, digest) in _SIGNATURES:
        yield _SIGNATURES[kind, digest]
    elif not facts.is_root and digest not in _WEAK:
        yield UNKNOWN  # a root's own kind of signature is told with its key


def _extensions(facts: Facts) -> Iterator[str]:
    said = facts.extensions
    for item in facts.fields.extensions:
        yield from _extension(item, facts)
        if any(int(arc) > _MAX_ARC for arc in item.oid.split(".")):
            yield "large-identifier"
    for oid in said.repeated:
        yield "duplicate-extension" if oid in CALLED else "duplicate-unknown-extension"
    for oid in said.malformed:
        yield f"malformed-{CALLED[oid]}" if oid in _READ_BY_ALL else UNKNOWN
    if said.usages is not None and extensions.SERVER_AUTH not in said.usages:
        yield _usages(said.usages)


def _extension(item: Extension, facts: Facts) -> Iterator[str]:
    how = "critical-" if item.critical else ""
    if item.oid == extensions.NAME_CONSTRAINTS:
        for kind in facts.extensions.constraints:
            yield f"{how}{kind}"
        return
    if item.oid == extensions.BASIC_CONSTRAINTS:
        return  # told by rules
    yield called(item)


def _usages(usages: frozenset[str]) -> str:
    """Return what is wrong with usages that lack serverAuth: OpenSSL and Go take other ones for it."""
    gated = not usages.isdisjoint(extensions.GATED_CRYPTO)
    if extensions.ANY_USAGE in usages:
        return "any-usage-and-gated-crypto" if gated else "any-usage-only"
    return "gated-crypto-only" if gated else "no-server-auth"
