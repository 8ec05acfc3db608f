"""Check signatures by public keys alone: a signed message, and what lies beside a detached signature."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from builder.errors import SignatureError
from builder.signing import armor, openpgp, packets
from builder.signing.openpgp import PublicKey  # noqa: TC001  msgspec reads annotations at run time
from builder.signing.packets import Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

# Nothing stands before the one message or behind it, and of headers only the digest's name.
_MESSAGE = re.compile(
    r"-----BEGIN PGP SIGNED MESSAGE-----\n(?:Hash: [A-Z0-9, ]+\n)*\n(?P<body>.*?\n)"
    r"(?P<signature>-----BEGIN PGP SIGNATURE-----\n(?:(?!-)[^\n]*\n)*-----END PGP SIGNATURE-----\n?)\Z",
    re.DOTALL,
)
_HINT = "it was changed, or signed with other keys than these"


def public_keys(text: bytes, where: str) -> tuple[PublicKey, ...]:
    """Return every OpenPGP key in armored blocks; raise SignatureError where one cannot be read."""
    try:
        found = [
            openpgp.read_certificate(certificate)[0]
            for block in armor.blocks(text.decode("ascii"), armor.PUBLIC)
            for certificate in _certificates(block)
        ]
    except (Unsupported, ValueError):
        found = []
    if not found:
        raise SignatureError(f"{where}: has no OpenPGP public keys of RSA, or is damaged")
    return tuple(found)


def _certificates(block: bytes) -> list[bytes]:
    """Split packets before each public key."""
    found: list[list[bytes]] = []
    for packet in packets.read(block):
        if packet.kind == openpgp.PUBLIC_KEY or not found:
            found.append([])
        found[-1].append(packet.whole)
    return [b"".join(parts) for parts in found]


def opened(text: str, keys: Sequence[PublicKey], where: str) -> str:
    """Return the text of a signed message, without blanks at line ends, which no signature covers.

    Raises SignatureError unless one of `keys` has signed it.
    """
    found = _MESSAGE.fullmatch(text)
    if found is None:
        raise SignatureError(f"{where}: is no signed message, or something stands around it")
    lines = found["body"].removesuffix("\n").split("\n")
    if any(line.startswith("-") and not line.startswith("- ") for line in lines):
        raise SignatureError(f"{where}: is no signed message that is read one way only")
    plain = "\n".join(line.removeprefix("- ").rstrip(" \t\r") for line in lines) + "\n"
    _expect(found["signature"], keys, openpgp.TEXT, armor.to_sign(plain), where)
    return plain


class KnownKeys(msgspec.Struct, frozen=True):
    """Public keys, as somebody has them who cannot sign."""

    keys: tuple[PublicKey, ...]

    def opened(self, text: str) -> str:
        """Return the text in a cleartext signature; raise SignatureError unless one of the keys made it."""
        return opened(text, self.keys, "the signed text")


def detached(data: bytes, signature: str, keys: Sequence[PublicKey], where: str) -> None:
    """Raise SignatureError unless an armored signature over `data` is by one of `keys`."""
    _expect(signature, keys, openpgp.BINARY, data, where)


def _expect(signature: str, keys: Sequence[PublicKey], kind: int, data: bytes, where: str) -> None:
    try:
        found = [
            packet.whole
            for block in armor.blocks(signature, armor.SIGNATURE)
            for packet in packets.read(block)
        ]
    except (Unsupported, ValueError):
        raise SignatureError(f"{where}: its signature is damaged", hint=_HINT) from None
    if not any(_is_by(key, packet, kind, data) for packet in found for key in keys):
        raise SignatureError(f"{where}: is signed by none of the keys that were to sign it", hint=_HINT)


def _is_by(key: PublicKey, packet: bytes, kind: int, data: bytes) -> bool:
    try:
        openpgp.verify(key, packet, kind, data)
    except Unsupported:
        return False
    return True
