"""RPM's signatures: an OpenPGP signature over the main header, put into the header before it.

Tag 268 alone satisfies rpm 4.18, 4.20 and 6.1; packages with 278 alone count as unsigned in rpm 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.formats.rpm import header, parts, tags
from builder.signing.packets import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

_OLD = (1002, 1005, 1008)  # PGP, GPG and GPG5: over header and payload
_SIGNATURES = frozenset({tags.SIG_DSA, tags.SIG_RSA, tags.SIG_OPENPGP, *_OLD})


def sign(data: bytes, detached: Callable[[bytes], bytes]) -> bytes:
    """Return an .rpm with a signature that `detached` makes (a packet) in the place of any that it has.

    Header and payload stay as they are. Raises Malformed, or Unsupported for what would not read back.
    """
    found = parts.split(data)
    if parts.join(found) != data:
        raise Unsupported("has a signature header in another form than RPM writes today")
    fields = {tag: field for tag, field in found.signature.items() if tag not in _SIGNATURES}
    fields[tags.SIG_RSA] = header.Field(header.BINARY, (detached(found.header),))
    return parts.join(found._replace(signature=fields))


def unsigned(data: bytes) -> bytes:
    """Return an .rpm without signatures: what its identity is taken of; raises Malformed."""
    found = parts.split(data)
    fields = {tag: field for tag, field in found.signature.items() if tag not in _SIGNATURES}
    return parts.join(found._replace(signature=fields))


def signature(data: bytes) -> tuple[bytes, bytes]:
    """Return an .rpm's signature, empty where it has none, and what that covers; raises Malformed."""
    found = parts.split(data)
    field = found.signature.get(tags.SIG_RSA)
    value = field.values[0] if field and field.kind == header.BINARY else b""
    return value if isinstance(value, bytes) else b"", found.header
