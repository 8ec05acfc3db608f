"""The extensions that decide whether a CA can vouch for servers (RFC 5280 section 4.2), read strictly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder import der

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.x509 import Extension

SKI, KEY_USAGE, SAN, BASIC_CONSTRAINTS = "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19"
NAME_CONSTRAINTS, POLICIES, POLICY_MAPPINGS, AKI = "2.5.29.30", "2.5.29.32", "2.5.29.33", "2.5.29.35"
POLICY_CONSTRAINTS, EXTENDED_KEY_USAGE, INHIBIT_ANY_POLICY = "2.5.29.36", "2.5.29.37", "2.5.29.54"
# What OpenSSL, Go, Java and Node all process when it is critical.
KNOWN = frozenset(
    {
        KEY_USAGE,
        SAN,
        BASIC_CONSTRAINTS,
        NAME_CONSTRAINTS,
        POLICIES,
        POLICY_MAPPINGS,
        POLICY_CONSTRAINTS,
        EXTENDED_KEY_USAGE,
        INHIBIT_ANY_POLICY,
    }
)
_SERVER_AUTH = frozenset({"1.3.6.1.5.5.7.3.1", "2.5.29.37.0"})
_KEY_CERT_SIGN = 0x04
_KEY_IDENTIFIER = 0x80


@dataclass(frozen=True, slots=True)
class Extensions:
    """What a certificate's extensions say; None where it does not say."""

    ca: bool | None = None
    ca_critical: bool = False
    cert_sign: bool | None = None
    server_auth: bool | None = None
    ski: bytes | None = None
    aki: bytes | None = None
    constrained: bool = False
    unknown_critical: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    malformed: Mapping[str, str] = field(default_factory=dict)


def read(extensions: Sequence[Extension]) -> Extensions:
    """Read what `extensions` say; one that cannot be parsed is named in `malformed`."""
    said: dict[str, object] = {}
    malformed, seen, repeated = {}, set(), []
    for extension in extensions:
        if extension.oid in seen:
            repeated.append(extension.oid)
            continue
        seen.add(extension.oid)
        if extension.oid not in _READERS:
            continue
        name, reader = _READERS[extension.oid]
        try:
            said[name] = reader(extension.value)
        except der.DerError as error:
            malformed[extension.oid] = str(error)
    return Extensions(
        **said,  # type: ignore[arg-type]  # the table below pairs each field with its own reader
        ca_critical=any(item.critical for item in extensions if item.oid == BASIC_CONSTRAINTS),
        unknown_critical=tuple(item.oid for item in extensions if item.critical and item.oid not in KNOWN),
        repeated=tuple(dict.fromkeys(repeated)),
        malformed=malformed,
    )


def _ca(value: bytes) -> bool:
    start, end = der.whole(value)
    if start == end:
        return False
    tag, inner, stop = der.header(value, start, end)
    ca = False
    if tag == der.BOOLEAN:
        ca = der.boolean(value, inner, stop)
        if not ca:
            raise der.NotDistinguishedError("CA:FALSE is written out although it is the default")
        if stop == end:
            return ca
        tag, inner, stop = der.header(value, stop, end)
    if tag != der.INTEGER or stop != end or der.integer(value, inner, stop) < 0:
        raise der.DerError("the path length is not a number")
    return ca


def _cert_sign(value: bytes) -> bool:
    octets, _ = der.bits(value, *der.whole(value, der.BIT_STRING))
    if not octets:
        raise der.DerError("the key usage is empty")
    return bool(octets[0] & _KEY_CERT_SIGN)


def _server_auth(value: bytes) -> bool:
    start, end = der.whole(value)
    usages = set()
    for tag, _, inner, stop in der.children(value, start, end):
        if tag != der.OID:
            raise der.DerError("a usage is not an object identifier")
        usages.add(der.oid(value[inner:stop]))
    if not usages:
        raise der.DerError("the list of usages is empty")
    return not usages.isdisjoint(_SERVER_AUTH)


def _ski(value: bytes) -> bytes:
    start, end = der.whole(value, der.OCTET_STRING)
    if start == end:
        raise der.DerError("the key identifier is empty")
    return value[start:end]


def _aki(value: bytes) -> bytes | None:
    start, end = der.whole(value)
    parts = {tag: value[inner:stop] for tag, _, inner, stop in der.children(value, start, end)}
    return parts.get(_KEY_IDENTIFIER)


def _constrained(value: bytes) -> bool:
    start, end = der.whole(value)
    trees = [tag for tag, *_ in der.children(value, start, end)]
    if trees not in ([0xA0], [0xA1], [0xA0, 0xA1]):
        raise der.DerError("the name constraints name neither permitted nor excluded names")
    return True


_READERS = {
    BASIC_CONSTRAINTS: ("ca", _ca),
    KEY_USAGE: ("cert_sign", _cert_sign),
    EXTENDED_KEY_USAGE: ("server_auth", _server_auth),
    SKI: ("ski", _ski),
    AKI: ("aki", _aki),
    NAME_CONSTRAINTS: ("constrained", _constrained),
}
