"""Faults of extensions that a CA certificate must not have."""

from __future__ import annotations

from tests.lint import forge
from tests.lint.forge import bits, extension, integer, octets, oid, seq, tlv

_BASIC, _USAGE, _IDENTIFIER = forge.GOOD
_CLIENT, _MAIL, _CODE = (f"1.3.6.1.5.5.7.3.{number}" for number in (2, 4, 3))


def _root(*extensions: bytes) -> bytes:
    return forge.pem(forge.certificate(extensions=extensions))


def _basic(value: bytes) -> bytes:
    return _root(forge.basic_constraints(value), _USAGE, _IDENTIFIER)


def _usage(value: bytes) -> bytes:
    return _root(_BASIC, forge.key_usage(value), _IDENTIFIER)


def _more(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    return _root(*forge.GOOD, extension(dotted, value, critical=critical))


_UNKNOWN = ("1.3.6.1.4.1.99999.1", "2.5.29.99", "2.16.840.1.113730.1.13", "2.5.29.16")
_PLACE = tlv(0x86, b"http://pki.throw-away.example/ca")
_POINT = tlv(0xA0, _PLACE)
_CONSTRAINED = {
    "address-of-three-octets": tlv(0x87, bytes([10, 0, 0])),
    "address-without-mask": tlv(0x87, bytes([10, 0, 0, 0])),
    "address-with-a-gap-in-its-mask": tlv(0x87, bytes([10, 0, 0, 0, 255, 0, 255, 0])),
    "not-ascii": tlv(0x82, "bücher.example".encode()),
    "no-domain": tlv(0x82, b"a..example"),
    "no-mailbox": tlv(0x81, b"pki@"),
    "no-host": tlv(0x86, b"http://a.example"),
    "minimum": tlv(0x82, b"a.example") + tlv(0x80, b"\1"),
}
_ADDRESS = tlv(0x86, b"http://a.example")
_UNSUPPORTED = {
    "directory": tlv(0xA4, forge.name()),
    "registered-id": tlv(0x88, oid("1.2.3.4")[2:]),
    "other-name": tlv(0xA0, oid("1.2.3.4"), tlv(0xA0, forge.utf8("x"))),
}
# Extensions that no rule looks into, and OpenSSL or Go does.
_OTHERS = {
    "alternative-names-empty": ("2.5.29.17", seq()),
    "alternative-names-nothing": ("2.5.29.17", b""),
    "alternative-names-of-a-number": ("2.5.29.17", seq(integer(5))),
    "revocation-points-cut": ("2.5.29.31", b"\x30\x05\x30"),
    "revocation-points-of-a-number": ("2.5.29.31", seq(integer(5))),
    "policies-damaged": ("2.5.29.32", b"junk"),
    "policy-mappings-damaged": ("2.5.29.33", b"junk"),
    "policy-constraints-damaged": ("2.5.29.36", b"junk"),
    "inhibit-any-policy-damaged": ("2.5.29.54", b"junk"),
    "authority-access-damaged": ("1.3.6.1.5.5.7.1.1", b"junk"),
    "netscape-type-damaged": ("2.16.840.1.113730.1.1", b"junk"),
    "ip-blocks-damaged": ("1.3.6.1.5.5.7.1.7", b"junk"),
    "as-numbers-damaged": ("1.3.6.1.5.5.7.1.8", b"junk"),
    "alternative-names-not-ascii": ("2.5.29.17", seq(tlv(0x82, "bücher.example".encode()))),
    "alternative-names-of-an-address-of-five-octets": ("2.5.29.17", seq(tlv(0x87, bytes(5)))),
    "alternative-names-of-no-directory": ("2.5.29.17", seq(tlv(0xA4, forge.utf8("Root")))),
    "alternative-names-of-no-identifier": ("2.5.29.17", seq(tlv(0x88, b"\x80"))),
    "alternative-names-of-no-uri": ("2.5.29.17", seq(tlv(0x86, b"http://a b/"))),
    "alternative-names-of-another-kind-without-value": ("2.5.29.17", seq(tlv(0xA0, oid("1.2.3.4")))),
    "alternative-names-of-a-party-without-name": ("2.5.29.17", seq(tlv(0xA5))),
    "revocation-points-of-an-unknown-part": ("2.5.29.31", seq(seq(tlv(0xA3, _PLACE)))),
    "revocation-points-out-of-order": ("2.5.29.31", seq(seq(tlv(0x81, b"\x01\x06"), tlv(0xA0, _POINT)))),
    "revocation-points-of-reasons-only": ("2.5.29.31", seq(seq(tlv(0x81, b"\x01\x06")))),
    "revocation-points-not-ascii": (
        "2.5.29.31",
        seq(seq(tlv(0xA0, tlv(0xA0, tlv(0x86, "http://bücher.example".encode()))))),
    ),
    "authority-access-without-place": ("1.3.6.1.5.5.7.1.1", seq(seq(oid("1.3.6.1.5.5.7.48.1")))),
    "authority-access-of-an-unknown-kind": (
        "1.3.6.1.5.5.7.1.1",
        seq(seq(oid("1.3.6.1.5.5.7.48.1"), tlv(0x8A, b"ocsp"))),
    ),
    "policies-empty": ("2.5.29.32", seq()),
    "policies-of-text": ("2.5.29.32", seq(seq(forge.utf8("policy")))),
    "policies-without-qualifiers": ("2.5.29.32", seq(seq(oid("1.2.3.4"), seq()))),
    "policy-mappings-of-one": ("2.5.29.33", seq(seq(oid("1.2.3.4")))),
    "policy-constraints-empty": ("2.5.29.36", seq()),
    "policy-constraints-of-2-to-the-31": ("2.5.29.36", seq(tlv(0x80, integer(1 << 31)[2:]))),
    "inhibit-any-policy-negative": ("2.5.29.54", integer(-1)),
    "ip-blocks-of-one-octet": ("1.3.6.1.5.5.7.1.7", seq(seq(octets(b"\1"), b"\x05\0"))),
    "ip-blocks-of-numbers": ("1.3.6.1.5.5.7.1.7", seq(seq(octets(b"\0\1"), seq(integer(5))))),
    "as-numbers-of-half-a-range": ("1.3.6.1.5.5.7.1.8", seq(tlv(0xA0, seq(seq(integer(5)))))),
    "proxy": ("1.3.6.1.5.5.7.1.14", seq(seq(oid("1.3.6.1.5.5.7.21.1")))),
    "larger-than-64-kib": ("2.5.29.32", seq(*[seq(oid("2.5.29.32.0"))] * 8192)),
}

FAULTS = {
    "not-a-ca/false.pem": _basic(seq()),
    "no-basic-constraints/usage-only.pem": _root(_USAGE, _IDENTIFIER),
    "no-basic-constraints/no-extension-about-it.pem": _root(
        _IDENTIFIER, forge.usages("1.3.6.1.5.5.7.3.1"), _USAGE
    ),
    "no-cert-sign/lists-only.pem": _usage(bits(b"\x02", 1)),
    "no-cert-sign/server.pem": _usage(bits(b"\xa0", 5)),
    "no-cert-sign/decipher-only.pem": _usage(bits(b"\x00\x80", 7)),
    "no-server-auth/client.pem": _root(*forge.GOOD, forge.usages(_CLIENT)),
    "no-server-auth/mail.pem": _root(*forge.GOOD, forge.usages(_MAIL)),
    "no-server-auth/code-signing.pem": _root(*forge.GOOD, forge.usages(_CODE)),
    "no-server-auth/any-usage.pem": _root(*forge.GOOD, forge.usages("2.5.29.37.0")),
    "no-server-auth/server-gated-crypto.pem": _root(
        *forge.GOOD, forge.usages("1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1")
    ),
    "no-server-auth/client-and-mail.pem": _root(*forge.GOOD, forge.usages(_CLIENT, _MAIL)),
    **{
        f"unknown-critical-extension/{dotted}.pem": _more(dotted, seq(), critical=True) for dotted in _UNKNOWN
    },
    "unknown-critical-extension/1.3.6.1.5.5.7.1.1.pem": _more(
        "1.3.6.1.5.5.7.1.1", seq(seq(oid("1.3.6.1.5.5.7.48.1"), _PLACE)), critical=True
    ),
    "unknown-critical-extension/subject-key-identifier.pem": _root(
        _BASIC, _USAGE, extension("2.5.29.14", octets(bytes(20)), critical=True)
    ),
    "critical-extension/ocsp-no-check.pem": _more("1.3.6.1.5.5.7.48.1.5", b"\x05\0", critical=True),
    "critical-extension/netscape-type.pem": _more("2.16.840.1.113730.1.1", bits(b"\7"), critical=True),
    "critical-extension/revocation-points.pem": _more(
        "2.5.29.31", seq(seq(tlv(0xA0, _POINT))), critical=True
    ),
    **{
        f"unsupported-constraint/{fault}.pem": _more("2.5.29.30", seq(tlv(0xA0, seq(name))), critical=True)
        for fault, name in _UNSUPPORTED.items()
    },
    "unsupported-constraint/excluded-directory.pem": _more(
        "2.5.29.30", seq(tlv(0xA1, seq(_UNSUPPORTED["directory"])))
    ),
    "constraint-with-scheme/excluded.pem": _more("2.5.29.30", seq(tlv(0xA1, seq(_ADDRESS)))),
    "constraint-with-scheme/permitted.pem": _more("2.5.29.30", seq(tlv(0xA0, seq(_ADDRESS)))),
    "duplicate-extension/basic-constraints.pem": _root(*forge.GOOD, _BASIC),
    "duplicate-extension/key-usage.pem": _root(*forge.GOOD, _USAGE),
    "duplicate-extension/key-identifier.pem": _root(*forge.GOOD, _IDENTIFIER),
    "duplicate-extension/unknown.pem": _root(*forge.GOOD, *[extension("2.5.29.99", octets(b"A"))] * 2),
    "duplicate-extension/contradiction.pem": _root(*forge.GOOD, forge.basic_constraints(seq())),
    "malformed-extension/basic-constraints-empty.pem": _basic(b""),
    "malformed-extension/basic-constraints-integer.pem": _basic(integer(1)),
    "malformed-extension/basic-constraints-false-written.pem": _basic(seq(b"\x01\x01\x00")),
    "malformed-extension/basic-constraints-true-is-1.pem": _basic(seq(b"\x01\x01\x01")),
    "malformed-extension/basic-constraints-path-length-minus-1.pem": _basic(
        seq(b"\x01\x01\xff", integer(-1))
    ),
    "malformed-extension/basic-constraints-path-length-text.pem": _basic(
        seq(b"\x01\x01\xff", forge.utf8("1"))
    ),
    "malformed-extension/basic-constraints-more-behind.pem": _basic(
        seq(b"\x01\x01\xff", integer(1), integer(1))
    ),
    "malformed-extension/basic-constraints-trailing.pem": _basic(seq(b"\x01\x01\xff") + b"\0"),
    "malformed-extension/key-usage-empty.pem": _usage(b"\x03\x01\x00"),
    "malformed-extension/key-usage-no-octet.pem": _usage(b"\x03\x00"),
    "malformed-extension/key-usage-octets.pem": _usage(octets(b"\x06")),
    "malformed-extension/key-usage-unused-bits-set.pem": _usage(b"\x03\x02\x02\x06"),
    "malformed-extension/key-usage-nine-unused-bits.pem": _usage(b"\x03\x02\x09\x06"),
    "malformed-extension/key-identifier-raw.pem": _root(_BASIC, _USAGE, extension("2.5.29.14", bytes(20))),
    "malformed-extension/key-identifier-empty.pem": _root(_BASIC, _USAGE, extension("2.5.29.14", octets())),
    "malformed-extension/key-identifier-trailing.pem": _root(
        _BASIC, _USAGE, extension("2.5.29.14", octets(b"A") + b"\0")
    ),
    "malformed-extension/usages-empty.pem": _root(*forge.GOOD, forge.usages()),
    "malformed-extension/usages-text.pem": _more("2.5.29.37", seq(forge.utf8("serverAuth"))),
    "malformed-extension/usages-bare.pem": _more("2.5.29.37", oid("1.3.6.1.5.5.7.3.1")),
    "malformed-extension/usages-ber.pem": _more("2.5.29.37", b"\x30\x80\0\0"),
    "malformed-extension/name-constraints-empty.pem": _more("2.5.29.30", seq(), critical=True),
    "malformed-extension/name-constraints-text.pem": _more(
        "2.5.29.30", forge.utf8("a.example"), critical=True
    ),
    "malformed-extension/name-constraints-unknown-part.pem": _more(
        "2.5.29.30", seq(tlv(0xA2)), critical=True
    ),
    "malformed-extension/name-constraints-excluded-first.pem": _more(
        "2.5.29.30", seq(tlv(0xA1), tlv(0xA0)), critical=True
    ),
    "malformed-extension/name-constraints-without-names.pem": _more(
        "2.5.29.30", seq(tlv(0xA0)), critical=True
    ),
    "malformed-extension/name-constraints-damaged.pem": _more(
        "2.5.29.30", seq(tlv(0xA0, b"junk")), critical=True
    ),
    **{
        f"malformed-extension/{fault}.pem": _more(dotted, value) for fault, (dotted, value) in _OTHERS.items()
    },
    **{
        f"malformed-extension/name-constraints-{fault}.pem": _more(
            "2.5.29.30", seq(tlv(0xA0, seq(value))), critical=True
        )
        for fault, value in _CONSTRAINED.items()
    },
    "malformed-extension/basic-constraints-path-length-2-to-the-40.pem": _basic(
        seq(b"\x01\x01\xff", integer(1 << 40))
    ),
    "malformed-extension/authority-key-identifier-of-another-issuer.pem": _root(
        *forge.GOOD, forge.authority(issuer=forge.name("Throw-Away Issuer"), serial=4711)
    ),
    "malformed-extension/authority-key-identifier-of-another-serial.pem": _root(
        *forge.GOOD, forge.authority(serial=4712)
    ),
    "malformed-extension/authority-key-identifier-without-serial.pem": _more(
        "2.5.29.35", seq(tlv(0xA1, tlv(0xA4, forge.name())))
    ),
    "malformed-extension/authority-key-identifier-unknown-part.pem": _more(
        "2.5.29.35", seq(tlv(0x85, bytes(20)))
    ),
    "malformed-extension/authority-key-identifier-text.pem": _more("2.5.29.35", forge.utf8("issuer")),
    "malformed-extension/authority-key-identifier-cut.pem": _more(
        "2.5.29.35", b"\x30\x16\x80\x14" + bytes(10)
    ),
    "basic-constraints-not-critical/only-that.pem": _root(
        forge.basic_constraints(critical=False), _USAGE, _IDENTIFIER
    ),
    "no-key-usage/only-that.pem": _root(_BASIC, _IDENTIFIER),
    "no-key-identifier/only-that.pem": _root(_BASIC, _USAGE),
}
