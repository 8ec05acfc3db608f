"""Lists of extensions with one property each; see defects.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.lint.identifiers import CALLED
from tests.lint import forge
from tests.lint.forge import bits, ia5, integer, octets, oid, seq, tlv, utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OIDS = {name: number for number, name in CALLED.items()}
_URI = tlv(0x86, b"http://throw-away.example/ca.crl")
_POINTS = seq(seq(tlv(0xA0, tlv(0xA0, _URI))))
_POLICY = oid("1.3.6.1.4.1.99999.5")
_ACCESS = seq(seq(oid("1.3.6.1.5.5.7.48.2"), _URI))
_NULL = b"\x05\x00"
_TIME = tlv(0x80, b"20250101000000Z")
_SERVER = "1.3.6.1.5.5.7.3.1"

# A value as it should be for each extension that a row knows; a second word tells further values apart.
_VALUES = {
    "directory-attributes": seq(seq(oid("1.3.6.1.5.5.7.9.4"), tlv(0x31, tlv(0x13, b"DE")))),
    "key-identifier": octets(bytes(range(20))),
    "key-usage": bits(b"\x06", 1),
    "key-usage/signing-certificates-only": bits(b"\x04", 2),
    "private-key-period": seq(_TIME),
    "alternative-name": seq(tlv(0x82, b"ca.throw-away.example")),
    "alternative-name/of-all-kinds": seq(
        tlv(0xA0, oid("1.3.6.1.4.1.99999.6"), tlv(0xA0, utf8("x"))),
        tlv(0x81, b"ca@throw-away.example"),
        tlv(0xA4, forge.name()),
        _URI,
        tlv(0x87, bytes([127, 0, 0, 1])),
        tlv(0x88, oid("1.3.6.1.4.1.99999.7")[2:]),
    ),
    "issuer-alternative-name": seq(tlv(0x81, b"ca@throw-away.example")),
    "crl-points": _POINTS,
    "policies": seq(seq(oid("2.5.29.32.0"))),
    "policies/qualified": seq(
        seq(
            _POLICY,
            seq(
                seq(oid("1.3.6.1.5.5.7.2.1"), ia5("http://throw-away.example/cps")),
                seq(oid("1.3.6.1.5.5.7.2.2"), seq(utf8("Throw-Away notice"))),
            ),
        )
    ),
    "policy-mappings": seq(seq(_POLICY, oid("1.3.6.1.4.1.99999.8"))),
    "authority-identifier": seq(tlv(0x80, bytes(range(20)))),
    "policy-constraints": seq(tlv(0x80, b"\0"), tlv(0x81, b"\0")),
    "policy-constraints/mapping-alone": seq(tlv(0x81, b"\0")),
    "extended-key-usage": seq(oid(_SERVER)),
    "extended-key-usage/and-others": seq(oid(_SERVER), oid("1.3.6.1.5.5.7.3.2")),
    "freshest-crl": _POINTS,
    "inhibit-any-policy": integer(0),
    "authority-access": _ACCESS,
    "qualified-statements": seq(seq(oid("0.4.0.1862.1.1"))),
    "ip-blocks": seq(seq(octets(b"\0\1"), seq(bits(b"\x0a")))),
    "as-numbers": seq(tlv(0xA0, seq(integer(64500)))),
    "subject-access": seq(seq(oid("1.3.6.1.5.5.7.48.5"), _URI)),
    "logotype": seq(tlv(0xA1, tlv(0xA0, seq()))),
    "tls-feature": seq(integer(5)),
    "ocsp-no-check": _NULL,
    "microsoft-template-name": tlv(0x1E, "CA".encode("utf-16-be")),
    "microsoft-ca-version": integer(0),
    "microsoft-previous-hash": octets(bytes(20)),
    "microsoft-template": seq(oid("1.3.6.1.4.1.311.21.8.1"), integer(100), integer(2)),
    "microsoft-policies": seq(seq(oid(_SERVER))),
    "certificate-timestamps": octets(b"\0\0"),
    "precertificate-poison": _NULL,
    "netscape-type": bits(b"\x07"),
    **{
        f"netscape-{what}": ia5("http://throw-away.example/")
        for what in ("base-url", "revocation-url", "ca-revocation-url", "renewal-url", "policy-url")
    },
    "netscape-server-name": ia5("throw-away.example"),
    "netscape-comment": ia5("Throw-Away comment"),
}
# What a good root has anyway, critical or not, as the other way round is the one to be asked.
_ONE_WAY = {"key-identifier": True, "key-usage": False, "key-usage/signing-certificates-only": True}
_REPLACED = {"key-usage": 1, "key-identifier": 2}


def lists() -> dict[str, tuple[bytes, ...]]:
    """Return the extensions of each root by the name of its defect."""
    return {**dict(_known()), **_constrained(), **_required(), **_malformed()}


def _known() -> Iterator[tuple[str, tuple[bytes, ...]]]:
    for name, value in _VALUES.items():
        kind = name.partition("/")[0]
        for critical in (False, True):
            made = forge.extension(_OIDS[kind], value, critical=critical)
            yield ("critical-" if critical else "") + name, _replacing(_REPLACED.get(kind), made)


def _replacing(place: int | None, made: bytes) -> tuple[bytes, ...]:
    """Return a good root's extensions with `made` in one's place, or behind them."""
    if place is None:
        return (*forge.GOOD, made)
    return (*forge.GOOD[:place], made, *forge.GOOD[place + 1 :])


# A name of each kind that no server under the root has, and one that the server's name lies in, where it can.
_FORBIDDEN = {
    "other-name": tlv(0xA0, oid("1.3.6.1.4.1.99999.6"), tlv(0xA0, utf8("elsewhere"))),
    "mail": tlv(0x81, b"elsewhere.example"),
    "dns": tlv(0x82, b"elsewhere.example"),
    "x400": tlv(0xA3, seq()),
    "directory": tlv(0xA4, forge.name("elsewhere")),
    "edi": tlv(0xA5, tlv(0xA1, utf8("elsewhere"))),
    "uri": tlv(0x86, b"elsewhere.example"),
    "address": tlv(0x87, bytes([10, 0, 0, 0, 255, 0, 0, 0])),
    "registered-id": tlv(0x88, oid("1.3.6.1.4.1.99999.7")[2:]),
}
_PERMITTED = _FORBIDDEN | {"dns": tlv(0x82, b"localhost"), "directory": tlv(0xA4, forge.name("localhost"))}


def _constrained() -> dict[str, tuple[bytes, ...]]:
    def constraint(tag: int, base: bytes, *, critical: bool) -> tuple[bytes, ...]:
        value = seq(tlv(tag, seq(base)))
        return (*forge.GOOD, forge.extension("2.5.29.30", value, critical=critical))

    made = {}
    for how, critical in (("", False), ("critical-", True)):
        for kind, name in _FORBIDDEN.items():
            made[f"{how}excluded-{kind}"] = constraint(0xA1, name, critical=critical)
            made[f"{how}permitted-{kind}"] = constraint(0xA0, _PERMITTED[kind], critical=critical)
        scheme = tlv(0x86, b"http://elsewhere.example")
        made[f"{how}excluded-uri-with-scheme"] = constraint(0xA1, scheme, critical=critical)
        made[f"{how}permitted-uri-with-scheme"] = constraint(0xA0, scheme, critical=critical)
    return made | {"outside-constraints": constraint(0xA0, _FORBIDDEN["dns"], critical=True)}


def _required() -> dict[str, tuple[bytes, ...]]:
    """Return what lacks in a root that should have it, and what is there twice or unknown."""
    basic, usage, identifier = forge.GOOD
    unknown: Callable[..., bytes] = forge.extension
    return {
        "basic-constraints-not-critical": (forge.basic_constraints(critical=False), usage, identifier),
        "no-basic-constraints": (usage, identifier),
        "not-a-ca": (forge.basic_constraints(seq()), usage, identifier),
        "no-key-usage": (basic, identifier),
        "no-key-identifier": (basic, usage),
        "no-cert-sign": (basic, forge.key_usage(bits(b"\x02", 1)), identifier),
        "no-server-auth": (*forge.GOOD, forge.usages("1.3.6.1.5.5.7.3.2")),
        "any-usage-only": (*forge.GOOD, forge.usages("2.5.29.37.0")),
        "gated-crypto-only": (*forge.GOOD, forge.usages("1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1")),
        "any-usage-and-gated-crypto": (*forge.GOOD, forge.usages("2.5.29.37.0", "2.16.840.1.113730.4.1")),
        "authority-identifier/and-issuer": (*forge.GOOD, forge.authority(serial=4711)),
        "another-issuer": (*forge.GOOD, forge.authority(serial=4712)),
        "unknown-extension": (*forge.GOOD, unknown("1.3.6.1.4.1.99999.1", _NULL)),
        "unknown-critical-extension": (*forge.GOOD, unknown("1.3.6.1.4.1.99999.1", _NULL, critical=True)),
        "large-identifier": (*forge.GOOD, unknown(f"2.25.{1 << 31}", _NULL)),
        "duplicate-extension": (*forge.GOOD, identifier),
        "duplicate-unknown-extension": (*forge.GOOD, *[unknown("1.3.6.1.4.1.99999.1", _NULL)] * 2),
    }


def _malformed() -> dict[str, tuple[bytes, ...]]:
    basic, usage, identifier = forge.GOOD
    return {
        "malformed-key-usage": (basic, forge.key_usage(b"\x03\x00"), identifier),
        "malformed-basic-constraints": (
            forge.basic_constraints(seq(b"\x01\x01\xff", octets(b"\5"))),
            usage,
            identifier,
        ),
        "malformed-key-identifier": (basic, usage, forge.key_identifier(_NULL)),
    }
