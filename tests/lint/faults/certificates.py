"""Faults of a CA certificate's fields: version, serial, keys, signatures, times and names."""

from __future__ import annotations

import datetime as dt

from cryptography.hazmat.primitives.asymmetric import ec

from tests.lint import forge, rare_keys
from tests.lint.forge import BEGIN, END, NOW, between, integer, name, oid, seq, tlv

_DAY = dt.timedelta(days=1)
_YEAR = 366 * _DAY
_MODULUS = (1 << 3071) + 1


def _root(**fields: object) -> bytes:
    return forge.pem(forge.certificate(**fields))  # type: ignore[arg-type]  # the fields are forge's own


def _with(key: forge.Signer) -> bytes:
    return forge.pem(forge.certificate(key))


def _rsa(modulus: int, exponent: int) -> bytes:
    return _root(spki=forge.rsa_spki(modulus, exponent))


def _valid(begin: dt.datetime, end: dt.datetime) -> bytes:
    return _root(validity=between(begin, end))


def _named(text: str) -> bytes:
    return _root(subject=name(text))


def _flipped(value: bytes) -> bytes:
    return value[:-1] + bytes([value[-1] ^ 1])


_CURVES = {
    "p192": ec.SECP192R1(),
    "p224": ec.SECP224R1(),
    "secp256k1": ec.SECP256K1(),
    "brainpool-p256": ec.BrainpoolP256R1(),
    "brainpool-p384": ec.BrainpoolP384R1(),
    "brainpool-p512": ec.BrainpoolP512R1(),
}
_EXPLICIT = seq(seq(oid("1.2.840.10045.2.1"), seq(integer(1))), forge.bits(b"\x04" + bytes(64)))
_UNKNOWN_KEYS = {
    "gost": "1.2.643.7.1.1.1.1",
    "sm2-named": "1.2.156.10197.1.301",
    "x25519": "1.3.101.110",
    "dh": "1.2.840.113549.1.3.1",
}
_SIGNATURES = {"md2": "1.2.840.113549.1.1.2", "md4": "1.2.840.113549.1.1.3", "md5": "1.2.840.113549.1.1.4"}
_DECEPTIVE = {
    "right-to-left-override": "Throw-Away \u202etooR",
    "left-to-right-isolate": "Throw-Away \u2066Root",
    "zero-width-space": "Throw\u200b-Away Root",
    "zero-width-joiner": "Throw\u200d-Away Root",
    "byte-order-mark": "\ufeffThrow-Away Root",
    "newline": "Throw-Away\nRoot",
    "carriage-return": "Throw-Away Root\rTrusted",
    "escape-sequence": "\x1b[31mThrow-Away Root",
    "nul": "Throw-Away Root\0.example",
    "backspace": "Throw-Away X\bRoot",
    "delete": "Throw-Away\x7f Root",
    "c1-control": "Throw-Away \x9b31m Root",
    "line-separator": "Throw-Away\u2028Root",
    "soft-hyphen": "Throw\xad-Away Root",
    "tag-character": "Throw-Away Root\U000e0041",
    "hangul-filler": "Throw-Away\u3164Root",
    "private-use": "Throw-Away \ue000 Root",
}
# Types and characters of names that OpenSSL lets pass.
_LAX = {
    "printable-string-with-underscore": tlv(0x13, b"throw_away"),
    "printable-string-with-at": tlv(0x13, b"pki@throw-away.example"),
    "numeric-string-of-letters": tlv(0x12, b"Root 1"),
    "universal-string": tlv(0x1C, "Root".encode("utf-32-be")),
    "bit-string": forge.bits(b"Root"),
}

FAULTS = {
    "not-v3/version-1.pem": _root(version=b"", extensions=None),
    "not-v3/version-2.pem": _root(version=tlv(0xA0, integer(1)), extensions=None),
    "serial-too-long/21-octets.pem": _root(serial=integer(1 << 160)),
    "serial-too-long/64-octets.pem": _root(serial=integer((1 << 512) - 1)),
    "serial-not-positive/zero.pem": _root(serial=integer(0)),
    "serial-not-positive/minus-one.pem": _root(serial=integer(-1)),
    "serial-not-positive/negative.pem": _root(serial=integer(-(1 << 100))),
    "weak-rsa/512.pem": _rsa((1 << 511) + 1, 65537),
    "weak-rsa/1024.pem": _with(forge.rsa_key(1024)),
    "short-rsa/2040.pem": _with(forge.rsa_key(2040)),
    "short-rsa/2047.pem": _with(rare_keys.raw_rsa(2047)),
    "weak-rsa/2039.pem": _with(rare_keys.raw_rsa(2039)),
    "oversized-rsa/8200.pem": _rsa((1 << 8199) + 1, 65537),
    "oversized-rsa/16384.pem": _rsa((1 << 16383) + 1, 65537),
    "rsa-exponent/1.pem": _rsa(_MODULUS, 1),
    "rsa-exponent/2.pem": _rsa(_MODULUS, 2),
    "small-exponent/3.pem": _with(forge.rsa_key(2048, 3)),
    "small-exponent/17.pem": _with(forge.rsa_key(2048, 17)),
    # By the same numbers' plain RSA key: a salted signature would be another one each time.
    **{
        f"rsa-pss-key/{kind}.pem": forge.pem(
            forge.certificate(forge.rsa_key(), spki=rare_keys.pss_key(own=True, parameters=parameters).spki)
        )
        for kind, parameters in (("unrestricted", b""), ("restricted", rare_keys.pss_parameters()))
    },
    "rsa-exponent/65536.pem": _rsa(_MODULUS, 65536),
    "rsa-exponent/65538.pem": _rsa(_MODULUS, 65538),
    "rsa-exponent/2-to-the-31.pem": _rsa(_MODULUS, (1 << 31) + 1),
    "rsa-exponent/as-long-as-the-modulus.pem": _rsa(_MODULUS, _MODULUS - 2),
    "dsa/2048.pem": _root(spki=forge.dsa_spki()),
    **{f"unsupported-key/{curve}.pem": _with(forge.elliptic(7, chosen)) for curve, chosen in _CURVES.items()},
    "unsupported-key/explicit-parameters.pem": _root(spki=_EXPLICIT),
    **{
        f"unsupported-key/ml-dsa-{strength}.pem": _root(spki=rare_keys.mldsa_key(strength).spki)
        for strength in (44, 65, 87)
    },
    "unsupported-key/compressed-point.pem": _root(spki=forge.compressed(forge.elliptic())),
    **{
        f"unsupported-key/{kind}.pem": _root(spki=seq(seq(oid(dotted)), forge.bits(bytes(32))))
        for kind, dotted in _UNKNOWN_KEYS.items()
    },
    **{
        f"weak-signature/{digest}.pem": _root(inner=seq(oid(dotted), b"\x05\0"))
        for digest, dotted in _SIGNATURES.items()
    },
    "unknown-signature/unknown.pem": _root(inner=seq(oid("1.2.3.4"))),
    "unknown-signature/sha3.pem": _root(inner=seq(oid("2.16.840.1.101.3.4.3.10"))),
    "unknown-signature/ml-dsa-65.pem": _root(inner=seq(oid("2.16.840.1.101.3.4.3.18"))),
    "unknown-signature/gost.pem": _root(inner=seq(oid("1.2.643.7.1.1.3.2"))),
    "unknown-signature/pss-with-unknown-digest.pem": _root(
        inner=seq(oid("1.2.840.113549.1.1.10"), seq(tlv(0xA0, seq(oid("1.2.3.4")))))
    ),
    "algorithm-mismatch/other-digest.pem": _root(outer=forge.elliptic(digest="SHA384").algorithm),
    "algorithm-mismatch/null-parameter.pem": _root(outer=seq(oid("1.2.840.10045.4.3.2"), b"\x05\0")),
    "algorithm-mismatch/other-key.pem": _root(outer=forge.SHA256_RSA),
    "bad-self-signature/last-bit.pem": _root(signature=_flipped),
    "bad-self-signature/zeros.pem": _root(signature=lambda value: bytes(len(value))),
    "bad-self-signature/empty.pem": _root(signature=lambda _: b""),
    "bad-self-signature/cut.pem": _root(signature=lambda value: value[:-1]),
    "bad-self-signature/another-key.pem": _root(issuer_key=forge.elliptic(8)),
    "bad-self-signature/another-kind-of-key.pem": _root(issuer_key=forge.edwards()),
    "bad-self-signature/rsa.pem": _root(key=forge.rsa_key(2048), signature=_flipped),
    "bad-self-signature/ed25519.pem": _root(key=forge.edwards(), signature=_flipped),
    "bad-self-signature/point-off-the-curve.pem": _root(
        spki=forge.elliptic().spki[:-64] + bytes(64), signature=None
    ),
    "sha1-self-signature/ec.pem": _with(forge.elliptic(digest="SHA1")),
    "sha1-self-signature/p384.pem": _with(forge.elliptic(7, ec.SECP384R1(), "SHA1")),
    "sha1-signature/of-an-issuer.pem": _root(
        issuer=name("Throw-Away Issuer"), issuer_key=forge.elliptic(8, digest="SHA1")
    ),
    "expired/yesterday.pem": _valid(BEGIN, NOW - _DAY),
    "expired/in-the-last-century.pem": _valid(
        dt.datetime(1990, 1, 1, tzinfo=dt.UTC), dt.datetime(1999, 1, 1, tzinfo=dt.UTC)
    ),
    "expired/a-second-ago.pem": _valid(BEGIN, NOW - dt.timedelta(seconds=1)),
    "not-yet-valid/tomorrow.pem": _valid(NOW + _DAY, END),
    "not-yet-valid/in-a-second.pem": _valid(NOW + dt.timedelta(seconds=1), END),
    "not-yet-valid/after-2050.pem": _valid(
        dt.datetime(2051, 1, 1, tzinfo=dt.UTC), dt.datetime(2061, 1, 1, tzinfo=dt.UTC)
    ),
    "validity-reversed/by-a-year.pem": _valid(END, END - _YEAR),
    "expires-soon/tomorrow.pem": _valid(BEGIN, NOW + _DAY),
    "expires-soon/in-89-days.pem": _valid(BEGIN, NOW + 89 * _DAY),
    "long-lived/30-years.pem": _valid(BEGIN, BEGIN + 30 * _YEAR),
    "long-lived/until-9999.pem": _valid(BEGIN, dt.datetime(9999, 12, 31, tzinfo=dt.UTC)),
    "rsa-2048-after-2030/2035.pem": _with(forge.rsa_key(2048)),
    "empty-subject/none.pem": _root(subject=seq()),
    **{f"lax-encoding/{fault}.pem": _root(subject=name(value)) for fault, value in _LAX.items()},
    "lax-encoding/rsa-key-lacks-null.pem": _root(
        key=forge.rsa_key(),
        spki=forge.rsa_lacking_null(forge.rsa_key()),
        validity=between(BEGIN, BEGIN + 5 * _YEAR),
    ),
    **{f"deceptive-name/{fault}.pem": _named(text) for fault, text in _DECEPTIVE.items()},
}
