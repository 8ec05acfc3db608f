"""What is in the bytes of an input, told by the bytes themselves and never by the file's name."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

import msgspec

from builder.load import foreign, jks, pkcs7, pkcs12
from builder.model import Certificate, Finding, Origin
from builder.rules import found
from builder.x509 import certificate as certificates
from builder.x509 import der, keys, pem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.load.foreign import Foreign
    from builder.load.source import Input

_PLAIN = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
_TRUSTED = "TRUSTED CERTIFICATE"
# What Java's own store has, an empty password, and none at all, which PKCS #12 tells apart.
_DEFAULT_PASSWORDS = ("changeit", "", None)
_REJECTED = 0xA0
_TLS_SERVER = frozenset({"1.3.6.1.5.5.7.3.1", "2.5.29.37.0"})
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# Possessive: giving back what was matched cannot help, and would take the square of the time.
_BASE64 = re.compile(rb"MI[A-Za-z0-9+/\s]++={0,2}+\s*+")


def read(source: Input, passwords: Sequence[str] = ()) -> Iterator[Certificate | Finding]:
    """Yield every certificate of `source`, and what is wrong with the rest.

    A trust store is opened by one of `passwords`; without any, by those that stand for none.
    """
    data, origin = source.data, Origin(source.path)
    kind, line = keys.find(data)
    sealed = foreign.structure(data) if kind else None
    if sealed and sealed.holds:
        # Its encryption is a key's, and hides whether it has one: it is refused for what it is.
        yield _named(origin, sealed)
    elif kind:
        yield found("private-key", Origin(source.path, line), f"holds {kind}")
    elif not data.strip():
        yield found("empty", origin, "is empty")
    elif _is_der(data) or data.startswith(jks.MAGICS):
        yield from _binary(data, origin, passwords or _DEFAULT_PASSWORDS)
    else:
        yield from _text(source, passwords or _DEFAULT_PASSWORDS)


def is_store(data: bytes) -> bool:
    """Tell whether `data` is a PKCS #12 store, in DER or in base64: what asks for hashing."""
    try:
        return pkcs12.is_store(binascii.a2b_base64(data) if _BASE64.fullmatch(data) else data)
    except binascii.Error:
        return False


def _is_der(data: bytes) -> bool:
    """Tell DER from text, which may begin with the digit 0, too: 0x30."""
    return data[:1] == b"0" and (
        data[1:2] >= b"\x80" or data[1:2] == bytes([max(0, min(len(data) - 2, 127))])
    )


def _text(source: Input, passwords: Sequence[str | None]) -> Iterator[Certificate | Finding]:
    data, path = source.data, source.path
    # UTF-16 puts a NUL beside each letter.
    plain = data.strip(b"\xff\xfe").replace(b"\0", b"") if _is_utf16(data) else data
    has_markers = pem.looks_like(plain)
    neighbour = foreign.is_neighbour(plain) if source.listed and has_markers else ""
    if neighbour:
        yield found("passed-over", Origin(path), f"is {neighbour}, and was passed over")
    elif plain is not data and (has_markers or _BASE64.fullmatch(plain)):
        yield found("utf-16", Origin(path), "is UTF-16 text that holds a certificate")
    elif has_markers:
        yield from _pem(data, path)
    elif _BASE64.fullmatch(data):
        yield from _bare_base64(data, path, passwords)
    else:
        yield _not_read(source, foreign.recognise(plain if data.startswith(_UTF_16) else data))


def _is_utf16(data: bytes) -> bool:
    third = len(data) // 3
    return data.startswith(_UTF_16) or data[1::2].count(0) > third or data[::2].count(0) > third


def _not_read(source: Input, known: Foreign | None) -> Finding:
    """Return the finding for what is no certificate: passed over in a folder, unless it may hide one."""
    origin = Origin(source.path)
    if source.listed and not (known and known.holds):
        what = (
            f"is {known.what}, and was passed over" if known else "holds no certificate and was passed over"
        )
        return found("passed-over", origin, what)
    if known is None:
        return found("unknown-format", origin, "is no certificate, bundle or trust store in a known format")
    return _named(origin, known)


def _named(origin: Origin, known: Foreign) -> Finding:
    return msgspec.structs.replace(found("unknown-format", origin, f"is {known.what}"), hint=known.todo)


def _pem(data: bytes, path: str) -> Iterator[Certificate | Finding]:
    if b"\0" in data:
        yield found("nul", Origin(path, data.count(b"\n", 0, data.index(b"\0")) + 1), "has a NUL byte")
    blocks, findings = pem.scan(data, path)
    yield from findings
    for block in blocks:
        yield from _block(block)
    if not blocks and not findings:
        yield found("no-certificates", Origin(path), "holds no certificate")


def _bare_base64(data: bytes, path: str, passwords: Sequence[str | None]) -> Iterator[Certificate | Finding]:
    origin = Origin(path)
    try:
        decoded = binascii.a2b_base64(data.translate(None, b" \t\r\n"), strict_mode=True)
    except binascii.Error:
        yield found("bad-base64", origin, "is not valid base64")
        return
    yield found("bare-base64", origin, "is base64 without BEGIN and END lines")
    yield from _binary(decoded, origin, passwords)


def _block(block: pem.Block) -> Iterator[Certificate | Finding]:
    if block.label in _PLAIN:
        yield certificates.read(block.data, block.origin)
    elif block.label == _TRUSTED:
        yield from _trusted(block)
    elif block.label in pkcs7.LABELS:
        # Nothing else that _binary knows: a file of a thousand stores would ask for hashing without end.
        yield from _collection(block)
    else:
        what = foreign.called(block.label)
        yield found(
            "unknown-label",
            block.origin,
            f"is {what}" if what else f"a {block.label} block is not a certificate",
        )


def _collection(block: pem.Block) -> Iterator[Certificate | Finding]:
    yield from _certificates(pkcs7.read(block.data, block.origin), block.origin)


def _trusted(block: pem.Block) -> Iterator[Certificate | Finding]:
    """Convert OpenSSL's TRUSTED CERTIFICATE: a certificate and, behind it, OpenSSL's own trust settings."""
    yield found("trusted-certificate", block.origin, "is a TRUSTED CERTIFICATE block and was converted")
    data, end = block.data, len(block.data)
    try:
        _, _, middle = der.header(data, 0, end)
        if middle != end and not _is_trusted(data[middle:]):
            yield found("distrusted-certificate", block.origin, "is not trusted for TLS servers")
    except der.DerError:
        middle = end
    yield certificates.read(data[:middle], block.origin)


def _is_trusted(settings: bytes) -> bool:
    """Tell whether X509_CERT_AUX (OpenSSL's crypto/x509/x_x509a.c) lets a certificate vouch for servers."""
    start, end = der.whole(settings)
    trusted = True
    for tag, _, inner, stop in der.children(settings, start, end):
        if tag not in {der.SEQUENCE, _REJECTED}:
            break
        uses = {der.oid(settings[first:last]) for _, _, first, last in der.children(settings, inner, stop)}
        trusted = trusted and uses.isdisjoint(_TLS_SERVER) == (tag == _REJECTED)
    return trusted


def _binary(data: bytes, origin: Origin, passwords: Sequence[str | None]) -> Iterator[Certificate | Finding]:
    known = foreign.structure(data)
    if known:
        yield _named(origin, known)
        return
    if data.startswith(jks.MAGICS):
        items = jks.read(data, origin, [password for password in passwords if password is not None])
    elif pkcs12.is_store(data):
        items = pkcs12.read(data, origin, passwords)
    elif pkcs7.is_content_info(data):
        items = pkcs7.read(data, origin)
    else:
        items = iter((data,))
    yield from _certificates(items, origin)


def _certificates(items: Iterable[bytes | Finding], origin: Origin) -> Iterator[Certificate | Finding]:
    for item in items:
        yield certificates.read(item, origin) if isinstance(item, bytes) else item
