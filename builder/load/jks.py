"""Certificates out of Java's own trust stores; see builder.x509.java_store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.load.source import MAX_CERTIFICATES
from builder.rules import found
from builder.x509.java_store import MAGICS, MalformedStore, is_intact, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.model import Finding, Origin

__all__ = ["MAGICS", "read"]


def read(data: bytes, origin: Origin, passwords: Sequence[str]) -> Iterator[bytes | Finding]:
    """Yield the DER of each trusted certificate, if one of `passwords` proves that the store is whole."""
    try:
        certificates, has_key = parse(data, most=2 * MAX_CERTIFICATES)
    except MalformedStore as error:
        yield found("damaged-store", origin, str(error))
        return
    if has_key:
        yield found("private-key", origin, "the Java key store holds a private or secret key")
    elif not any(is_intact(data, password) for password in passwords):
        message = "the Java key store opens with none of the passwords given, or was changed"
        yield found("password-needed", origin, message)
    elif certificates:
        yield from (der for _, der in certificates)
    else:
        yield found("no-certificates", origin, "the Java key store is empty")
