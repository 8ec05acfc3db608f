"""Faults of trust stores: PKCS #7, PKCS #12, JKS and OpenSSL's TRUSTED CERTIFICATE."""

from __future__ import annotations

import hashlib

from tests.lint import forge
from tests.lint.forge import integer, octets, oid, seq, tlv

_DER = forge.certificate()
_KEY = forge.elliptic().encoded()
_DATA = oid("1.2.840.113549.1.7.1")
_BAG = "1.2.840.113549.1.12.10.1."


def pkcs7(
    *certificates: bytes,
    kind: str = "1.2.840.113549.1.7.2",
    content: bytes = b"",
    more: tuple[bytes, bytes, bytes] = (b"", b"", b""),
) -> bytes:
    """Return a PKCS #7 collection of certificates; `more` is put into, behind and around its signed data."""
    held = tlv(0xA0, *certificates) if certificates else b""
    inside, behind, outside = more
    signed = seq(integer(1), tlv(0x31), seq(_DATA, content), held, tlv(0x31), inside)
    return seq(oid(kind), tlv(0xA0, signed, behind), outside)


def bag(number: int, value: bytes) -> bytes:
    return seq(oid(f"{_BAG}{number}"), tlv(0xA0, value))


def certificate_bag(certificate: bytes, kind: str = "1.2.840.113549.1.9.22.1") -> bytes:
    return bag(3, seq(oid(kind), tlv(0xA0, octets(certificate))))


def pkcs12(*bags: bytes, version: int = 3, integrity: bytes = b"") -> bytes:
    """Return a PKCS #12 store of bags that are not encrypted."""
    return store(seq(_DATA, tlv(0xA0, octets(seq(*bags)))), version=version, integrity=integrity)


def store(*parts: bytes, version: int = 3, integrity: bytes = b"") -> bytes:
    return seq(integer(version), seq(_DATA, tlv(0xA0, octets(seq(*parts)))), integrity)


def mac(count: int, digest: str = "2.16.840.1.101.3.4.2.1") -> bytes:
    info = seq(seq(oid(digest), b"\x05\0"), octets(bytes(32)))
    return seq(info, octets(b"salt"), integer(count))


def encrypted(algorithm: bytes, data: bytes = bytes(64)) -> bytes:
    content = seq(integer(0), seq(_DATA, algorithm, tlv(0x80, data)))
    return seq(oid("1.2.840.113549.1.7.6"), tlv(0xA0, content))


def pbes2(
    count: int = 1, cipher: str = "2.16.840.1.101.3.4.1.42", kdf: str = "1.2.840.113549.1.5.12"
) -> bytes:
    derivation = seq(oid(kdf), seq(octets(b"salt"), integer(count)))
    return seq(oid("1.2.840.113549.1.5.13"), seq(derivation, seq(oid(cipher), octets(bytes(16)))))


def _text(text: str) -> bytes:
    return len(text).to_bytes(2) + text.encode()


def jks_entry(certificate: bytes, *, kind: int = 2, form: str = "X.509") -> bytes:
    """Return one entry of a Java key store."""
    held = _text(form) + len(certificate).to_bytes(4) + certificate
    return kind.to_bytes(4) + _text("throw-away") + bytes(8) + held


def jks(
    *entries: bytes,
    magic: int = 0xFEEDFEED,
    version: int = 2,
    count: int = -1,
    password: str = "changeit",  # noqa: S107  what Java itself has
) -> bytes:
    """Return a Java key store with its keyed digest."""
    head = magic.to_bytes(4) + version.to_bytes(4) + (len(entries) if count < 0 else count).to_bytes(4)
    data = head + b"".join(entries)
    return data + hashlib.sha1(password.encode("utf-16-be") + b"Mighty Aphrodite" + data).digest()  # noqa: S324


_PKCS7, _PKCS12, _JKS = pkcs7(_DER), pkcs12(certificate_bag(_DER)), jks(jks_entry(_DER))
_REJECT = seq(tlv(0xA0, oid("1.3.6.1.5.5.7.3.1")))
_REJECT_ANY = seq(tlv(0xA0, oid("2.5.29.37.0")))
_TRUST_MAIL = seq(seq(oid("1.3.6.1.5.5.7.3.4")))
_TRUST_TLS = seq(seq(oid("1.3.6.1.5.5.7.3.1")))

FAULTS = {
    "no-certificates/pkcs7.p7b": pkcs7(),
    "no-certificates/pkcs7.pem": forge.pem(pkcs7(), "PKCS7"),
    "no-certificates/pkcs12.p12": pkcs12(),
    "no-certificates/pkcs12-of-revocation-lists.p12": pkcs12(bag(4, seq())),
    "no-certificates/jks.jks": jks(),
    "truncated/pkcs7.p7b": _PKCS7[:-9],
    "truncated/pkcs7.pem": forge.pem(_PKCS7[:-9], "PKCS7"),
    "truncated/pkcs12.p12": _PKCS12[:-9],
    "truncated/certificate-in-pkcs12.p12": pkcs12(certificate_bag(_DER[:-9])),
    "truncated/certificate-in-jks.jks": jks(jks_entry(_DER[:-9])),
    "trailing-data/pkcs7.p7b": _PKCS7 + b"\0",
    "trailing-data/pkcs12.p12": _PKCS12 + b"\0",
    "trailing-data/certificate-in-pkcs12.p12": pkcs12(certificate_bag(_DER + b"\0")),
    "trailing-data/certificate-in-jks.jks": jks(jks_entry(_DER + b"\0")),
    "not-der/certificate-in-pkcs7.p7b": pkcs7(b"\x30\x80" + _DER[4:] + b"\0\0"),
    "not-der/certificate-in-pkcs12.p12": pkcs12(certificate_bag(b"\x30\x80" + _DER[4:] + b"\0\0")),
    "damaged-store/indefinite-pkcs7.p7b": b"\x30\x80" + oid("1.2.840.113549.1.7.2") + b"\xa0\x80\0\0\0\0",
    "damaged-store/indefinite-pkcs12.p12": b"\x30\x80" + integer(3) + b"\x30\x80\0\0\0\0",
    "damaged-store/indefinite-without-end.p7b": b"\x30\x80" + oid("1.2.840.113549.1.7.2") + b"\xa0\x80\0\0",
    "damaged-store/indefinite-too-deep.p7b": b"\x30\x80" + oid("1.2.840.113549.1.7.2") + b"\xa0\x80" * 5000,
    "malformed-certificate/in-pkcs7.p7b": pkcs7(forge.certificate(serial=b"")),
    "malformed-certificate/in-pkcs12.p12": pkcs12(certificate_bag(forge.certificate(serial=b""))),
    "malformed-certificate/in-jks.jks": jks(jks_entry(forge.certificate(serial=b""))),
    "damaged-store/pkcs7-of-plain-data.p7b": seq(_DATA, tlv(0xA0, octets(b"throw-away"))),
    "damaged-store/pkcs7-of-enveloped-data.p7b": pkcs7(_DER, kind="1.2.840.113549.1.7.3"),
    "damaged-store/pkcs7-of-encrypted-data.p7b": pkcs7(_DER, kind="1.2.840.113549.1.7.6"),
    "damaged-store/pkcs7-without-content.p7b": seq(oid("1.2.840.113549.1.7.2")),
    "damaged-store/pkcs7-with-attribute-certificate.p7b": pkcs7(tlv(0xA1, _DER)),
    "damaged-store/pkcs7-with-more-parts.p7b": pkcs7(_DER, more=(octets(b""), b"", b"")),
    "damaged-store/pkcs7-with-more-behind.p7b": pkcs7(_DER, more=(b"", octets(b""), b"")),
    "damaged-store/pkcs7-with-more-outside.p7b": pkcs7(_DER, more=(b"", b"", octets(b""))),
    "damaged-store/pkcs7-label-of-pkcs12.pem": forge.pem(pkcs12(certificate_bag(_DER)), "PKCS7"),
    "damaged-store/pkcs7-label-of-a-certificate.pem": forge.pem(_DER, "CMS"),
    "damaged-store/pkcs12-more-behind-certificate.p12": pkcs12(
        bag(3, seq(oid("1.2.840.113549.1.9.22.1"), tlv(0xA0, octets(_DER)), octets(b"")))
    ),
    "damaged-store/pkcs12-unknown-bag.p12": pkcs12(bag(9, seq())),
    "damaged-store/pkcs12-sdsi-certificate.p12": pkcs12(certificate_bag(_DER, "1.2.840.113549.1.9.22.2")),
    "damaged-store/pkcs12-bag-without-value.p12": pkcs12(seq(oid(f"{_BAG}3"))),
    "damaged-store/pkcs12-bag-is-a-set.p12": pkcs12(tlv(0x31)),
    "damaged-store/pkcs12-public-key-integrity.p12": seq(integer(3), seq(oid("1.2.840.113549.1.7.2"))),
    "damaged-store/pkcs12-public-key-privacy.p12": store(seq(oid("1.2.840.113549.1.7.3"), tlv(0xA0, seq()))),
    "damaged-store/pkcs12-rc2.p12": store(
        encrypted(seq(oid("1.2.840.113549.1.12.1.6"), seq(octets(b"salt"), integer(1))))
    ),
    "damaged-store/pkcs12-unknown-cipher.p12": store(encrypted(pbes2(cipher="1.2.3.4"))),
    "damaged-store/pkcs12-scrypt.p12": store(encrypted(pbes2(kdf="1.3.6.1.4.1.11591.4.11"))),
    "damaged-store/pkcs12-endless-hashing.p12": store(encrypted(pbes2(count=1 << 31))),
    "damaged-store/pkcs12-endless-hashing-of-mac.p12": pkcs12(certificate_bag(_DER), integrity=mac(1 << 31)),
    "damaged-store/pkcs12-no-hashing-of-mac.p12": pkcs12(certificate_bag(_DER), integrity=mac(0)),
    "damaged-store/pkcs12-mac-with-md5.p12": pkcs12(
        certificate_bag(_DER), integrity=mac(1, "1.2.840.113549.2.5")
    ),
    "damaged-store/pkcs12-cut-ciphertext.p12": store(encrypted(pbes2(), bytes(63))),
    "damaged-store/pkcs12-empty-ciphertext.p12": store(encrypted(pbes2(), b"")),
    "damaged-store/pkcs12-many-parts.p12": store(*[encrypted(pbes2())] * 5),
    "damaged-store/pkcs12-bags-in-bags.p12": pkcs12(
        bag(6, seq(bag(6, seq(bag(6, seq(bag(6, seq(bag(6, seq(certificate_bag(_DER)))))))))))
    ),
    "damaged-store/jks-version-3.jks": jks(jks_entry(_DER), version=3),
    "damaged-store/jks-unknown-entry.jks": jks(jks_entry(_DER, kind=4)),
    "damaged-store/jks-not-x509.jks": jks(jks_entry(_DER, form="PGP")),
    "damaged-store/jks-count-too-high.jks": jks(jks_entry(_DER), count=2),
    "damaged-store/jks-count-too-low.jks": jks(jks_entry(_DER), jks_entry(_DER), count=1),
    "damaged-store/jks-count-enormous.jks": jks(jks_entry(_DER), count=0xFFFFFFFF),
    "damaged-store/jks-magic-only.jks": b"\xfe\xed\xfe\xed",
    "damaged-store/jks-cut-off.jks": _JKS[:100],
    "password-needed/jks.jks": jks(jks_entry(_DER), password="another"),  # noqa: S106
    "password-needed/jks-changed.jks": _JKS[:-40] + b"\0" + _JKS[-39:],
    "password-needed/jks-cut-digest.jks": _JKS[:-1] + b"\0",
    "password-needed/pkcs12-mac.p12": pkcs12(certificate_bag(_DER), integrity=mac(1)),
    "password-needed/pkcs12-sealed.p12": store(encrypted(pbes2())),
    "private-key/pkcs12-key-bag.p12": pkcs12(bag(1, _KEY)),
    "private-key/pkcs12-shrouded-key-bag.p12": pkcs12(bag(2, seq(pbes2(), octets(bytes(32))))),
    "private-key/pkcs12-secret-bag.p12": pkcs12(bag(5, seq())),
    "private-key/pkcs12-key-behind-certificate.p12": pkcs12(certificate_bag(_DER), bag(1, _KEY)),
    "private-key/pkcs12-key-in-nested-bag.p12": pkcs12(bag(6, seq(bag(1, _KEY)))),
    "private-key/pkcs12-key-in-certificate-bag.p12": pkcs12(certificate_bag(_KEY)),
    "private-key/pkcs12-key-under-unknown-mac.p12": pkcs12(bag(1, _KEY), integrity=mac(1)),
    "private-key/pkcs7-key-as-certificate.p7b": pkcs7(_KEY),
    "private-key/pkcs7-key-as-content.p7b": pkcs7(_DER, content=tlv(0xA0, octets(_KEY))),
    "private-key/pkcs7-key-as-bare-content.p7b": pkcs7(_DER, content=tlv(0xA0, _KEY)),
    "private-key/pkcs7-pem-key-as-content.p7b": pkcs7(
        _DER, content=tlv(0xA0, octets(forge.pem(_KEY, "PRIVATE KEY")))
    ),
    "private-key/pkcs7-key-behind-content.p7b": pkcs7(_DER, content=_KEY),
    "private-key/pkcs7-key-as-revocation-list.p7b": pkcs7(_DER, more=(tlv(0xA1, _KEY), b"", b"")),
    "private-key/pkcs7-key-in-signed-data.p7b": pkcs7(_DER, more=(_KEY, b"", b"")),
    "private-key/pkcs7-key-behind-signed-data.p7b": pkcs7(_DER, more=(b"", _KEY, b"")),
    "private-key/pkcs7-key-outside.p7b": pkcs7(_DER, more=(b"", b"", _KEY)),
    "private-key/pkcs7-key-behind-it.p7b": _PKCS7 + _KEY,
    "private-key/pkcs7-key-as-content.pem": forge.pem(pkcs7(_DER, content=tlv(0xA0, octets(_KEY))), "PKCS7"),
    "private-key/pkcs12-key-behind-it.p12": _PKCS12 + _KEY,
    "private-key/pkcs12-key-as-revocation-list.p12": pkcs12(
        certificate_bag(_DER), bag(4, seq(oid("1.2.840.113549.1.9.23.1"), tlv(0xA0, octets(_KEY))))
    ),
    "private-key/pkcs12-key-in-revocation-bag.p12": pkcs12(certificate_bag(_DER), bag(4, _KEY)),
    "private-key/pkcs12-key-behind-value.p12": pkcs12(
        seq(oid(f"{_BAG}3"), tlv(0xA0, seq(oid("1.2.840.113549.1.9.22.1"), tlv(0xA0, octets(_DER)))), _KEY)
    ),
    "private-key/pkcs12-key-behind-certificate-in-bag.p12": pkcs12(
        bag(3, seq(oid("1.2.840.113549.1.9.22.1"), tlv(0xA0, octets(_DER)), _KEY))
    ),
    "private-key/jks.jks": jks(jks_entry(_KEY, kind=1)),
    "private-key/jks-behind-certificate.jks": jks(jks_entry(_DER), jks_entry(_KEY, kind=1)),
    "private-key/jks-with-another-password.jks": jks(jks_entry(_KEY, kind=1), password="another"),  # noqa: S106
    "private-key/jks-key-as-certificate.jks": jks(jks_entry(_KEY)),
    "private-key/jceks-secret.jceks": jks(jks_entry(_KEY, kind=3), magic=0xCECECECE),
    "trusted-certificate/with-alias.pem": forge.pem(_DER + seq(forge.utf8("root")), "TRUSTED CERTIFICATE"),
    "trusted-certificate/for-tls.pem": forge.pem(_DER + _TRUST_TLS, "TRUSTED CERTIFICATE"),
    "trusted-certificate/without-settings.pem": forge.pem(_DER, "TRUSTED CERTIFICATE"),
    "distrusted-certificate/rejected.pem": forge.pem(_DER + _REJECT, "TRUSTED CERTIFICATE"),
    "distrusted-certificate/rejected-for-anything.pem": forge.pem(_DER + _REJECT_ANY, "TRUSTED CERTIFICATE"),
    "distrusted-certificate/for-mail-only.pem": forge.pem(_DER + _TRUST_MAIL, "TRUSTED CERTIFICATE"),
}
