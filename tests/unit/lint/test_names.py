"""The names inside extensions: which are read, and which no client or only some would read."""

from __future__ import annotations

import pytest

from builder.lint import names
from builder.x509 import der
from tests.lint.forge import bits, name, oid, seq, tlv, utf8

_PLACE = tlv(0x86, b"http://pki.throw-away.example/ca")
_DIRECTORY = tlv(0xA4, name())


def _permitted(*base: bytes) -> bytes:
    return seq(tlv(0xA0, seq(*base)))


@pytest.mark.parametrize(
    ("tag", "base"),
    [
        (0x82, b""),
        (0x82, b"throw-away.example"),
        (0x82, b".throw_away.example"),
        (0x81, b"pki@throw-away.example"),
        (0x81, b".throw-away.example"),
        (0x86, b"throw-away.example"),
        (0x86, b".throw-away.example"),
        (0x87, bytes(8)),
        (0x87, bytes(32)),
        (0x87, bytes([10, 0, 0, 0, 255, 0, 0, 0])),
        (0x87, bytes([10, 0, 0, 1]) + b"\xff" * 4),
        (0xA4, name()),
    ],
)
def test_a_constraint_that_all_clients_read(tag: int, base: bytes) -> None:
    """Domains, hosts, mailboxes, subnets and directory names may be constrained."""
    names.constraints(_permitted(tlv(tag, base)))


@pytest.mark.parametrize(
    ("tag", "base"),
    [
        (0x82, b"."),  # Go
        (0x82, b"a..example"),  # Go
        (0x82, b"a.example."),  # Go
        (0x82, b"a b"),  # Go
        (0x81, b""),  # keytool
        (0x81, b"a@"),  # keytool
        (0x81, b"@a.example"),  # Go
        (0x81, b"a..b@a.example"),  # Go
        (0x86, b""),  # keytool
        (0x86, b"a_b.example"),  # keytool
        (0x86, b"192.0.2.1"),  # Go
        (0x87, bytes(3)),  # keytool
        (0x87, bytes(4)),
        (0x87, bytes([10, 0, 0, 0, 255, 0, 255, 0])),  # Go
        (0x89, b""),
    ],
)
def test_a_constraint_that_a_client_refuses(tag: int, base: bytes) -> None:
    """What Go or keytool cannot read in a constraint is an error: they refuse the CA, or the whole file."""
    with pytest.raises(der.DerError):
        names.constraints(_permitted(tlv(tag, base)))


@pytest.mark.parametrize(
    "uri", [b"http://a.example:80/b?c#d", b"urn:uuid:1", b"ldap:///CN=a%20b", b"x://u@a"]
)
def test_a_uri_as_alternative_name(uri: bytes) -> None:
    """An alternative name may be any absolute URI."""
    names.alternative(seq(tlv(0x86, uri)))


@pytest.mark.parametrize(
    "uri", [b"", b"a.example", b"http://a b/", b"http://a:b/", b"http://a/%zz", b"x://a..b"]
)
def test_no_uri_as_alternative_name(uri: bytes) -> None:
    """Go refuses a certificate with an alternative name that is no URI."""
    with pytest.raises(der.DerError):
        names.alternative(seq(tlv(0x86, uri)))


@pytest.mark.parametrize(
    "point",
    [
        seq(tlv(0xA0, tlv(0xA0, _PLACE, _DIRECTORY))),
        seq(tlv(0xA0, tlv(0xA0, tlv(0x86, b"ldap:///CN=Throw Away?certificateRevocationList?base")))),
        seq(tlv(0xA2, _DIRECTORY)),
        seq(tlv(0xA0, tlv(0xA0, _PLACE)), tlv(0x81, bits(b"\x40", 6)[2:]), tlv(0xA2, _DIRECTORY)),
    ],
)
def test_a_place_of_revocation_lists(point: bytes) -> None:
    """Places are named by any address, the sloppy ones of directories too, or by their issuer."""
    names.points(seq(point))


@pytest.mark.parametrize(
    "point",
    [
        seq(),
        seq(tlv(0xA0)),
        seq(tlv(0xA0, tlv(0xA0))),
        seq(tlv(0xA0, tlv(0xA1, seq(oid("2.5.4.3"), utf8("relative"))))),  # Go
        seq(tlv(0xA0, tlv(0xA0, _PLACE), tlv(0xA0, _PLACE))),
        seq(tlv(0xA2, _DIRECTORY), tlv(0xA0, tlv(0xA0, _PLACE))),
        seq(tlv(0xA0, tlv(0xA0, _PLACE)), tlv(0x81, b"\x09\x40")),
        seq(tlv(0xA5, tlv(0xA0, _PLACE))),
    ],
)
def test_no_place_of_revocation_lists(point: bytes) -> None:
    """A point without a place, with parts that are unknown or out of order, is an error."""
    with pytest.raises(der.DerError):
        names.points(seq(point))
