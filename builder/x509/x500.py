r"""Distinguished names as text for people: RFC 4514, with everything unprintable escaped.

Control and bidirectional characters can make a name read as another one on a terminal, in a file
name or in a package's description; here they become RFC 4514 hex pairs (`\\E2\\80\\AE`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from builder.x509 import der

# RFC 4514 section 3, RFC 4519 and RFC 2985: short names that people know.
_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.42": "GN",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}
# X.680 section 41: the character set of each string type that OpenSSL reads in names, of which the
# certificate as a whole depends. TeletexString is read as Latin-1, as OpenSSL does.
_CHARSET = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
# What X.680 section 41 allows in two of them, with the * and & that Go allows, too.
_NUMERIC, _PRINTABLE, _UNIVERSAL = 0x12, 0x13, 0x1C
_ALLOWED = {
    _NUMERIC: re.compile(rb"[0-9 ]*"),
    _PRINTABLE: re.compile(rb"[A-Za-z0-9 '()+,./:=?*&-]*"),
}
_LABELS = ("CN", "OU", "O")
_SPECIAL = re.compile(r'[\\"+,;<=>]|^[ #]| $')
# A fixed table, because str.isprintable() changes with Python's Unicode version and these texts are
# part of reproducible packages: controls, soft hyphen, bidirectional marks and isolates, zero-width
# and invisible characters, line separators, fillers, variation selectors, tags, surrogates, private use.
UNPRINTABLE = re.compile(
    "[\0-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)


def _hex_pairs(match: re.Match[str]) -> str:
    octets = match.group().encode("utf-8", "surrogatepass")
    return "".join(f"\\{octet:02X}" for octet in octets)


def escape(text: str) -> str:
    """Return `text` with every control, bidirectional and invisible character as hex pairs."""
    return text if text.isascii() and text.isprintable() else UNPRINTABLE.sub(_hex_pairs, text)


# One organisation's names share most of their parts, so the parts are what is worth remembering.
@lru_cache(maxsize=4096)
def _rdn(content: bytes) -> tuple[tuple[str, str | bytes], ...]:
    pairs, previous = [], b""
    for tag, at, inner, stop in der.children(content, 0, len(content)):
        if tag != der.SEQUENCE:
            raise der.DerError("a name's attribute is not a pair of type and value")
        if content[at:stop] < previous:
            raise der.NotDistinguishedError("a name's set of attributes is not sorted")
        previous = content[at:stop]
        pairs.append(_attribute(content, inner, stop))
    return tuple(pairs)


@lru_cache(maxsize=1024)
def attributes(name: bytes) -> tuple[tuple[tuple[str, str | bytes], ...], ...]:
    """Return the RDNs of a DER Name: pairs of OID and text, or of OID and DER where it is no text.

    Raises DerError where the name is not DER or a text is not in its declared character set.
    """
    start, end = der.whole(name)
    rdns = []
    for tag, _, inner, stop in der.children(name, start, end):
        if tag != der.SET or inner == stop:
            raise der.DerError("a name holds something other than sets of attributes")
        rdns.append(_rdn(name[inner:stop]))
    return tuple(rdns)


def _attribute(name: bytes, start: int, end: int) -> tuple[str, str | bytes]:
    inner, after = der.expect(name, start, end, der.OID)
    kind, value, stop = der.header(name, after, end)
    if stop != end:
        raise der.DerError("a name's attribute has more than one value")
    return der.oid(name[inner:after]), _text(kind, name[value:end], name[after:end])


def _text(kind: int, content: bytes, element: bytes) -> str | bytes:
    charset = _CHARSET.get(kind)
    if kind == der.BIT_STRING:
        der.bits(content, 0, len(content))
        return element
    if charset is None:
        raise der.DerError(f"a name holds a value of type {kind:#04x}, which clients do not read")
    try:
        return content.decode(charset)
    except UnicodeDecodeError:
        raise der.DerError(f"a name's text is not valid {charset}") from None


@lru_cache(maxsize=1024)
def is_lax(name: bytes) -> bool:
    """Tell whether a DER Name, read before, holds what Go refuses and others accept.

    That is a type of value that Go does not know, or a character that the type of its text does not allow.
    """
    start, end = der.whole(name)
    return any(
        _is_lax(name, *der.children(name, first, last))
        for _, _, inner, stop in der.children(name, start, end)
        for _, _, first, last in der.children(name, inner, stop)
    )


def _is_lax(name: bytes, _oid: object, value: tuple[int, int, int, int]) -> bool:
    kind, _, start, end = value
    allowed = _ALLOWED.get(kind)
    return kind in {der.BIT_STRING, _UNIVERSAL} or bool(allowed and not allowed.fullmatch(name, start, end))


def text(name: bytes) -> str:
    """Return a DER Name as an RFC 4514 string, the most specific part first."""
    rdns = reversed(attributes(name))
    return ",".join("+".join(_pair(oid, value) for oid, value in rdn) for rdn in rdns)


@lru_cache(maxsize=4096)
def _pair(oid: str, value: str | bytes) -> str:
    if isinstance(value, bytes):
        return f"{_SHORT.get(oid, oid)}=#{value.hex()}"
    escaped = _SPECIAL.sub(r"\\\g<0>", value)
    return f"{_SHORT.get(oid, oid)}={escape(escaped)}"


def label(name: bytes) -> str:
    """Return what people call the owner of a DER Name: its common name, else its unit or organisation."""
    found: dict[str, str] = {}
    for rdn in attributes(name):
        found |= {_SHORT.get(oid, oid): value for oid, value in rdn if isinstance(value, str)}
    chosen = next((found[key] for key in _LABELS if found.get(key, "").strip()), "")
    return escape(chosen.strip()) if chosen else text(name)
