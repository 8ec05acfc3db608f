"""Roots with one defect each, to find out by handshakes whether servers under them verify."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from tests.lint import forge


@dataclass(frozen=True)
class Defect:
    """A root with its one defect, the key that signs for it, and its name as issuer."""

    certificate: bytes
    key: forge.Key
    issuer: bytes = forge.name()


def _root(*extensions: bytes) -> Defect:
    return Defect(forge.certificate(extensions=extensions), forge.elliptic())


def _with(key: forge.Key) -> Defect:
    return Defect(forge.certificate(key), key)


def roots(now: dt.datetime) -> dict[str, Defect]:
    """Return every root by the name of its defect; validity is relative to `now`."""
    day, key = dt.timedelta(days=1), forge.elliptic()
    basic, usage, identifier = forge.GOOD
    excluding = forge.seq(forge.tlv(0xA0, forge.seq(forge.tlv(0x82, b"elsewhere.example"))))
    including = forge.seq(forge.tlv(0xA0, forge.seq(forge.tlv(0x82, b"localhost"))))
    unknown = forge.extension("1.3.6.1.4.1.99999.1", b"\x05\x00", critical=True)
    issuer = forge.name("Throw-Away Issuer")
    lax = forge.name(forge.tlv(0x13, b"throw_away"))
    return {
        "good": _root(*forge.GOOD),
        "basic-constraints-not-critical": _root(forge.basic_constraints(critical=False), usage, identifier),
        "no-key-usage": _root(basic, identifier),
        "no-key-identifier": _root(basic, usage),
        "empty-subject": Defect(forge.certificate(subject=forge.seq()), key, forge.seq()),
        "no-basic-constraints": _root(usage, identifier),
        "not-a-ca": _root(forge.basic_constraints(forge.seq()), usage, identifier),
        "no-cert-sign": _root(basic, forge.key_usage(forge.bits(b"\x02", 1)), identifier),
        "expired": Defect(forge.certificate(validity=forge.between(now - 9 * day, now - day)), key),
        "not-yet-valid": Defect(forge.certificate(validity=forge.between(now + day, now + 900 * day)), key),
        "weak-rsa": _with(forge.rsa_key(1024)),
        "no-server-auth": _root(*forge.GOOD, forge.usages("1.3.6.1.5.5.7.3.2")),
        "eku-any-only": _root(*forge.GOOD, forge.usages("2.5.29.37.0")),
        "eku-sgc": _root(*forge.GOOD, forge.usages("1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1")),
        "eku-any-and-sgc": _root(*forge.GOOD, forge.usages("2.5.29.37.0", "2.16.840.1.113730.4.1")),
        "aki-of-itself": _root(*forge.GOOD, forge.authority(serial=4711)),
        "aki-of-another": _root(*forge.GOOD, forge.authority(serial=4712)),
        "constrained-to-others": _root(*forge.GOOD, forge.extension("2.5.29.30", excluding, critical=True)),
        "constrained-to-this": _root(*forge.GOOD, forge.extension("2.5.29.30", including, critical=True)),
        "unknown-critical-extension": _root(*forge.GOOD, unknown),
        "not-v3": Defect(forge.certificate(version=b"", extensions=None), key),
        "intermediate": Defect(forge.certificate(issuer=issuer, issuer_key=forge.elliptic(8)), key),
        "serial-not-positive": Defect(forge.certificate(serial=forge.integer(0)), key),
        "serial-negative": Defect(forge.certificate(serial=forge.integer(-5)), key),
        "serial-too-long": Defect(forge.certificate(serial=forge.integer(1 << 190)), key),
        "sha1-self-signature": Defect(forge.certificate(forge.elliptic(digest="SHA1")), key),
        "rsa-exponent": _with(forge.rsa_key(2048, 3)),
        "rsa-4096": _with(forge.rsa_key(4096)),
        "curve-p521": _with(forge.elliptic(7, ec.SECP521R1(), "SHA512")),
        "unsupported-key": _with(forge.elliptic(7, ec.SECP256K1())),
        "curve-p224": _with(forge.elliptic(7, ec.SECP224R1())),
        "compressed-point": Defect(forge.certificate(spki=forge.compressed(key)), key),
        "large-identifier": _root(*forge.GOOD, forge.extension(f"2.25.{1 << 31}", b"\x05\x00")),
        "off-curve": Defect(forge.certificate(spki=key.spki[:-1] + bytes([key.spki[-1] ^ 1])), key),
        "lax-name": Defect(forge.certificate(subject=lax), key, lax),
        "lax-key": Defect(
            forge.certificate(forge.rsa_key(), spki=forge.rsa_lacking_null(forge.rsa_key())), forge.rsa_key()
        ),
        "ed25519": _with(forge.edwards()),
        "ed448": _with(forge.edwards(large=True)),
        "bad-self-signature": Defect(forge.certificate(signature=lambda s: s[:-1] + bytes([s[-1] ^ 1])), key),
        "algorithm-mismatch": Defect(forge.certificate(outer=forge.elliptic(digest="SHA384").algorithm), key),
        "malformed-extension": _root(basic, forge.key_usage(b"\x03\x00"), identifier),
        "malformed-basic-constraints": _root(
            forge.basic_constraints(b"\x30\x03\x02\x01\x05"), usage, identifier
        ),
        "weak-signature": Defect(forge.certificate(forge.rsa_key(2048, digest="MD5")), forge.rsa_key()),
        "sha1-signature": Defect(
            forge.certificate(issuer=issuer, issuer_key=forge.elliptic(8, digest="SHA1")), key
        ),
        "unknown-signature": Defect(forge.certificate(inner=forge.seq(forge.oid("1.2.3.4"))), key),
        "brainpool": _with(forge.elliptic(7, ec.BrainpoolP256R1())),
        "duplicate-extension": _root(*forge.GOOD, identifier),
    }
