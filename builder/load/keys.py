"""Private keys, recognised in every form they come in, so that none gets further than the first look.

Nothing here returns, keeps or shows what it read: the answer is the name of the form, or nothing.
"""

from __future__ import annotations

import re
from itertools import islice

from builder import der

# Labels of PEM and look-alikes: PKCS #1, PKCS #8, SEC 1, DSA, OpenSSH, SSH2 and PGP; PuTTY; age.
# A JSON Web Key (RFC 7517) is private when it has the member d, or k if it is symmetric. Each pattern comes
# with a word that must be there, because looking for a word is twenty times as fast.
_FORMS = (
    (b"PRIVATE", re.compile(rb"--[^\n-]{0,60}\bPRIVATE[ \t]+KEY\b[^\n-]{0,20}--"), "a private key"),
    (b"SECRET", re.compile(rb"--[^\n-]{0,60}\bSECRET[ \t]+KEY\b[^\n-]{0,20}--"), "a private key"),
    (b"PUTTY-", re.compile(rb"PUTTY-USER-KEY-FILE-"), "a PuTTY private key"),
    (b"AGE-", re.compile(rb"AGE-SECRET-KEY-1"), "an age private key"),
    (b'"KTY"', re.compile(rb'"[DK]"\s{0,9}:\s{0,9}"'), "a private JSON Web Key"),
    (b"KEYVALUE>", re.compile(rb"<[DX]>[A-Z0-9+/]"), "a private key in XML"),
)
_VERSIONS = frozenset({0, 1})
_RSA_NUMBERS = 9
_DSA_NUMBERS = 6


def in_text(data: bytes) -> tuple[str, int]:
    """Return what kind of private key the text in `data` announces, or an empty string, and its line."""
    # UTF-16 puts a NUL beside each letter.
    plain = data.replace(b"\0", b"") if b"\0" in data else data
    upper = plain.upper()
    for word, pattern, kind in _FORMS:
        match = pattern.search(upper) if word in upper else None
        if match:
            return kind, plain.count(b"\n", 0, match.start()) + 1
    return "", 0


def in_der(data: bytes) -> str:
    """Return what kind of private key the DER structure at the start of `data` is, or an empty string."""
    try:
        start, end = der.expect(data, 0, len(data), der.SEQUENCE)
        # The longest of them, an RSA key, has nine parts and perhaps a tenth.
        parts = [(tag, inner, stop) for tag, _, inner, stop in islice(der.children(data, start, end), 10)]
        return _kind(data, parts)
    except der.DerError:
        return _kind_of_fragment(data)


def _kind(data: bytes, parts: list[tuple[int, int, int]]) -> str:
    tags = [tag for tag, _, _ in parts]
    if tags[:2] == [der.SEQUENCE, der.OCTET_STRING] and _is_algorithm(data, parts[0]):
        return "an encrypted PKCS #8 private key"
    if tags[:1] != [der.INTEGER] or int.from_bytes(data[parts[0][1] : parts[0][2]]) not in _VERSIONS:
        return ""
    if tags[1:3] == [der.SEQUENCE, der.OCTET_STRING] and _is_algorithm(data, parts[1]):
        return "a PKCS #8 private key"
    if tags[1:2] == [der.OCTET_STRING]:
        return "an EC private key"
    numbers = tags.count(der.INTEGER)
    if numbers >= _RSA_NUMBERS:
        return "an RSA private key"
    return "a DSA private key" if numbers == len(tags) == _DSA_NUMBERS else ""


def _is_algorithm(data: bytes, part: tuple[int, int, int]) -> bool:
    _, inner, stop = part
    return inner < stop and data[inner] == der.OID


# The first bytes of a key whose rest is cut off: version, then a number, an algorithm or octets.
_FRAGMENT = re.compile(
    rb"\x30(?:[\x00-\x7f]|\x80|\x81.|\x82..|\x83...|\x84....)"
    rb"\x02\x01[\x00\x01](?:\x02(?:\x81.|\x82..|[\x20-\x7f])|\x30[\x00-\x40]\x06|\x04[\x14-\x50])",
    re.DOTALL,
)


def _kind_of_fragment(data: bytes) -> str:
    return "a part of a private key" if _FRAGMENT.match(data) else ""
