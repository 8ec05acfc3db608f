"""The extensions that decide whether a CA can vouch for servers (RFC 5280 section 4.2), read strictly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder import der

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from builder.x509 import Extension

SKI, KEY_USAGE, SAN, BASIC_CONSTRAINTS = "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19"
NAME_CONSTRAINTS, POLICIES, POLICY_MAPPINGS, AKI = "2.5.29.30", "2.5.29.32", "2.5.29.33", "2.5.29.35"
POLICY_CONSTRAINTS, EXTENDED_KEY_USAGE, INHIBIT_ANY_POLICY = "2.5.29.36", "2.5.29.37", "2.5.29.54"
_CRL_POINTS, _AUTHORITY_ACCESS, _NETSCAPE_TYPE = "2.5.29.31", "1.3.6.1.5.5.7.1.1", "2.16.840.1.113730.1.1"
_IP_BLOCKS, _AS_NUMBERS = "1.3.6.1.5.5.7.1.7", "1.3.6.1.5.5.7.1.8"
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
# The nine forms of a GeneralName (RFC 5280 section 4.2.1.6).
_GENERAL_NAMES = frozenset({0xA0, 0x81, 0x82, 0xA3, 0xA4, 0xA5, 0x86, 0x87, 0x88})
_MAX_VALUE = 0xFFFF  # of the extensions that no rule looks into: larger ones would only cost time


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
            value = reader(extension.value)
            said |= {name: value} if name else {}
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
    start, end = _nested(value)
    trees = list(der.children(value, start, end))
    if [tag for tag, *_ in trees] not in ([0xA0], [0xA1], [0xA0, 0xA1]):
        raise der.DerError("the name constraints name neither permitted nor excluded names")
    for _, _, inner, stop in trees:
        names = [tag for tag, *_ in der.children(value, inner, stop)]
        if not names or set(names) != {der.SEQUENCE}:
            raise der.DerError("the name constraints have a list without names")
    return True


def _nested(value: bytes) -> tuple[int, int]:
    """Return start and end of the structure that `value` must be, with nothing broken inside."""
    start, end = der.whole(value)
    if len(value) > _MAX_VALUE:
        raise der.DerError(f"it has over {_MAX_VALUE} bytes")
    der.check_nested(value, start, end)
    return start, end


def _structures(value: bytes) -> None:
    start, end = _nested(value)
    if any(tag != der.SEQUENCE for tag, *_ in der.children(value, start, end)):
        raise der.DerError("a list holds something else than structures")


def _names(value: bytes) -> None:
    start, end = _nested(value)
    tags = {tag for tag, *_ in der.children(value, start, end)}
    if not tags or not tags <= _GENERAL_NAMES:
        raise der.DerError("a list of names is empty or holds something else")


def _number(value: bytes) -> None:
    der.integer(value, *der.whole(value, der.INTEGER))


def _bits(value: bytes) -> None:
    der.bits(value, *der.whole(value, der.BIT_STRING))


# Each extension's field of Extensions, and what reads it. No rule looks into those without a field, but
# OpenSSL, Go or Java refuses every server under a CA in which one of them is broken.
_READERS: Mapping[str, tuple[str, Callable[[bytes], object]]] = {
    BASIC_CONSTRAINTS: ("ca", _ca),
    KEY_USAGE: ("cert_sign", _cert_sign),
    EXTENDED_KEY_USAGE: ("server_auth", _server_auth),
    SKI: ("ski", _ski),
    AKI: ("aki", _aki),
    NAME_CONSTRAINTS: ("constrained", _constrained),
    SAN: ("", _names),
    POLICIES: ("", _structures),
    POLICY_MAPPINGS: ("", _structures),
    POLICY_CONSTRAINTS: ("", _nested),
    INHIBIT_ANY_POLICY: ("", _number),
    _CRL_POINTS: ("", _structures),
    _AUTHORITY_ACCESS: ("", _structures),
    _NETSCAPE_TYPE: ("", _bits),
    _IP_BLOCKS: ("", _structures),
    _AS_NUMBERS: ("", _nested),
}
