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


_UNKNOWN = ("1.3.6.1.4.1.99999.1", "2.5.29.99", "2.16.840.1.113730.1.13", "1.3.6.1.5.5.7.1.1", "2.5.29.16")
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
    "no-server-auth/client-and-mail.pem": _root(*forge.GOOD, forge.usages(_CLIENT, _MAIL)),
    **{
        f"unknown-critical-extension/{dotted}.pem": _more(dotted, seq(), critical=True) for dotted in _UNKNOWN
    },
    "unknown-critical-extension/subject-key-identifier.pem": _root(
        _BASIC, _USAGE, extension("2.5.29.14", octets(bytes(20)), critical=True)
    ),
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
