"""OpenSSL's hash of a certificate's subject, by which it finds a CA in a folder (`openssl x509 -hash`).

The canonical form follows x509_name_canon() and asn1_string_canon() of OpenSSL's crypto/x509/x_name.c.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from builder.x509 import der as asn1

if TYPE_CHECKING:
    from collections.abc import Iterator

_UTF8 = 0x0C
# ASN1_MASK_CANON without VisibleString, which OpenSSL refuses in names. It reads T61 as Latin-1.
_CODECS = {
    _UTF8: "utf-8",
    0x13: "latin-1",  # PrintableString
    0x14: "latin-1",  # T61String
    0x16: "latin-1",  # IA5String
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
_VERSION_TAG = 0xA0
_SUBJECT_AFTER_VERSION = 4  # serialNumber, signature, issuer, validity


def subject_hash(der: bytes) -> str:
    """Return the eight hex digits that name the certificate `der` in a hashed folder.

    Raises ValueError (DerError) where the bytes are no certificate that OpenSSL reads.
    """
    digest = hashlib.sha1(_canonical(der, *_subject(der)), usedforsecurity=False).digest()
    return digest[:4][::-1].hex()


def _subject(der: bytes) -> tuple[int, int]:
    """Return start and end of the content of the certificate's subject."""
    start, end = asn1.whole(der)
    start, end = asn1.expect(der, start, end, asn1.SEQUENCE)
    fields = [field for field in asn1.children(der, start, end) if field[0] != _VERSION_TAG]
    if len(fields) <= _SUBJECT_AFTER_VERSION or fields[_SUBJECT_AFTER_VERSION][0] != asn1.SEQUENCE:
        raise asn1.DerError("a certificate has no subject")
    return fields[_SUBJECT_AFTER_VERSION][2:]


def _canonical(der: bytes, start: int, end: int) -> bytes:
    """Return the name's RDNs, each sorted again after folding, without the SEQUENCE around them."""
    return b"".join(
        _element(asn1.SET, b"".join(sorted(_attributes(der, inner, stop))))
        for _, _, inner, stop in asn1.children(der, start, end)
    )


def _attributes(der: bytes, start: int, end: int) -> Iterator[bytes]:
    """Yield each AttributeTypeAndValue of an RDN with its value folded."""
    for _, _, inner, stop in asn1.children(der, start, end):
        (_, at, _, value), (tag, whole, content, last) = asn1.children(der, inner, stop)
        codec = _CODECS.get(tag)
        folded = der[whole:last] if codec is None else _folded(der[content:last].decode(codec))
        yield _element(asn1.SEQUENCE, der[at:value] + folded)


def _folded(text: str) -> bytes:
    """Return `text` as a UTF8String: ASCII letters small, runs of ASCII blanks as one, none at the ends.

    Bytes, because str.split() and str.lower() would also fold what is not ASCII.
    """
    return _element(_UTF8, b" ".join(text.encode("utf-8").split()).lower())


def _element(tag: int, content: bytes) -> bytes:
    """Encode one DER element."""
    size = len(content)
    if size < 0x80:  # noqa: PLR2004  the short form of a length
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets + content
