"""Private keys, recognised in every form they come in, so that none gets further than the first look.

Nothing here returns, keeps or shows what it read: the answer is the name of the form, or nothing.
"""

from __future__ import annotations

import base64
import re
from itertools import islice

from builder.x509 import der

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
# How base64 of a key begins, by the octets of its length: version 0 or 1, then a number, octets or an
# algorithm; or, in an encrypted one, password-based encryption. Certificates begin otherwise, so that
# nothing must be decoded to tell.
_BASE64 = re.compile(
    rb"(?:M[C-H][AEIMQUYcgkosw048]CAQ[AE]|MI[E-H][A-Za-z0-9+/]AgE[AB]|MI[I-L][A-Za-z0-9+/]{2}[AQgw]IBA[ADQT]"
    rb"|M[C-I][A-Za-z0-9+/]{2,8}(?:BgkqhkiG9w0BB[QR]|YJKoZIhvcNAQU|GCSqGSIb3DQEF"
    rb"|BgoqhkiG9w0BDA|YKKoZIhvcNAQwB|GCiqGSIb3DQEMA))[A-Za-z0-9+/\s]{30}"
)
_BASE64_OF_OPENSSH = b"b3BlbnNzaC1rZXkt"  # openssh-key-
_BASE64_OF_PEM = re.compile(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/\s]++")  # -----BEGIN
_HEX = re.compile(
    rb"(?<![0-9A-F])(?<![0-9A-F][: ])30[: ]?(?:[2-7][0-9A-F]|81[: ]?..|82[: ]?..[: ]?..)"
    rb"[: ]?02[: ]?01[: ]?0[01][: ]?"
    rb"(?:02[: ]?(?:8[12]|[2-7][0-9A-F])|30[: ]?[0-9A-F]{2}[: ]?06|04[: ]?[1-4][0-9A-F])[0-9A-F: ]{40}"
)
_MARKS = b" \t\r\n\v\f\xef\xbb\xbf"  # white space and byte order marks
_MAX_ELEMENTS = 2000
_MAX_INNER = 3
_VERSIONS = frozenset({0, 1})
_RSA_NUMBERS = 9
_DSA_NUMBERS = 6


class KeyFoundError(Exception):
    """What is being read holds a private key: nothing more is said, so that nothing of it is shown."""


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


def in_base64(data: bytes) -> tuple[str, int]:
    """Return what kind of private key stands in `data` without its markers, or an empty string, and its line.

    Looked for is base64 of DER, of PEM and of OpenSSH's container; DER in hexadecimal; and DER behind
    white space or a byte order mark.
    """
    plain = data.replace(b"\0", b"") if b"\0" in data else data
    kind = in_elements(data.lstrip(_MARKS))
    if kind:
        return kind, 1
    match = _BASE64.search(plain) or _HEX.search(plain.upper())
    at = match.start() if match else plain.find(_BASE64_OF_OPENSSH)
    if at < 0:
        at = next((m.start() for m in _BASE64_OF_PEM.finditer(plain) if in_text(_decoded(m[0]))[0]), -1)
    return ("a private key without its markers", plain.count(b"\n", 0, at) + 1) if at >= 0 else ("", 0)


def _decoded(text: bytes) -> bytes:
    packed = text.translate(None, _MARKS)
    return base64.b64decode(packed[: len(packed) // 4 * 4])


def in_elements(data: bytes) -> str:
    """Return what kind of private key one of the DER elements in `data` is, or an empty string."""
    return _in_elements(data, most=_MAX_ELEMENTS, depth=0)


def in_depth(data: bytes) -> str:
    """Return what kind of private key lies in the wrappings that `data` is, or an empty string.

    They are those of PKCS #7 and PKCS #12: an element in an explicit tag and in octets.
    """
    return _in_elements(data, most=_MAX_INNER, depth=3)


def _in_elements(data: bytes, *, most: int, depth: int) -> str:
    stop = 0
    try:
        for _, start, inner, stop in islice(der.children(data, 0, len(data)), most):
            kind = in_der(data[start:stop])
            if not kind and depth:
                kind = _in_elements(data[inner:stop], most=most, depth=depth - 1)
            if kind:
                return kind
    except der.DerError:
        return _kind_of_fragment(data[stop:])
    return ""


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
