"""A Certificate from its DER bytes, or the finding that says what the bytes are instead."""

from __future__ import annotations

import hashlib
from itertools import islice

from builder.model import Certificate, Finding, Origin
from builder.rules import found
from builder.x509 import der, x500
from builder.x509.structure import key, parse

# Shapes of structures that people take for certificates (see _shape), and what they are.
_OTHERS = {
    b"\x02\x30\x30\xa0|\x30\x30\x03": "a certificate request",
    b"\x02\x30\x30\x17|\x30\x30\x03": "a revocation list",
    b"\x02\x30\x30\x18|\x30\x30\x03": "a revocation list",
    b"\x30\x30\x17": "a revocation list",
    b"\x06|\x30\x03": "a public key",
    b"\x06\x05|\x30\x03": "a public key",
    b"\x06\x06|\x30\x03": "a public key",
    b"|\x02\x02": "a public key",
}


def read(data: bytes, origin: Origin) -> Certificate | Finding:
    """Return the certificate that `data` is, or the finding that says what it is instead."""
    try:
        der.whole(data)
        return _describe(data, origin)
    except der.TrailingError as error:
        return found("trailing-data", origin, str(error))
    except der.NotDistinguishedError as error:
        return found("not-der", origin, f"the certificate is not DER: {error}")
    except der.DerError as error:
        return _other(data, origin, str(error))


def _other(data: bytes, origin: Origin, message: str) -> Finding:
    """Return the finding for data that is not a certificate, or not a whole one."""
    if data[:1] != bytes([der.SEQUENCE]):
        return found("not-a-certificate", origin, "the data is not a certificate")
    try:
        start, end = der.whole(data)
    except der.DerError:
        return found("truncated", origin, "the certificate is cut off")
    shape = _shape(data, start, end)
    for begin, kind in _OTHERS.items():
        if shape.startswith(begin):
            return found("not-a-certificate", origin, f"is {kind}, not a certificate")
    return found("malformed-certificate", origin, f"the certificate is malformed: {message}")


def _shape(data: bytes, start: int, end: int) -> bytes:
    """Return the tags of a structure's parts, the first part's own first five tags before them."""
    try:
        parts = list(islice(der.children(data, start, end), 4))
        inner = der.children(data, *parts[0][2:]) if parts and parts[0][0] == der.SEQUENCE else iter(())
        return bytes(tag for tag, *_ in islice(inner, 4)) + b"|" + bytes(tag for tag, *_ in parts)
    except der.DerError:
        return b""


def _describe(data: bytes, origin: Origin) -> Certificate:
    fields = parse(data)
    return Certificate(
        der=data,
        origin=origin,
        sha256=hashlib.sha256(data).hexdigest(),
        spki_sha256=hashlib.sha256(fields.spki).hexdigest(),
        subject=x500.text(fields.subject),
        issuer=x500.text(fields.issuer),
        label=x500.label(fields.subject),
        serial=fields.serial,
        not_before=fields.not_before,
        not_after=fields.not_after,
        key=str(key(fields.spki)),
        self_issued=fields.subject == fields.issuer,
    )
