"""PKCS #12 trust stores (RFC 7292), as OpenSSL, Java and Windows write them.

A library would decrypt the private keys, too, and repeat a hash as often as the file asks for. Here a
key is recognised by the bag it is in and never decrypted, and a file that asks for too much is refused.
"""

from __future__ import annotations

import hmac
from itertools import islice
from typing import TYPE_CHECKING

from builder.load import damage, pbe
from builder.load.source import MAX_CERTIFICATES
from builder.rules import found
from builder.x509 import ber, der, keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.model import Finding, Origin

_VERSION = b"\x02\x01\x03"
_DATA, _ENCRYPTED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
_BAGS = "1.2.840.113549.1.12.10.1."
_KEY, _SHROUDED_KEY, _CERTIFICATE, _CRL, _SECRET, _NESTED = (f"{_BAGS}{number}" for number in range(1, 7))
_X509_CERTIFICATE = "1.2.840.113549.1.9.22.1"
_EXPLICIT_0, _IMPLICIT_0, _IMPLICIT_0_IN_PIECES = 0xA0, 0x80, 0xA0
_MAX_DEPTH = 4
_MAX_PARTS = 64
_MAX_SEALED = 4  # one is usual, and each costs the time of its rounds of hashing


def is_store(data: bytes) -> bool:
    """Tell whether the structure `data`, in BER, is a PKCS #12 store: version 3, then its content."""
    try:
        tag, start, end = ber.header(data, 0, len(data))
        second = ber.header(data, start + len(_VERSION), end or len(data))[0]
        return tag == second == der.SEQUENCE and data.startswith(_VERSION, start)
    except der.DerError:
        return False


def read(data: bytes, origin: Origin, passwords: Sequence[str | None]) -> Iterator[bytes | Finding]:
    """Yield the DER of each certificate, if one of `passwords` opens the store and proves it whole."""
    try:
        certificates = _open(data, passwords)
    except keys.KeyFoundError:
        yield found("private-key", origin, "the PKCS #12 store holds a private or secret key")
    except der.DerError as error:
        yield damage.finding(error, data, origin, "PKCS #12 store")
    else:
        if certificates is None:
            message = "the PKCS #12 store opens with none of the passwords given, or was changed"
            yield found("password-needed", origin, message)
        elif certificates:
            yield from certificates
        else:
            yield found("no-certificates", origin, "the PKCS #12 store holds no certificate")


def _open(data: bytes, passwords: Sequence[str | None]) -> list[bytes] | None:
    """Return the certificates, or None where no password opens the store."""
    data = ber.definite(data)
    start, end = der.whole(data)
    safe_start, safe_end = der.expect(data, start + len(_VERSION), end, der.SEQUENCE)
    content = _data(data, safe_start, safe_end)
    parts = list(islice(_sequences(ber.definite(content)), _MAX_PARTS + 1))
    if len(parts) > _MAX_PARTS:
        raise der.DerError(f"it has over {_MAX_PARTS} parts")
    plain = [_data(part, 0, len(part)) for part in parts if _kind(part) == _DATA]
    # Private keys mostly lie outside the encrypted parts: found without a password.
    certificates = [item for part in plain for item in _bags(ber.definite(part), 0)]
    sealed = [part for part in parts if _kind(part) != _DATA]
    if len(sealed) > _MAX_SEALED:
        raise der.DerError(f"it has {len(sealed)} encrypted parts")
    has_mac = safe_end != end
    if not has_mac and not sealed:
        return certificates
    for password in passwords:
        if has_mac and not _is_intact(data[safe_end:end], content, password):
            continue
        opened = _unsealed(sealed, password)
        if opened is not None:
            return certificates + [item for part in opened for item in _bags(ber.definite(part), 0)]
    return None


def _unsealed(parts: Sequence[bytes], password: str | None) -> list[bytes] | None:
    """Return what the encrypted parts hold, or None as soon as one does not open."""
    opened = []
    for part in parts:
        plain = pbe.decrypt(*_encrypted(part), password)
        if plain is None:
            return None
        if keys.find(plain)[0]:
            raise keys.KeyFoundError
        opened.append(plain)
    return opened


def _kind(part: bytes) -> str:
    start, end = der.expect(part, 0, len(part), der.OID)
    return der.oid(part[start:end])


def _data(data: bytes, start: int, end: int) -> bytes:
    """Return the octets of a ContentInfo of type data, whose content is data[start:end]."""
    first, last = der.expect(data, start, end, der.OID)
    if der.oid(data[first:last]) != _DATA:
        raise der.DerError("it is protected by a public key, not by a password")
    inner, stop = der.expect(data, last, end, _EXPLICIT_0)
    begin, finish = der.expect(data, inner, stop, der.OCTET_STRING)
    return data[begin:finish]


def _sequences(content: bytes) -> Iterator[bytes]:
    """Yield the content of each SEQUENCE in the SEQUENCE that `content` is."""
    start, end = der.whole(content)
    for tag, _, inner, stop in der.children(content, start, end):
        if tag != der.SEQUENCE:
            raise der.DerError("a list holds something else than structures")
        yield content[inner:stop]


def _encrypted(part: bytes) -> tuple[bytes, bytes]:
    """Return algorithm identifier and octets of a ContentInfo of type encryptedData (RFC 5652 section 8)."""
    if _kind(part) != _ENCRYPTED_DATA:
        raise der.DerError("a part of it is protected by a public key, not by a password")
    _, after = der.expect(part, 0, len(part), der.OID)
    inner, stop = der.expect(part, after, len(part), _EXPLICIT_0)
    start, end = der.expect(part, inner, stop, der.SEQUENCE)
    _, version_end = der.expect(part, start, end, der.INTEGER)
    start, end = der.expect(part, version_end, end, der.SEQUENCE)
    _, type_end = der.expect(part, start, end, der.OID)
    _, _, _, algorithm_end = der.algorithm(part, type_end, end)
    tag, first, last = der.header(part, algorithm_end, end)
    if tag == _IMPLICIT_0_IN_PIECES:  # one piece: several have become one
        first, last = der.expect(part, first, last, der.OCTET_STRING)
    elif tag != _IMPLICIT_0:
        raise der.DerError("an encrypted part has no content")
    return part[type_end:algorithm_end], part[first:last]


def _bags(content: bytes, depth: int) -> Iterator[bytes]:
    """Yield the certificates of SafeContents; raises KeyFoundError at the first key."""
    for count, bag in enumerate(_sequences(content)):
        if count > 2 * MAX_CERTIFICATES:
            raise der.DerError(f"it has over {2 * MAX_CERTIFICATES} bags")
        kind = _kind(bag)
        _, after = der.expect(bag, 0, len(bag), der.OID)
        inner, stop = der.expect(bag, after, len(bag), _EXPLICIT_0)
        if kind in {_KEY, _SHROUDED_KEY, _SECRET}:
            raise keys.KeyFoundError
        if kind == _CERTIFICATE:
            yield _certificate(bag[inner:stop])
        elif kind == _NESTED and depth < _MAX_DEPTH:
            yield from _bags(bag[inner:stop], depth + 1)
        elif kind != _CRL:
            raise der.DerError(f"it has a bag of the unknown kind {kind}")


def _certificate(bag: bytes) -> bytes:
    start, end = der.whole(bag)
    first, last = der.expect(bag, start, end, der.OID)
    if der.oid(bag[first:last]) != _X509_CERTIFICATE:
        raise der.DerError("it has a certificate that is not X.509")
    inner, stop = der.expect(bag, last, end, _EXPLICIT_0)
    begin, finish = der.expect(bag, inner, stop, der.OCTET_STRING)
    if finish != len(bag):
        raise der.DerError("it has a certificate with something behind it")
    return bag[begin:finish]


def _is_intact(mac: bytes, content: bytes, password: str | None) -> bool:
    """Tell whether MacData (RFC 7292 section 4) fits content and password."""
    start, end = der.whole(mac)
    info, info_end = der.expect(mac, start, end, der.SEQUENCE)
    _, _, _, algorithm_end = der.algorithm(mac, info, info_end)
    first, last = der.expect(mac, algorithm_end, info_end, der.OCTET_STRING)
    salt, salt_end = der.expect(mac, info_end, end, der.OCTET_STRING)
    count = 1
    if salt_end != end:
        number, number_end = der.expect(mac, salt_end, end, der.INTEGER)
        count = der.integer(mac, number, number_end)
    expected = pbe.mac(mac[info:algorithm_end], content, password, salt=mac[salt:salt_end], count=count)
    return hmac.compare_digest(expected, mac[first:last])
