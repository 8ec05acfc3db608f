"""What is in the bytes of an input, told by the bytes themselves and never by the file's name."""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING

from builder.load import jks, pkcs7, pkcs12
from builder.model import Certificate, Finding, Origin
from builder.rules import found
from builder.x509 import certificate as certificates
from builder.x509 import der, keys, pem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from builder.load.source import Input

_PLAIN = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
_TRUSTED = "TRUSTED CERTIFICATE"
# What Java's own store has, an empty password, and none at all, which PKCS #12 tells apart.
_DEFAULT_PASSWORDS = ("changeit", "", None)
_REJECTED = 0xA0
_TLS_SERVER = frozenset({"1.3.6.1.5.5.7.3.1", "2.5.29.37.0"})
# gzip, bzip2, xz, zstd, zip, 7z and RAR, and tar, which says so at the end of the first header.
_ARCHIVES = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"7z\xbc\xaf", b"Rar!")
_TAR, _TAR_AT = b"ustar", 257
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# Possessive: giving back what was matched cannot help, and would take the square of the time.
_BASE64 = re.compile(rb"MI[A-Za-z0-9+/\s]++={0,2}+\s*+")


def read(source: Input, passwords: Sequence[str] = ()) -> Iterator[Certificate | Finding]:
    """Yield every certificate of `source`, and what is wrong with the rest.

    A trust store is opened by one of `passwords`; without any, by those that stand for none.
    """
    data, origin = source.data, Origin(source.path)
    tried = passwords or _DEFAULT_PASSWORDS
    if not data.strip():
        yield found("empty", origin, "is empty")
    elif _is_der(data) or data.startswith(jks.MAGICS):
        yield from _binary(data, origin, tried)
    else:
        yield from _text(source, tried)


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
    data, origin = source.data, Origin(source.path)
    kind, line = keys.in_text(data)
    is_pem = pem.looks_like(data)
    if not kind and not is_pem:
        kind, line = keys.in_base64(data)
    if kind:
        yield found("private-key", Origin(source.path, line), f"holds {kind}")
    if not is_pem and (data.startswith(_ARCHIVES) or data.startswith(_TAR, _TAR_AT)):
        # Not passed over in a folder: it can hold what nobody sees.
        yield found("unknown-format", origin, "is an archive, which cannot be looked into")
    elif (
        data.startswith(_UTF_16)
        or data[1::2].count(0) > len(data) // 3
        or data[::2].count(0) > len(data) // 3
    ):
        yield found("utf-16", origin, "is UTF-16 text")
    elif is_pem:
        yield from _pem(data, source.path)
    elif _BASE64.fullmatch(data):
        yield from _bare_base64(data, source.path, passwords)
    elif source.listed and not kind:
        yield found("passed-over", origin, "holds no certificate and was passed over")
    elif not kind:
        yield found("unknown-format", origin, "is no certificate, bundle or trust store in a known format")


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
    elif "KEY" not in block.label or not keys.in_text(f"--{block.label}--".encode())[0]:
        # Private keys by their label were reported when the whole text was looked through.
        kind = _hidden_key(block.data)
        rule = "private-key" if kind else "unknown-label"
        yield found(
            rule, block.origin, f"holds {kind}" if kind else f"a {block.label} block is not a certificate"
        )


def _collection(block: pem.Block) -> Iterator[Certificate | Finding]:
    kind = _hidden_key(block.data)
    if kind:
        yield found("private-key", block.origin, f"holds {kind}")
    else:
        yield from _certificates(pkcs7.read(block.data, block.origin), block.origin)


def _trusted(block: pem.Block) -> Iterator[Certificate | Finding]:
    """Convert OpenSSL's TRUSTED CERTIFICATE: a certificate and, behind it, OpenSSL's own trust settings."""
    yield found("trusted-certificate", block.origin, "is a TRUSTED CERTIFICATE block and was converted")
    data, end = block.data, len(block.data)
    try:
        _, _, middle = der.header(data, 0, end)
        kind = keys.in_elements(data[middle:])
        if kind:
            yield found("private-key", block.origin, f"holds {kind}")
        elif middle != end and not _is_trusted(data[middle:]):
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
    kind = _hidden_key(data)
    if kind:
        yield found("private-key", origin, f"holds {kind}")
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


def _hidden_key(data: bytes) -> str:
    """Return what kind of private key `data` is, has behind its end or holds as text, or an empty string."""
    return keys.in_elements(data) or keys.in_text(data)[0]


def _certificates(items: Iterable[bytes | Finding], origin: Origin) -> Iterator[Certificate | Finding]:
    for item in items:
        yield certificates.read(item, origin) if isinstance(item, bytes) else item
