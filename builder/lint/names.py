"""The names and places inside extensions (RFC 5280 sections 4.2.1.6 and 4.2.1.13), read strictly.

Clients look into them at the oddest moments: Python when it lists its CAs, Go and keytool when they load
a file. What one of them cannot read there is refused here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.x509 import der, x500

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OTHER, _MAIL, _DNS, _X400, _DIRECTORY, _EDI, _URI, _ADDRESS, _REGISTERED = (
    *(0xA0, 0x81, 0x82, 0xA3, 0xA4),
    *(0xA5, 0x86, 0x87, 0x88),
)
# DirectoryString (RFC 5280 section 4.1.2.4): Teletex, Printable, Universal, UTF8, BMP.
_DIRECTORY_STRINGS = frozenset({0x14, 0x13, 0x1C, 0x0C, 0x1E})
_IP_OCTETS, _SUBNET_OCTETS = frozenset({4, 16}), frozenset({8, 32})
_PERMITTED, _EXCLUDED = 0xA0, 0xA1
_TREES = {_PERMITTED: "permitted", _EXCLUDED: "excluded"}
_POINT, _REASONS, _ISSUER = 0xA0, 0x81, 0xA2
_FULL_NAME = 0xA0

# What handshakes.csv calls constraints of each kind. A host's name is what RFC 5280 wants of a URI's.
KINDS: Mapping[int, str] = {
    _OTHER: "other-name",
    _MAIL: "mail",
    _DNS: "dns",
    _X400: "x400",
    _DIRECTORY: "directory",
    _EDI: "edi",
    _URI: "uri",
    _ADDRESS: "address",
    _REGISTERED: "registered-id",
}
WITH_SCHEME = "uri-with-scheme"
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://")

# Go refuses a certificate that constrains names to something that cannot be a domain, and keytool a whole
# file with a URI constraint that is no host's name. One in digits could be an address, which Go refuses.
_LABEL = rb"[!-\-/-?A-~]+"  # printable, but no dot and no @
_HOST_LABEL = rb"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rb"\.?%b(?:\.%b)*" % (_LABEL, _LABEL))
_HOST = re.compile(rb"(?!.*(?:^|\.)[0-9]+$)\.?%b(?:\.%b)*" % (_HOST_LABEL, _HOST_LABEL))
_ATOM = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"  # RFC 5321 section 4.1.2
_MAILBOX = re.compile(rb"(?:%b(?:\.%b)*@(?!\.))?%b" % (_ATOM, _ATOM, _DOMAIN.pattern))
# Go refuses a certificate with an alternative name that it cannot parse as a URI (RFC 3986 section 3); it
# knows IPv6 addresses, too, but no CA has one here.
_ABSOLUTE_URI = re.compile(
    rb"[A-Za-z][A-Za-z0-9+.-]*:"
    rb"(?:(?!//)|//(?:[A-Za-z0-9._~!$&'()*+,;=:-]*@)?(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)?(?::[0-9]*)?(?=[/?#]|$))"
    rb"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
)


def alternative(value: bytes) -> None:
    """Check a subject's alternative names, a SEQUENCE; raises DerError."""
    start, end = der.whole(value)
    names(value, start, end)
    for tag, _, inner, stop in der.children(value, start, end):
        if tag == _URI and not _ABSOLUTE_URI.fullmatch(value, inner, stop):
            raise der.DerError("an alternative name is no URI")


def constraints(value: bytes) -> frozenset[str]:
    """Return what name constraints permit and exclude, each kind as handshakes.csv calls it; raises DerError.

    They are a SEQUENCE of permitted and excluded subtrees.
    """
    start, end = der.whole(value)
    trees = der.fields(value, start, end, (_PERMITTED, _EXCLUDED))
    if not trees:
        raise der.DerError("the name constraints name neither permitted nor excluded names")
    return frozenset(
        f"{_TREES[tree]}-{_subtree(value, inner, stop)}"
        for tree, span in trees.items()
        for inner, stop in der.several(value, *span)
    )


def _subtree(data: bytes, start: int, end: int) -> str:
    tag, inner, stop = der.header(data, start, end)
    if stop != end:
        # RFC 5280 section 4.2.1.10: no minimum but zero, which DER leaves out, and no maximum.
        raise der.DerError("a name constraint has a minimum or a maximum")
    if tag == _ADDRESS:
        _subnet(data[inner:stop])
        return KINDS[tag]
    _name(data, tag, inner, stop)
    if tag == _URI and _SCHEME.match(data, inner, stop):
        return WITH_SCHEME
    form = _CONSTRAINTS.get(tag)
    if form and not form.fullmatch(data, inner, stop) and (tag, inner) != (_DNS, stop):
        raise der.DerError("a name constraint is no domain, host or mailbox")
    return KINDS[tag]


def _subnet(content: bytes) -> None:
    half = len(content) // 2
    inverse = int.from_bytes(content[half:]) ^ ((1 << 8 * half) - 1)
    if len(content) not in _SUBNET_OCTETS or inverse & (inverse + 1):
        raise der.DerError("an address constraint is no address with its mask")


# An empty domain is every one (RFC 5280 section 4.2.1.10 for a subtree's root), and all clients read it.
_CONSTRAINTS: Mapping[int, re.Pattern[bytes]] = {_MAIL: _MAILBOX, _DNS: _DOMAIN, _URI: _HOST}


def points(value: bytes) -> None:
    """Check CRL distribution points, a SEQUENCE (RFC 5280 section 4.2.1.13); raises DerError."""
    for start, end in der.several(value, *der.whole(value)):
        parts = der.fields(value, start, end, (_POINT, _REASONS, _ISSUER))
        if _POINT in parts:
            # Go refuses the other kind of name, one relative to the issuer's; RFC 5280 advises against it.
            ((inner, stop),) = der.several(value, *parts[_POINT], _FULL_NAME)[:1]
            if stop != parts[_POINT][1]:
                raise der.DerError("a distribution point has more than one name")
            names(value, inner, stop)
        if _REASONS in parts:
            der.bits(value, *parts[_REASONS])
        if _ISSUER in parts:
            names(value, *parts[_ISSUER])
        if not parts.keys() & {_POINT, _ISSUER}:
            raise der.DerError("a distribution point names no place")


def access(value: bytes) -> None:
    """Check the places of an authority's information, a SEQUENCE (section 4.2.2.1); raises DerError."""
    for start, end in der.several(value, *der.whole(value)):
        first, after = der.expect(value, start, end, der.OID)
        der.oid(value[first:after])
        tag, inner, stop = der.header(value, after, end)
        if stop != end:
            raise der.DerError("an access description has more than one place")
        _name(value, tag, inner, stop)


def names(data: bytes, start: int, end: int) -> None:
    """Check the GeneralNames whose content is data[start:end], at least one; raises DerError."""
    if start == end:
        raise der.DerError("a list of names is empty")
    for tag, _, inner, stop in der.children(data, start, end):
        _name(data, tag, inner, stop)


def directories(data: bytes, start: int, end: int) -> tuple[bytes, ...]:
    """Return the directory names, as DER, among the GeneralNames in data[start:end]."""
    return tuple(
        data[inner:stop] for tag, _, inner, stop in der.children(data, start, end) if tag == _DIRECTORY
    )


def _name(data: bytes, tag: int, start: int, end: int) -> None:
    if tag not in _KINDS:
        raise der.DerError(f"a name is of the unknown kind {tag:#04x}")
    _KINDS[tag](data, start, end)


def _ascii(data: bytes, start: int, end: int) -> None:
    if not data[start:end].isascii():
        raise der.DerError("a name is not ASCII text")


def _address(_data: bytes, start: int, end: int) -> None:
    if end - start not in _IP_OCTETS:
        raise der.DerError(f"an address has {end - start} octets")


def _registered(data: bytes, start: int, end: int) -> None:
    der.oid(data[start:end])


def _directory(data: bytes, start: int, end: int) -> None:
    x500.attributes(data[start:end])


def _other(data: bytes, start: int, end: int) -> None:
    first, after = der.expect(data, start, end, der.OID)
    der.oid(data[first:after])
    inner, stop = der.expect(data, after, end, 0xA0)
    _, _, last = der.header(data, inner, stop)
    if last != stop or stop != end:
        raise der.DerError("a name of another kind has more than one value")
    der.check_nested(data, inner, stop)


def _edi_party(data: bytes, start: int, end: int) -> None:
    parts = der.fields(data, start, end, (0xA0, 0xA1))
    if 0xA1 not in parts:  # noqa: PLR2004  [1] partyName, the one that must be there
        raise der.DerError("a party has no name")
    for inner, stop in parts.values():
        kind, _, last = der.header(data, inner, stop)
        if kind not in _DIRECTORY_STRINGS or last != stop:
            raise der.DerError("a party's name is no text")


# What reads each of the nine kinds of a GeneralName (RFC 5280 section 4.2.1.6).
_KINDS: Mapping[int, Callable[[bytes, int, int], None]] = {
    _OTHER: _other,
    _MAIL: _ascii,
    _DNS: _ascii,
    _X400: der.check_nested,
    _DIRECTORY: _directory,
    _EDI: _edi_party,
    _URI: _ascii,
    _ADDRESS: _address,
    _REGISTERED: _registered,
}
