"""The extensions that decide whether a CA can vouch for servers (RFC 5280 section 4.2), read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.lint import names
from builder.x509 import der

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from builder.x509 import Extension

SKI, KEY_USAGE, SAN, BASIC_CONSTRAINTS = "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.19"
NAME_CONSTRAINTS, POLICIES, POLICY_MAPPINGS, AKI = "2.5.29.30", "2.5.29.32", "2.5.29.33", "2.5.29.35"
POLICY_CONSTRAINTS, EXTENDED_KEY_USAGE, INHIBIT_ANY_POLICY = "2.5.29.36", "2.5.29.37", "2.5.29.54"
_CRL_POINTS, _AUTHORITY_ACCESS, _NETSCAPE_TYPE = "2.5.29.31", "1.3.6.1.5.5.7.1.1", "2.16.840.1.113730.1.1"
_IP_BLOCKS, _AS_NUMBERS = "1.3.6.1.5.5.7.1.7", "1.3.6.1.5.5.7.1.8"
_PROXY = "1.3.6.1.5.5.7.1.14"
SERVER_AUTH, ANY_USAGE = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
# What Microsoft and Netscape called servers before: OpenSSL takes either for serverAuth.
GATED_CRYPTO = frozenset({"1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1"})
_KEY_CERT_SIGN = 0x04
_KEY_IDENTIFIER, _AUTHORITY_ISSUER, _AUTHORITY_SERIAL = 0x80, 0xA1, 0x82
_MAX_NUMBER = (1 << 31) - 1  # Go and Java read no larger one, and keytool then refuses the whole file
_MAX_VALUE = 0xFFFF  # larger ones would only cost time
_PRACTICES, _NOTICE = "1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"
_IA5 = 0x16
_FAMILY_OCTETS = frozenset({2, 3})  # RFC 3779 section 2.2.3.3


class AuthorityKeyIdentifier(msgspec.Struct, frozen=True):
    """Whom an authority key identifier names: a key, or a certificate by its issuer and serial number."""

    key: bytes | None = None
    issuers: tuple[bytes, ...] = ()
    serial: int | None = None


class Extensions(msgspec.Struct, frozen=True):
    """What a certificate's extensions say; None where it does not say."""

    ca: bool | None = None
    ca_critical: bool = False
    cert_sign: bool | None = None
    usages: frozenset[str] | None = None
    ski: bytes | None = None
    authority: AuthorityKeyIdentifier | None = None
    constraints: frozenset[str] = frozenset()
    repeated: tuple[str, ...] = ()
    malformed: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def constrained(self) -> bool:
        """Whether it constrains names."""
        return bool(self.constraints)


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
            value = reader(_bounded(extension.value))
            said |= {name: value} if name else {}
        except der.DerError as error:
            malformed[extension.oid] = str(error)
    return Extensions(
        **said,  # type: ignore[arg-type]  # the table below pairs each field with its own reader
        ca_critical=any(item.critical for item in extensions if item.oid == BASIC_CONSTRAINTS),
        repeated=tuple(dict.fromkeys(repeated)),
        malformed=malformed,
    )


def _bounded(value: bytes) -> bytes:
    if len(value) > _MAX_VALUE:
        raise der.DerError(f"it has over {_MAX_VALUE} bytes")
    return value


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
    if tag != der.INTEGER or stop != end:
        raise der.DerError("the path length is not a number")
    _count(value, inner, stop)
    return ca


def _count(value: bytes, start: int, end: int) -> None:
    if not 0 <= der.integer(value, start, end) <= _MAX_NUMBER:
        raise der.DerError("a number is negative or 2^31 or more")


def _cert_sign(value: bytes) -> bool:
    octets, _ = der.bits(value, *der.whole(value, der.BIT_STRING))
    if not octets:
        raise der.DerError("the key usage is empty")
    return bool(octets[0] & _KEY_CERT_SIGN)


def _usages(value: bytes) -> frozenset[str]:
    return frozenset(
        der.oid(value[inner:stop]) for inner, stop in der.several(value, *der.whole(value), der.OID)
    )


def _ski(value: bytes) -> bytes:
    start, end = der.whole(value, der.OCTET_STRING)
    if start == end:
        raise der.DerError("the key identifier is empty")
    return value[start:end]


def _authority(value: bytes) -> AuthorityKeyIdentifier:
    start, end = der.whole(value)
    parts = der.fields(value, start, end, (_KEY_IDENTIFIER, _AUTHORITY_ISSUER, _AUTHORITY_SERIAL))
    first, last = parts.get(_KEY_IDENTIFIER, (0, 0))
    key = value[first:last] if _KEY_IDENTIFIER in parts else None
    if key == b"":
        raise der.DerError("the key identifier is empty")
    if (_AUTHORITY_ISSUER in parts) != (_AUTHORITY_SERIAL in parts):
        raise der.DerError("an issuer comes without its serial number, or the other way round")
    if _AUTHORITY_ISSUER not in parts:
        return AuthorityKeyIdentifier(key)
    names.names(value, *parts[_AUTHORITY_ISSUER])
    issuers = names.directories(value, *parts[_AUTHORITY_ISSUER])
    return AuthorityKeyIdentifier(key, issuers, der.integer(value, *parts[_AUTHORITY_SERIAL]))


def _policies(value: bytes) -> None:
    for start, end in der.several(value, *der.whole(value)):
        _, after = _oid(value, start, end)
        if after == end:
            continue
        inner, stop = der.expect(value, after, end, der.SEQUENCE)
        if stop != end:
            raise der.DerError("a policy has more than one list of qualifiers")
        for span in der.several(value, inner, stop):
            _qualifier(value, *span)


def _qualifier(value: bytes, start: int, end: int) -> None:
    kind, after = _oid(value, start, end)
    tag, inner, stop = der.header(value, after, end)
    if stop != end:
        raise der.DerError("a policy's qualifier has more than one value")
    if kind == _PRACTICES and (tag != _IA5 or not value[inner:stop].isascii()):
        raise der.DerError("the address of a policy is not ASCII text")
    if kind == _NOTICE and tag != der.SEQUENCE:
        raise der.DerError("the notice of a policy is no structure")
    der.check_nested(value, after, end)


def _oid(value: bytes, start: int, end: int) -> tuple[str, int]:
    """Return the object identifier at `start`, and where it ends."""
    inner, stop = der.expect(value, start, end, der.OID)
    return der.oid(value[inner:stop]), stop


def _mappings(value: bytes) -> None:
    for start, end in der.several(value, *der.whole(value)):
        _, middle = _oid(value, start, end)
        _, last = _oid(value, middle, end)
        if last != end:
            raise der.DerError("a policy is mapped to more than one")


def _policy_constraints(value: bytes) -> None:
    start, end = der.whole(value)
    parts = der.fields(value, start, end, (0x80, 0x81))
    if not parts:
        raise der.DerError("the policy constraints are empty")
    for span in parts.values():
        _count(value, *span)


def _number(value: bytes) -> None:
    _count(value, *der.whole(value, der.INTEGER))


def _bits(value: bytes) -> None:
    der.bits(value, *der.whole(value, der.BIT_STRING))


def _ip_blocks(value: bytes) -> None:
    for start, end in der.several(value, *der.whole(value)):
        inner, after = der.expect(value, start, end, der.OCTET_STRING)
        if after - inner not in _FAMILY_OCTETS:
            raise der.DerError("an address family has neither two nor three octets")
        _resources(value, after, end, kind=der.BIT_STRING)


def _as_numbers(value: bytes) -> None:
    start, end = der.whole(value)
    parts = der.fields(value, start, end, (0xA0, 0xA1))
    if not parts:
        raise der.DerError("the list of AS numbers is empty")
    for inner, stop in parts.values():
        _resources(value, inner, stop, kind=der.INTEGER)


def _resources(value: bytes, start: int, end: int, *, kind: int) -> None:
    """Check what follows RFC 3779's choice: NULL to inherit, or single values and ranges of two."""
    tag, inner, stop = der.header(value, start, end)
    if stop != end or tag not in {der.NULL, der.SEQUENCE} or (tag == der.NULL and inner != stop):
        raise der.DerError("a list of resources is neither a list nor inherited")
    for found, _, first, last in der.children(value, inner, stop):
        ends = der.several(value, first, last, kind) if found == der.SEQUENCE else [(first, last)]
        if found not in {kind, der.SEQUENCE} or (found == der.SEQUENCE and len(ends) != 2):  # noqa: PLR2004  a range
            raise der.DerError("a list of resources holds something else")
        for span in ends:
            _RESOURCES[kind](value, *span)


_RESOURCES: Mapping[int, Callable[[bytes, int, int], object]] = {
    der.BIT_STRING: der.bits,
    der.INTEGER: der.integer,
}


def _proxy(_value: bytes) -> None:
    raise der.DerError("a CA cannot be a proxy of somebody else")


# Each extension's field of Extensions, and what reads it. No rule looks into those without a field, but for
# some damage in them OpenSSL, Go or Java refuses the CA's servers, keytool the whole file, or Python cannot
# list its CAs; no client that was measured minds the rest, which RFC 5280 does not allow either.
_READERS: Mapping[str, tuple[str, Callable[[bytes], object]]] = {
    BASIC_CONSTRAINTS: ("ca", _ca),
    KEY_USAGE: ("cert_sign", _cert_sign),
    EXTENDED_KEY_USAGE: ("usages", _usages),
    SKI: ("ski", _ski),
    AKI: ("authority", _authority),
    NAME_CONSTRAINTS: ("constraints", names.constraints),
    SAN: ("", names.alternative),
    POLICIES: ("", _policies),
    POLICY_MAPPINGS: ("", _mappings),
    POLICY_CONSTRAINTS: ("", _policy_constraints),
    INHIBIT_ANY_POLICY: ("", _number),
    _CRL_POINTS: ("", names.points),
    _AUTHORITY_ACCESS: ("", names.access),
    _NETSCAPE_TYPE: ("", _bits),
    _IP_BLOCKS: ("", _ip_blocks),
    _AS_NUMBERS: ("", _as_numbers),
    _PROXY: ("", _proxy),
}
