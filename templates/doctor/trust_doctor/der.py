"""The few fields of a certificate that the doctor needs, by a minimal walk of its DER (RFC 5280).

What it reads comes from anybody: every length is held against what there is, and nothing recurses.
"""

import hashlib
import re
from collections import namedtuple

MOST = 1 << 20  # bytes of one certificate
_SEQUENCE, _SET, _OID, _OCTETS, _BITS, _BOOLEAN = 0x30, 0x31, 0x06, 0x04, 0x03, 0x01
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_UTC_TIME, _TIME = 0x17, 0x18
_KEY_ID = b"\x55\x1d\x0e"
_NAMES = {  # by the object identifier's octets (X.520, RFC 4519)
    b"\x55\x04\x03": "CN",
    b"\x55\x04\x06": "C",
    b"\x55\x04\x07": "L",
    b"\x55\x04\x08": "ST",
    b"\x55\x04\x0a": "O",
    b"\x55\x04\x0b": "OU",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19": "DC",
}
_TEXTS = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "latin-1"}  # the other kinds of text are UTF-8
_DIGITS = re.compile(r"[0-9]{14}Z")
_SHORT_DIGITS = re.compile(r"[0-9]{12}Z")

# Times are texts of 14 digits in UTC, which compare as they stand; subject and key are DER.
Certificate = namedtuple("Certificate", "sha256 not_before not_after subject key key_id der")


class DerError(ValueError):
    """The bytes are no certificate."""


def header(data, at, end):
    """Return (tag, where the content begins, where it ends) of the element at `at`."""
    if at + 2 > end:
        raise DerError("is cut off")
    tag, length = data[at], data[at + 1]
    at += 2
    if length >= 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or at + count > end:
            raise DerError("has a length that no certificate has")
        length = int.from_bytes(data[at : at + count], "big")
        at += count
    if length > end - at:
        raise DerError("is cut off")
    return tag, at, at + length


def _expect(data, at, end, *tags):
    tag, start, stop = header(data, at, end)
    if tag not in tags:
        raise DerError("has another form than a certificate")
    return tag, start, stop


def size(data):
    """Return how many bytes the first element of `data` takes; raise DerError where it is none."""
    return header(data, 0, len(data))[2]


def certificate(der):
    """Return the fields of a certificate; raise DerError for what is none."""
    if len(der) > MOST:
        raise DerError("is longer than a certificate")
    der = bytes(der)
    _, at, whole = _expect(der, 0, len(der), _SEQUENCE)
    if whole != len(der):
        raise DerError("has bytes behind its end")
    _, at, end = _expect(der, at, whole, _SEQUENCE)
    if header(der, at, end)[0] == _VERSION:
        at = header(der, at, end)[2]
    at = header(der, at, end)[2]  # the serial number
    for _ in range(2):  # the signature's algorithm, the issuer
        at = _expect(der, at, end, _SEQUENCE)[2]
    _, start, stop = _expect(der, at, end, _SEQUENCE)
    first, start = _time(der, start, stop)
    last, start = _time(der, start, stop)
    subject_end = _expect(der, stop, end, _SEQUENCE)[2]
    key_end = _expect(der, subject_end, end, _SEQUENCE)[2]
    return Certificate(
        hashlib.sha256(der).hexdigest(),
        first,
        last,
        der[stop:subject_end],
        der[subject_end:key_end],
        _key_id(der, key_end, end),
        der,
    )


def _time(der, at, end):
    tag, start, stop = _expect(der, at, end, _UTC_TIME, _TIME)
    text = der[start:stop].decode("ascii", "replace")
    if tag == _TIME and _DIGITS.fullmatch(text):
        return text[:-1], stop
    if tag == _UTC_TIME and _SHORT_DIGITS.fullmatch(text):
        return ("19" if text >= "5" else "20") + text[:-1], stop
    raise DerError("has a time that no certificate has")


def _key_id(der, at, end):
    """Return the subject's key identifier, empty where there is none, or none that can be read."""
    try:
        while at < end:
            tag, start, stop = header(der, at, end)
            if tag == _EXTENSIONS:
                _, at, end = _expect(der, start, stop, _SEQUENCE)
                break
            at = stop
        while at < end:
            _, start, at = _expect(der, at, end, _SEQUENCE)
            _, name, rest = _expect(der, start, at, _OID)
            if der[name:rest] != _KEY_ID:
                continue
            if header(der, rest, at)[0] == _BOOLEAN:
                rest = header(der, rest, at)[2]
            _, inner, stop = _expect(der, rest, at, _OCTETS)
            _, inner, stop = _expect(der, inner, stop, _OCTETS)
            return der[inner:stop]
    except DerError:
        pass
    return b""


def attributes(name):
    """Return the (type, text) pairs of a name's DER, in its order; what cannot be read is left out."""
    found = []
    try:
        _, at, end = _expect(name, 0, len(name), _SEQUENCE)
        while at < end and len(found) < 50:
            _, start, at = _expect(name, at, end, _SET)
            while start < at:
                _, inner, start = _expect(name, start, at, _SEQUENCE)
                _, oid, rest = _expect(name, inner, start, _OID)
                tag, value, stop = header(name, rest, start)
                kind = _NAMES.get(bytes(name[oid:rest]))
                if kind:
                    found.append((kind, name[value:stop].decode(_TEXTS.get(tag, "utf-8"), "replace")))
    except DerError:
        pass
    return found


def subject(name):
    """Return a name as people read it, the most general part last, at most 300 characters long."""
    said = ", ".join("{}={}".format(kind, text) for kind, text in reversed(attributes(name)))
    return said[:300] or "(no name)"


def organisations(name):
    """Return the texts of a name's O attributes, in small letters and without blanks around them."""
    return {text.strip().lower() for kind, text in attributes(name) if kind == "O" and text.strip()}
