"""Private keys as text: PEM's labels and the formats that have words of their own.

A word alone is no key, or no documentation could name one: its value must stand there, too.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# RFC 7468 and its look-alikes: OpenSSL, OpenSSH, SSH2, PGP, TSS2, cosign and whatever else says so.
_BEGIN = re.compile(
    rb"--[^\n-]{0,40}BEGIN[^\n-]{0,60}(?:PRIVATE|SECRET)[ \t]+KEY\b[^\n-]{0,20}-{1,5}", re.IGNORECASE
)
_HEADER = re.compile(rb"^[ \t#>*;]*[A-Za-z][A-Za-z0-9-]{0,40}: [^\n]*(?:\\\n[^\n]*)?$", re.MULTILINE)
_ENCRYPTED = re.compile(rb"Proc-Type: 4,ENCRYPTED|DEK-Info: [A-Z0-9-]+,")
_CHECKSUM = re.compile(rb"=[A-Za-z0-9+/]{4}\s*\Z")
_WORD = re.compile(rb"[A-Za-z0-9+/_-]+")
_FURNITURE = b" \t\r\n\v\f\"'`#>*;|,\\$:()[]{}<.&="
_MAX_LABELS = 1000
_TOO_MANY = "more beginnings of private keys than can be looked at"
_MAX_BODY = 65536
_MIN_BODY = 24  # octets; less holds no key
_MIN_WORD = 40  # letters of a line of base64, which program text hardly has without a break
_MIN_LETTERS = 12  # different ones, which no placeholder has
# Formats by a word in capitals that must be there, because looking for one is fast, and by what follows it:
# a pattern that is compiled when its word was found.
_FORMS = (
    (
        b"PUTTY-USER-KEY-FILE-",
        rb"(?i)Private-Lines: [1-9]\d{0,3}\s+[A-Za-z0-9+/]{24}",
        "a PuTTY private key",
    ),
    (
        b"PRIVATEKEY",
        rb"(?i)(?<![A-Z])PrivateKey[ \t]*=[ \t]*[A-Z0-9+/]{43}=",
        "a WireGuard private key",
    ),
    (
        b"KEYVALUE>",
        rb"(?i)<(?:\w{1,20}:)?([DX])>[A-Z0-9+/\s]{2,4000}={0,2}\s{0,99}</(?:\w{1,20}:)?\1>",
        "a private key in XML",
    ),
    (
        b"PRIVATE-KEY-FORMAT:",
        rb"(?im)^Private(?:Exponent|Key): {0,9}[A-Z0-9+/]{20}",
        "a DNSSEC private key",
    ),
    (
        b"PRIV",
        rb"(?im)^[ \t]{0,9}(?:privateExponent|priv):\s{1,99}(?:[0-9a-f]{2}:\s{0,99}){8}",
        "the numbers of a private key",
    ),
    (
        b"PRIVATE-KEY",
        (
            rb"(?i)\((?:protected-)?private-key\s{0,99}\([a-z]{3,7}\s{0,99}"
            rb"(?:\((?:curve|flags) [^()]{1,40}\)\s{0,99}){0,2}\([a-z]\s{0,99}#[0-9A-F\s]{16}"
        ),
        "a private key of GnuPG's agent",
    ),
    (
        b" SECRET KEY",
        rb"(?im)^untrusted comment: [^\n]{0,200} secret key[^\n]{0,200}\s+RW[A-Z0-9+/]{80}",
        "a minisign or signify private key",
    ),
    (
        b"OPENVPN STATIC KEY",
        rb"(?i)-----BEGIN OpenVPN Static key V1-----\s+(?:[0-9a-f]{32}\s+){8}",
        "an OpenVPN static key",
    ),
)
# A JSON Web Key (RFC 7517) is private when it has the member d, k if it is symmetric, or priv (ML-DSA).
_JWK_KIND = re.compile(rb"""["']?\bkty["']?\s*[:=]\s*["'](?:RSA|EC|OKP|oct|AKP)["']""")
_JWK_SECRET = re.compile(rb"""[{,\s"'](?:d|k|priv)["']?\s*[:=]\s*["'][A-Za-z0-9_-]{2,}["']""")
_JWK_SPAN = 8192
_AGE = re.compile(rb"AGE-SECRET-KEY-(?:PQ-)?1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58,}")
_OPENSSH = re.compile(rb"b3BlbnNzaC1rZXktdjEA[A-Za-z0-9+/]{20}")


def find(data: bytes) -> tuple[str, int]:
    """Return what kind of private key the text `data` holds, or an empty string, and where it begins."""
    # Offsets stay, and ^ and $ find the lines of texts that end them in CR, too.
    data = data.replace(b"\r", b"\n")
    upper = data.upper()
    for word, look in _LOOKS:
        kind, at = look(data) if word in upper else ("", 0)
        if kind:
            return kind, at
    for word, pattern, kind in _FORMS:
        match = re.search(pattern, data) if word in upper else None
        if match:
            return kind, match.start()
    return "", 0


def _labelled(data: bytes) -> tuple[str, int]:
    for count, match in enumerate(_BEGIN.finditer(data)):
        if count > _MAX_LABELS:
            return _TOO_MANY, match.start()
        if _is_body(data[match.end() : match.end() + _MAX_BODY]):
            return "a private key", match.start()
    return "", 0


def _is_body(behind: bytes) -> bool:
    """Tell whether a key's label is followed by a key: encrypted, so its header says, or base64."""
    body = behind.partition(b"--")[0]
    if _ENCRYPTED.search(body):
        words = _WORD.findall(_HEADER.sub(b"", body))
        return any(len(word) >= _MIN_WORD and len(set(word)) >= _MIN_LETTERS for word in words)
    body = _CHECKSUM.sub(b"", _HEADER.sub(b"", body).rstrip(_FURNITURE.replace(b"=", b"")))
    return _is_base64(body)


def _is_base64(body: bytes) -> bool:
    words = [
        word for word in body.translate(bytes.maketrans(_FURNITURE, b" " * len(_FURNITURE))).split() if word
    ]
    if not words or not all(map(_WORD.fullmatch, words[:1000])):
        return False
    # Lines of a block are of one length, but for the last; words of a sentence are not.
    if len({len(word) for word in words[:-1]} | {max(len(words[0]), len(words[-1]))}) > 1:
        return False
    return len(_decoded(body)) >= _MIN_BODY and len(set(b"".join(words))) >= _MIN_LETTERS


def _decoded(body: bytes) -> bytes:
    packed = b"".join(_WORD.findall(body)).translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return binascii.a2b_base64(packed[: len(packed) // 4 * 4])
    except binascii.Error:
        return b""


def _json_web_key(data: bytes) -> tuple[str, int]:
    for count, match in enumerate(_JWK_KIND.finditer(data)):
        if count > _MAX_LABELS:
            return _TOO_MANY, match.start()
        start = data.rfind(b"{", max(0, match.start() - _JWK_SPAN), match.start())
        end = data.find(b"}", match.end(), match.end() + _JWK_SPAN)
        if start >= 0 and _JWK_SECRET.search(data, start, end if end >= 0 else match.end() + _JWK_SPAN):
            return "a private JSON Web Key", start
    return "", 0


def _age(data: bytes) -> tuple[str, int]:
    for match in _AGE.finditer(data.upper()):
        if _is_bech32(match[0].lower()):
            return "an age private key", match.start()
    return "", 0


def _is_bech32(text: bytes) -> bool:
    """Tell whether a text has the checksum of BIP 173, as age's keys do."""
    name, _, rest = text.rpartition(b"1")
    digits = [b"qpzry9x8gf2tvdw0s3jn54khce6mua7l".find(letter) for letter in rest]
    check = 1
    for value in (*(c >> 5 for c in name), 0, *(c & 31 for c in name), *digits):
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    return check == 1


def _openssh(data: bytes) -> tuple[str, int]:
    match = _OPENSSH.search(data)
    return ("an OpenSSH private key", match.start()) if match else ("", 0)


_LOOKS: tuple[tuple[bytes, Callable[[bytes], tuple[str, int]]], ...] = (
    (b"KEY", _labelled),
    (b"KTY", _json_web_key),
    (b"AGE-SECRET-KEY-", _age),
    (b"B3BLBNNZAC1RZXKTDJEA", _openssh),
)
