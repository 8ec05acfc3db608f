"""Roots with one property each, to find out by handshakes whether servers under them verify.

A root is called by the condition of builder/lint/conditions.py that it is the witness of; where one condition
has several, a word behind a slash tells them apart, and they must be answered alike.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from tests.lint import defective_extensions, forge, rare_keys


@dataclass(frozen=True)
class Defect:
    """A root with its one defect, the key that signs for it, and its name as issuer.

    An `indirect` root's servers have an intermediate between: where a client says that it does not know the
    root's signatures, a server whose own certificate has one ends the handshake, and nobody has judged.
    """

    certificate: bytes
    key: forge.Signer
    issuer: bytes = forge.name()
    indirect: bool = False

    @property
    def chain(self) -> bytes:
        """What a server under the root sends, as PEM."""
        if not self.indirect:
            return forge.pem(forge.leaf(self.key, issuer=self.issuer))
        name, key = forge.name("Throw-Away Intermediate"), forge.elliptic(9)
        intermediate = forge.certificate(
            key,
            issuer_key=self.key,
            subject=name,
            issuer=self.issuer,
            # Python from 3.13 on wants both identifiers, and the leaf names the same one.
            extensions=(
                *forge.GOOD,
                forge.extension("2.5.29.35", forge.seq(forge.tlv(0x80, bytes(range(20))))),
            ),
        )
        return forge.pem(forge.leaf(key, issuer=name)) + forge.pem(intermediate)


def roots(now: dt.datetime) -> dict[str, Defect]:
    """Return every root by the name of its defect; validity is relative to `now`."""
    by_extensions = {name: _root(*made) for name, made in defective_extensions.lists().items()}
    return {**_forms(now), **_names(), **_keys(), **_signatures(), **by_extensions}


def _root(*extensions: bytes) -> Defect:
    return Defect(forge.certificate(extensions=extensions), forge.elliptic())


def _with(key: forge.Signer, *, indirect: bool = False) -> Defect:
    return Defect(forge.certificate(key), key, indirect=indirect)


def _forms(now: dt.datetime) -> dict[str, Defect]:
    day, key = dt.timedelta(days=1), forge.elliptic()
    issuer, signer = forge.name("Throw-Away Issuer"), forge.elliptic(8)
    server = (forge.basic_constraints(forge.seq()), *forge.GOOD[1:])
    made = {
        "p-256": forge.certificate(),
        "version-1": forge.certificate(version=b"", extensions=None),
        "version-2": forge.certificate(version=forge.tlv(0xA0, forge.integer(1)), extensions=None),
        "unique-identifiers": forge.certificate(unique=forge.tlv(0x81, b"\0\1") + forge.tlv(0x82, b"\0\1")),
        "expired": forge.certificate(validity=forge.between(now - 9 * day, now - day)),
        "not-yet-valid": forge.certificate(validity=forge.between(now + day, now + 900 * day)),
        "validity-reversed": forge.certificate(validity=forge.between(now + day, now - day)),
        "generalized-time": forge.certificate(validity=forge.between(now - day, _year(2055))),
        "generalized-time/without-end": forge.certificate(validity=forge.between(now - day, _year(9999))),
        "serial-zero": forge.certificate(serial=forge.integer(0)),
        "serial-negative": forge.certificate(serial=forge.integer(-5)),
        "serial-too-long": forge.certificate(serial=forge.integer(1 << 160)),
        "serial-too-long/of-100-octets": forge.certificate(serial=forge.integer(1 << 790)),
        "intermediate": forge.certificate(issuer=issuer, issuer_key=signer),
        "leaf": forge.certificate(issuer=issuer, issuer_key=signer, extensions=server),
    }
    return {name: Defect(certificate, key) for name, certificate in made.items()}


def _year(year: int) -> dt.datetime:
    return dt.datetime(year, 12, 31, 23, 59, 59, tzinfo=dt.UTC)


def _names() -> dict[str, Defect]:
    names = {
        "empty-subject": forge.seq(),
        "lax-name": forge.name(forge.tlv(0x13, b"throw_away")),
        "deceptive-name": forge.name("Throw-Away \u202eRoot"),
        "deceptive-name/control": forge.name("Throw-Away\x1b[2J Root"),
        "teletex-name": forge.name(forge.tlv(0x14, b"Throw-Away")),
        "ia5-name": forge.name(forge.tlv(0x16, b"Throw-Away")),
        "universal-name": forge.name(forge.tlv(0x1C, "Throw-Away".encode("utf-32-be"))),
        "bmp-name": forge.name(forge.tlv(0x1E, "Throw-Away".encode("utf-16-be"))),
        "bit-string-name": forge.name(forge.bits(b"Throw-Away")),
    }
    return {
        name: Defect(forge.certificate(subject=subject), forge.elliptic(), subject)
        for name, subject in names.items()
    }


def _keys() -> dict[str, Defect]:
    key, pss = forge.elliptic(), rare_keys.pss_parameters()
    off = key.spki[:-1] + bytes([key.spki[-1] ^ 1])
    return {
        **_rsa_keys(),
        "rsa-without-null": Defect(
            forge.certificate(forge.rsa_key(), spki=forge.rsa_lacking_null(forge.rsa_key())), forge.rsa_key()
        ),
        "rsa-pss-key": _with(rare_keys.pss_key(own=True)),
        "restricted-rsa-pss-key": _with(rare_keys.pss_key(own=True, parameters=pss)),
        "p-192": _with(forge.elliptic(7, ec.SECP192R1())),
        "p-224": _with(forge.elliptic(7, ec.SECP224R1())),
        "p-384": _with(forge.elliptic(7, ec.SECP384R1(), "SHA384")),
        "p-521": _with(forge.elliptic(7, ec.SECP521R1(), "SHA512")),
        "secp256k1": _with(forge.elliptic(7, ec.SECP256K1())),
        "brainpool": _with(forge.elliptic(7, ec.BrainpoolP256R1())),
        "brainpool/384": _with(forge.elliptic(7, ec.BrainpoolP384R1(), "SHA384")),
        "brainpool/512": _with(forge.elliptic(7, ec.BrainpoolP512R1(), "SHA512")),
        "compressed-point": Defect(forge.certificate(spki=forge.compressed(key)), key),
        "explicit-curve": Defect(forge.certificate(spki=rare_keys.explicit_curve(key)), key),
        "off-curve": Defect(forge.certificate(spki=off), key),
        "ed25519": _with(forge.edwards()),
        "ed448": _with(forge.edwards(large=True), indirect=True),
        "dsa": _with(rare_keys.dsa_key(), indirect=True),
        **{
            f"ml-dsa/{strength}": _with(rare_keys.mldsa_key(strength), indirect=True)
            for strength in (44, 65, 87)
        },
    }


def _rsa_keys() -> dict[str, Defect]:
    sizes = {
        "rsa-below-920/768": 768,
        "rsa-below-920": 919,
        "rsa-920-to-1022": 920,
        "rsa-1023": 1023,
        "rsa-1024-to-1962/1536": 1536,
        "rsa-1024-to-1962": 1962,
        "rsa-1963-to-2047/1963": 1963,
        "rsa-1963-to-2047/2039": 2039,
        "rsa-1963-to-2047": 2047,
        "rsa/3072": 3072,
        "rsa/4096": 4096,
        "rsa/8192": 8192,
        "rsa-8193-to-16384": 8200,
        "rsa-8193-to-16384/16384": 16384,
        "rsa-above-16384": 16392,
    }
    exponents = {
        "exponent-1": 1,
        "small-exponent": 3,
        "small-exponent/17": 17,
        "small-exponent/65521": 65521,
        "large-exponent": 65539,
        "large-exponent/of-31-bits": (1 << 31) - 1,
        "exponent-over-31-bits": (1 << 31) + 11,
        "exponent-over-33-bits": (1 << 33) + 17,
        "exponent-over-64-bits": (1 << 64) + 13,
    }
    good = forge.rsa_key()
    # Nobody can sign for it: the other key's signature is as good as any.
    even = forge.certificate(good, spki=forge.rsa_spki(int.from_bytes(b"\xc1" * 256) | 1, 65536))
    return {
        "rsa": _with(good),
        "rsa-1024-to-1962/1024": _with(forge.rsa_key(1024)),
        "rsa-1963-to-2047/2040": _with(forge.rsa_key(2040)),
        **{name: _with(rare_keys.raw_rsa(size)) for name, size in sizes.items()},
        **{name: _with(rare_keys.raw_rsa(2048, exponent)) for name, exponent in exponents.items()},
        "small-exponent/of-a-large-key": _with(rare_keys.raw_rsa(4096, 3)),
        "exponent-over-33-bits/of-a-large-key": _with(rare_keys.raw_rsa(4096, (1 << 33) + 17)),
        "exponent-over-64-bits-of-a-large-key": _with(rare_keys.raw_rsa(4096, (1 << 64) + 13)),
        "even-exponent": Defect(even, good),
    }


def _signatures() -> dict[str, Defect]:
    """Return roots whose own signature is what is special; their servers' are plain ones."""
    key, issuer = forge.elliptic(), forge.name("Throw-Away Issuer")
    md2 = forge.seq(forge.oid("1.2.840.113549.1.1.2"), b"\x05\x00")
    sha3 = forge.seq(forge.oid("2.16.840.1.101.3.4.3.10"))
    return {
        **{
            f"rsa-with-{digest.lower()}": Defect(
                forge.certificate(forge.rsa_key(digest=digest)), forge.rsa_key()
            )
            for digest in ("SHA224", "SHA256", "SHA384", "SHA512")
        },
        **{
            f"ecdsa-with-{digest.lower()}": Defect(forge.certificate(forge.elliptic(digest=digest)), key)
            for digest in ("SHA224", "SHA256", "SHA384", "SHA512")
        },
        "foreign-signature": Defect(forge.certificate(inner=forge.edwards().algorithm), key),
        "foreign-signature/dsa": Defect(forge.certificate(inner=rare_keys.dsa_key().algorithm), key),
        "pss-signature": _with(rare_keys.pss_key(own=False)),
        "sha1-self-signature": Defect(forge.certificate(forge.elliptic(digest="SHA1")), key),
        "sha1-self-signature/rsa": Defect(forge.certificate(forge.rsa_key(digest="SHA1")), forge.rsa_key()),
        "sha1-signature": Defect(
            forge.certificate(issuer=issuer, issuer_key=forge.elliptic(8, digest="SHA1")), key
        ),
        "weak-signature": Defect(forge.certificate(forge.rsa_key(2048, digest="MD5")), forge.rsa_key()),
        "weak-signature/md2": Defect(forge.certificate(forge.rsa_key(), inner=md2), forge.rsa_key()),
        "unknown-signature": Defect(forge.certificate(inner=forge.seq(forge.oid("1.2.3.4"))), key),
        "sha3-signature": Defect(forge.certificate(inner=sha3), key),
        "bad-self-signature": Defect(forge.certificate(signature=lambda s: s[:-1] + bytes([s[-1] ^ 1])), key),
        "algorithm-mismatch": Defect(forge.certificate(outer=forge.elliptic(digest="SHA384").algorithm), key),
    }
