"""Faults of encoding: cut off, trailed, BER instead of DER, or another structure altogether."""

from __future__ import annotations

from tests.lint import forge
from tests.lint.forge import integer, name, oid, seq, tlv

_DER = forge.certificate()
_KEY = forge.elliptic()
_SPKI = _KEY.spki
_UTF8 = name()


def _tbs_end(data: bytes) -> int:
    return 4 + 4 + int.from_bytes(data[6:8])


_TBS = _DER[4 : _tbs_end(_DER)]


def _replaced(old: bytes, new: bytes) -> bytes:
    """Return the good root with `old` replaced inside its signed part, and all lengths right again."""
    body = _DER[8 : _tbs_end(_DER)]
    tbs = seq(body.replace(old, new, 1))
    return seq(tbs, _KEY.algorithm, forge.bits(_KEY.sign(tbs)))


def _subject(value: bytes) -> bytes:
    return forge.certificate(subject=name(value))


def _named(identifier: bytes) -> bytes:
    return forge.certificate(subject=seq(tlv(0x31, seq(identifier, forge.utf8("Throw-Away Root")))))


def _time(tag: int, text: bytes) -> bytes:
    return forge.certificate(validity=seq(tlv(0x17, b"250101000000Z"), tlv(tag, text)))


_REQUEST_INFO = seq(integer(0), name(), _SPKI, tlv(0xA0))
_REQUEST = seq(_REQUEST_INFO, _KEY.algorithm, forge.bits(_KEY.sign(_REQUEST_INFO)))
_LIST_INFO = seq(integer(1), _KEY.algorithm, name(), forge.time(forge.BEGIN))
_LIST = seq(_LIST_INFO, _KEY.algorithm, forge.bits(_KEY.sign(_LIST_INFO)))
_OLD_LIST_INFO = seq(_KEY.algorithm, name(), forge.time(forge.BEGIN))
_OLD_LIST = seq(_OLD_LIST_INFO, _KEY.algorithm, forge.bits(_KEY.sign(_OLD_LIST_INFO)))
_RSA_PUBLIC = seq(integer((1 << 1023) + 1), integer(65537))

_BER = {
    "indefinite-length": b"\x30\x80" + _DER[4:] + b"\0\0",
    "indefinite-length-inside": seq(
        b"\x30\x80" + _DER[8 : _tbs_end(_DER)] + b"\0\0" + _DER[_tbs_end(_DER) :]
    ),
    "long-length": b"\x30\x83\0" + _DER[2:],
    "long-length-of-serial": _replaced(integer(4711), b"\x02\x81\x02\x12\x67"),
    "long-length-of-name": _replaced(_UTF8, b"\x30\x81" + _UTF8[1:]),
    "padded-serial": _replaced(integer(4711), b"\x02\x03\x00\x12\x67"),
    "padded-negative-serial": _replaced(integer(4711), b"\x02\x02\xff\x80"),
    "version-1-written-out": forge.certificate(version=tlv(0xA0, integer(0)), extensions=None),
    "true-is-1": _replaced(b"\x01\x01\xff", b"\x01\x01\x01"),
    "false-is-written-out": forge.certificate(
        extensions=(
            *forge.GOOD[:2],
            seq(oid("2.5.29.14"), b"\x01\x01\x00", forge.octets(forge.octets(bytes(20)))),
        )
    ),
    "padded-identifier": _named(b"\x06\x04\x80\x55\x04\x03"),
    "unsorted-set": forge.certificate(
        subject=seq(
            tlv(
                0x31,
                forge.attribute("2.5.4.10", forge.utf8("Throw-Away")),
                forge.attribute("2.5.4.3", forge.utf8("Root")),
            )
        )
    ),
}

_MALFORMED = {
    "bad-utf-8": _subject(tlv(0x0C, b"Throw-Away \xff Root")),
    "overlong-utf-8": _subject(tlv(0x0C, b"Throw-Away \xc0\xaf")),
    "surrogate-in-utf-8": _subject(tlv(0x0C, b"Throw-Away \xed\xa0\x80")),
    "printable-string-with-umlaut": _subject(tlv(0x13, "Wurzel für alle".encode("latin-1"))),
    "ia5-string-with-umlaut": _subject(tlv(0x16, "Wurzel für alle".encode("latin-1"))),
    "odd-bmp-string": _subject(tlv(0x1E, b"\0T\0h\0")),
    "lone-surrogate-in-bmp-string": _subject(tlv(0x1E, b"\0T\xd8\x00")),
    "universal-string-of-five-octets": _subject(tlv(0x1C, b"\0\0\0T\0")),
    # OpenSSL reads none of these in a name, nor the certificate around it.
    **{
        f"name-of-{kind}": _subject(tlv(tag, b"Root"))
        for kind, tag in {
            "octet-string": 0x04,
            "object-identifier": 0x06,
            "visible-string": 0x1A,
            "general-string": 0x1B,
            "graphic-string": 0x19,
            "videotex-string": 0x15,
            "utc-time": 0x17,
            "context-tag": 0x80,
        }.items()
    },
    "name-of-bit-string-without-count": _subject(tlv(0x03)),
    "algorithm-with-damaged-parameters": forge.certificate(
        inner=seq(oid("1.2.840.10045.4.3.2"), b"\x02\x02\x00\x01")
    ),
    "rsa-key-with-damaged-parameters": forge.certificate(
        spki=forge.rsa_spki((1 << 3071) + 1, 65537, parameters=b"\x01\x02\xff\xff")
    ),
    "attribute-without-value": forge.certificate(subject=seq(tlv(0x31, seq(oid("2.5.4.3"))))),
    "attribute-with-two-values": forge.certificate(
        subject=seq(tlv(0x31, seq(oid("2.5.4.3"), forge.utf8("A"), forge.utf8("B"))))
    ),
    "attribute-without-type": forge.certificate(subject=seq(tlv(0x31, seq(forge.utf8("A"))))),
    "empty-set-in-name": forge.certificate(subject=seq(tlv(0x31))),
    "name-of-sequences": forge.certificate(subject=seq(seq(forge.attribute("2.5.4.3", forge.utf8("A"))))),
    "name-is-a-set": forge.certificate(subject=tlv(0x31)),
    "empty-identifier": _named(b"\x06\x00"),
    "unfinished-identifier": _named(b"\x06\x03\x55\x04\x83"),
    "empty-serial": forge.certificate(serial=b"\x02\x00"),
    "serial-is-a-string": forge.certificate(serial=forge.octets(b"\x05")),
    "no-serial": forge.certificate(serial=b""),
    "version-4": forge.certificate(version=tlv(0xA0, integer(3))),
    "negative-version": forge.certificate(version=tlv(0xA0, integer(-1))),
    "version-with-more-behind": forge.certificate(version=tlv(0xA0, integer(2), integer(2))),
    "version-1-with-extensions": forge.certificate(version=b""),
    "version-2-with-extensions": forge.certificate(version=tlv(0xA0, integer(1))),
    "time-without-seconds": _time(0x17, b"3501010000Z"),
    "time-with-offset": _time(0x17, b"350101000000+0000"),
    "time-without-zone": _time(0x17, b"350101000000"),
    "time-with-fraction": _time(0x18, b"20350101000000.5Z"),
    "time-with-letters": _time(0x17, b"35O1O1OOOOOOZ"),
    "time-in-month-13": _time(0x17, b"351301000000Z"),
    "time-on-february-30": _time(0x17, b"350230000000Z"),
    "time-at-hour-24": _time(0x17, b"350101240000Z"),
    "time-in-leap-second": _time(0x17, b"350101235960Z"),
    "time-in-year-0": _time(0x18, b"00000101000000Z"),
    "time-as-string": _time(0x0C, b"350101000000Z"),
    "validity-of-one-time": forge.certificate(validity=seq(forge.time(forge.BEGIN))),
    "validity-of-three-times": forge.certificate(validity=seq(*[forge.time(forge.BEGIN)] * 3)),
    "no-validity": forge.certificate(validity=b""),
    "no-public-key": forge.certificate(spki=b""),
    "public-key-is-octets": forge.certificate(spki=seq(_KEY.algorithm, forge.octets(b"\x04"))),
    "public-key-of-seven-bits": forge.certificate(spki=seq(_KEY.algorithm, forge.bits(b"\x80", 1))),
    "public-key-with-more-behind": forge.certificate(spki=seq(_SPKI[2:], integer(1))),
    "rsa-key-is-empty": forge.certificate(spki=seq(seq(oid("1.2.840.113549.1.1.1")), forge.bits(b""))),
    "rsa-key-of-three-numbers": forge.certificate(
        spki=seq(seq(oid("1.2.840.113549.1.1.1")), forge.bits(seq(*[integer(65537)] * 3)))
    ),
    "rsa-key-with-negative-modulus": forge.certificate(spki=forge.rsa_spki(-(1 << 2046) - 1, 65537)),
    "rsa-key-with-exponent-0": forge.certificate(spki=forge.rsa_spki((1 << 2047) + 1, 0)),
    "ec-key-without-curve": forge.certificate(spki=seq(seq(oid("1.2.840.10045.2.1")), forge.bits(b"\x04"))),
    "empty-extensions": forge.certificate(extensions=()),
    "extension-without-value": forge.certificate(extensions=(*forge.GOOD, seq(oid("2.5.29.99")))),
    "extension-value-is-a-string": forge.certificate(
        extensions=(*forge.GOOD, seq(oid("2.5.29.99"), forge.utf8("A")))
    ),
    "extension-with-two-values": forge.certificate(
        extensions=(*forge.GOOD, seq(oid("2.5.29.99"), forge.octets(b""), forge.octets(b"")))
    ),
    "extension-without-identifier": forge.certificate(extensions=(*forge.GOOD, seq(forge.octets(b"")))),
    "extension-is-a-set": forge.certificate(extensions=(*forge.GOOD, tlv(0x31, oid("2.5.29.99")))),
    "unknown-field": forge.certificate(unique=tlv(0x84, b"\0")),
    "identifiers-in-wrong-order": forge.certificate(unique=tlv(0x82, b"\0A") + tlv(0x81, b"\0A")),
    "identifier-is-empty": forge.certificate(unique=tlv(0x81)),
    "algorithm-with-two-parameters": forge.certificate(
        inner=seq(oid("1.2.840.10045.4.3.2"), b"\x05\0", b"\x05\0")
    ),
    "algorithm-without-identifier": forge.certificate(inner=seq(b"\x05\0")),
    "signature-is-octets": seq(_TBS, _KEY.algorithm, forge.octets(b"signature")),
    "signature-of-seven-bits": seq(_TBS, _KEY.algorithm, forge.bits(b"signature\x80", 1)),
    "no-signature": seq(_TBS, _KEY.algorithm),
    "four-parts": seq(_DER[4:], integer(1)),
    "one-part": seq(_TBS),
    "empty-sequence": seq(),
    "high-tag": _replaced(integer(4711), b"\x1f\x81\x02\x02\x12\x67"),
    "child-longer-than-parent": _DER[:4] + b"\x30\x82\xff\xff" + _DER[8:],
}

_CUTS = (3, 10, 50, 100, 150, 200, 250, 300)

FAULTS = {
    **{f"truncated/after-{count}-octets.der": _DER[:count] for count in _CUTS},
    **{f"truncated/after-{count}-octets-in-block.pem": forge.pem(_DER[:count]) for count in _CUTS},
    "truncated/last-octet.der": _DER[:-1],
    "truncated/last-octet-in-block.pem": forge.pem(_DER[:-1]),
    "truncated/second-of-two.pem": forge.pem(_DER) + forge.pem(_DER[:-20]),
    "truncated/first-of-two.pem": forge.pem(_DER[:-20]) + forge.pem(_DER),
    "truncated/bare-base64.txt": forge.base64_lines(_DER[:-20]),
    "trailing-data/one-octet.der": _DER + b"\0",
    "trailing-data/newline.der": _DER + b"\n",
    "trailing-data/one-octet-in-block.pem": forge.pem(_DER + b"\0"),
    "trailing-data/null-in-block.pem": forge.pem(_DER + b"\x05\0"),
    "trailing-data/second-certificate.der": _DER * 2,
    "trailing-data/second-certificate-in-block.pem": forge.pem(_DER * 2),
    "trailing-data/text.der": _DER + b"-- the end --\n",
    "trailing-data/settings-of-a-trusted-certificate.pem": forge.pem(
        _DER + seq(seq(oid("1.3.6.1.5.5.7.3.1")))
    ),
    **{f"not-der/{fault}.der": data for fault, data in _BER.items()},
    "not-der/in-block.pem": forge.pem(_BER["long-length"]),
    **{f"malformed-certificate/{fault}.der": data for fault, data in _MALFORMED.items()},
    "malformed-certificate/second-of-two.pem": forge.pem(_DER) + forge.pem(_MALFORMED["bad-utf-8"]),
    "not-a-certificate/request.der": _REQUEST,
    "not-a-certificate/request-in-block.pem": forge.pem(_REQUEST),
    "not-a-certificate/revocation-list.der": _LIST,
    "not-a-certificate/revocation-list-version-1.der": _OLD_LIST,
    "not-a-certificate/revocation-list-in-block.pem": forge.pem(_LIST),
    "not-a-certificate/public-key.der": _SPKI,
    "not-a-certificate/public-key-rsa.der": forge.rsa_spki((1 << 1023) + 1, 65537),
    "not-a-certificate/public-key-pkcs1.der": _RSA_PUBLIC,
    "not-a-certificate/public-key-ed25519.der": forge.edwards().spki,
    "not-a-certificate/integer-in-block.pem": forge.pem(integer(5)),
    "not-a-certificate/text-in-block.pem": forge.pem(b"this is no certificate at all"),
    "not-a-certificate/set-in-block.pem": forge.pem(tlv(0x31, _DER)),
}
