"""What signs a site: the keys that sign now, and the public ones that every client is to have."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

import msgspec

from builder.errors import PackageError, SignatureError
from builder.formats.unpacked import Malformed
from builder.signing import apk, armor, dsse, openpgp, rpm, verifying
from builder.signing.packets import Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.signing.keys import ApkKey, OpenPgpKey
    from builder.signing.openpgp import PublicKey
    from builder.signing.statement_key import StatementKey


NO_STATEMENT_KEY = "they were made before there was one: 'trustpack keys complete' makes it"
Role = Literal["current", "next", "previous"]


class PublicKeys(msgspec.Struct, frozen=True, dict=True):
    """Public keys of one generation: an OpenPGP certificate as packets, the others as PEM, with file names.

    Generations that were made before there was a key for statements have none.
    """

    role: Role
    certificate: bytes
    apk_name: str
    apk: bytes
    statement_name: str = ""
    statement: bytes = b""

    @cached_property
    def openpgp(self) -> PublicKey:
        """The key of the certificate."""
        return openpgp.read_certificate(self.certificate)[0]


class Keyring(msgspec.Struct, frozen=True, dict=True):
    """The keys that sign, the current one first and then the one before it, and all that are public.

    `past` are keys that the site had: what they signed is still its own. `organisation` is a slug.
    """

    openpgp: tuple[OpenPgpKey, ...]
    apk_signers: tuple[ApkKey, ...]
    published: tuple[PublicKeys, ...]
    past: tuple[PublicKey, ...] = ()
    organisation: str = ""
    statement_signers: tuple[StatementKey, ...] = ()

    @cached_property
    def certificate(self) -> bytes:
        """Every public OpenPGP key that a client is to have, each as an armored block: ORG.asc."""
        return b"".join(self.certificates.values())

    @cached_property
    def certificates(self) -> Mapping[str, bytes]:
        """Each of these public keys by its fingerprint (40 upper-case hex digits), armored."""
        return {
            keys.openpgp.fingerprint: armor.armor(armor.PUBLIC, keys.certificate).encode()
            for keys in self.published
        }

    @cached_property
    def signer(self) -> str:
        """The fingerprint of the OpenPGP key that signs packages: the current one's."""
        return next(iter(self.certificates))

    @cached_property
    def roles(self) -> Mapping[str, Role]:
        """What each public key is, by its fingerprint or its file name for apk."""
        pairs = ((keys, (keys.apk_name, keys.statement_name)) for keys in self.published)
        by_name = {name: keys.role for keys, names in pairs for name in names if name}
        return {keys.openpgp.fingerprint: keys.role for keys in self.published} | by_name

    @property
    def apk_keys(self) -> Mapping[str, bytes]:
        """The public keys for apk, PEM, by their file names in /etc/apk/keys; the signing one is first."""
        return {keys.apk_name: keys.apk for keys in self.published}

    @property
    def statement_keys(self) -> Mapping[str, bytes]:
        """The public keys for statements, PEM, by their file names; the signing one is first."""
        return {keys.statement_name: keys.statement for keys in self.published if keys.statement}

    def seal(self, payload: bytes) -> bytes:
        """Return a statement in an envelope, signed by each key that signs; raise SignatureError."""
        if not self.statement_signers:
            raise SignatureError("the keys: have none for statements", hint=NO_STATEMENT_KEY)
        return dsse.seal(payload, self.statement_signers)

    def clear(self, text: str, *, time: int) -> str:
        """Return `text` (which ends with a line feed) with a cleartext signature by each key that signs."""
        data = armor.to_sign(text)
        return armor.message(text, [key.sign(openpgp.TEXT, data, time=time) for key in self.openpgp])

    def opened(self, text: str) -> str:
        """Return the text in a cleartext signature; raise SignatureError unless one of our keys made it."""
        keys = (*(one.openpgp for one in self.published), *self.past)
        return verifying.opened(text, keys, "the signed text")

    def detached(self, data: bytes, *, time: int, armored: bool = True) -> bytes:
        """Return detached OpenPGP signatures over `data`: zypper must know the key of the last.

        What is not armored is pacman's, which must know the key of each: the current one signs alone.
        """
        if not armored:
            return self.single(data, time=time)
        packets = b"".join(key.sign(openpgp.BINARY, data, time=time) for key in self.openpgp)
        return armor.armor(armor.SIGNATURE, packets).encode()

    def single(self, data: bytes, *, time: int) -> bytes:
        """Return the current key's signature over `data`, as a packet."""
        return self.openpgp[0].sign(openpgp.BINARY, data, time=time)

    def rpm(self, data: bytes, *, time: int) -> bytes:
        """Return an .rpm, signed or not, with the current key's signature: there is room for one."""
        try:
            return rpm.sign(data, lambda header: self.single(header, time=time))
        except (Malformed, Unsupported) as fault:
            raise PackageError(f"an .rpm cannot be signed: it {fault}") from None

    def apk(self, data: bytes, *, time: int) -> bytes:
        """Return an .apk, or APKINDEX.tar.gz, signed or not, with our signatures in front."""
        try:
            return apk.sign(data, [(key.name, key.raw) for key in self.apk_signers], time=time)
        except Malformed as fault:
            raise PackageError(f"an .apk or its index cannot be signed: {fault}") from None
