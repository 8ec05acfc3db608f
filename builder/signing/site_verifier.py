"""Verify a site's signatures by its public keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from builder.errors import SignatureError
from builder.formats.unpacked import Malformed
from builder.signing import apk, armor, dsse, openpgp, packets, rpm, verifying
from builder.signing.packets import Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.signing.keyring import Keyring
    from builder.signing.openpgp import PublicKey

_TEXT, _DATA = "the signed text", "the signature"
_CHANGED = "is signed, and was changed where no signature looks"


class SiteVerifier(msgspec.Struct, frozen=True):
    """OpenPGP keys, and public keys in PEM of apk and of statements by file names; any may have signed."""

    keys: Sequence[PublicKey]
    apk_keys: Mapping[str, bytes]
    statement_keys: Mapping[str, bytes] = {}

    def statement(self, envelope: bytes, where: str) -> bytes:
        """Return the statement in an envelope; raise SignatureError unless each signature is by a key."""
        return dsse.opened(envelope, dsse.known(self.statement_keys.values()), where)

    def opened(self, text: str) -> str:
        """Return the text of a cleartext signature; raise SignatureError unless a key has made it."""
        return verifying.opened(text, self.keys, _TEXT)

    def exact(self, text: str) -> str:
        """Return the same, of a message as trustpack writes it to the last byte; raise SignatureError.

        No signature covers blanks at line ends, its own armor, or what its packet says of its key.
        """
        plain = self.opened(text)
        try:
            found = [
                one.whole for block in armor.blocks(text, armor.SIGNATURE) for one in packets.read(block)
            ]
        except (Unsupported, ValueError):
            found = []
        signed = armor.to_sign(plain)
        again = armor.message(plain, [self.rewritten(one, openpgp.TEXT, signed) for one in found])
        if again != text:
            raise SignatureError(f"{_TEXT}: {_CHANGED}")
        return plain

    def rewritten(self, packet: bytes, kind: int, data: bytes) -> bytes:
        """Return a signature over `data` as we write one with its value; empty where no key has made it."""
        for key in self.keys:
            try:
                time = openpgp.verify(key, packet, kind, data)
            except Unsupported:
                continue
            start = len(openpgp.signature(key, lambda _: b"", kind, data, time=time))
            return openpgp.signature(key, lambda _: packet[start:], kind, data, time=time)  # noqa: B023
        return b""

    def single(self, data: bytes, signature: bytes) -> None:
        """Raise SignatureError unless a packet, written as we do, is a signature over `data` by a key."""
        again = self.rewritten(signature, openpgp.BINARY, data)
        if not again:
            raise SignatureError(f"{_DATA}: is by none of the keys")
        if again != signature:
            raise SignatureError(f"{_DATA}: {_CHANGED}")

    def rpm(self, data: bytes) -> None:
        """Raise SignatureError unless an .rpm is signed by a key, and put together as we do."""
        try:
            packet, header = rpm.signature(data)
            if not packet:
                raise SignatureError(f"{_DATA}: there is none")
            self.single(header, packet)
            again = rpm.sign(data, lambda _: packet)
        except (Malformed, Unsupported) as fault:
            raise SignatureError(f"{_DATA}: {fault}") from None
        if again != data:
            raise SignatureError(f"{_DATA}: {_CHANGED}")

    def detached(self, data: bytes, signature: bytes) -> None:
        """Raise SignatureError unless a detached signature, armored or not, is by one of the keys."""
        armored = signature.startswith(b"-----BEGIN ")
        text = signature.decode("ascii", "replace") if armored else armor.armor(armor.SIGNATURE, signature)
        verifying.detached(data, text, self.keys, _DATA)

    def apk(self, data: bytes) -> bytes:
        """Return an .apk or an index without its signatures, all by the keys; raise SignatureError."""
        try:
            found, digest = apk.signatures(data)
            plain = apk.unsigned(data)
        except Malformed as fault:
            raise SignatureError(f"{_DATA}: {fault}") from None
        if not found:
            raise SignatureError(f"{_DATA}: there is none")
        for name, value in found.items():
            key = serialization.load_pem_public_key(self.apk_keys[name]) if name in self.apk_keys else None
            if not isinstance(key, rsa.RSAPublicKey):
                raise SignatureError(f"{_DATA}: is by another key, {name}")
            try:
                openpgp.verify_raw(key, value, digest, hashes.SHA256())
            except Unsupported as fault:
                raise SignatureError(f"{_DATA}: {fault}") from None
        return plain


def of_keyring(keys: Keyring) -> SiteVerifier:
    """Return what verifies signatures by all that a site has ever published."""
    openpgp_keys = (*(one.openpgp for one in keys.published), *keys.past)
    return SiteVerifier(openpgp_keys, keys.apk_keys, keys.statement_keys)
