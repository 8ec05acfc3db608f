"""SSH public keys, and what `ssh-keygen -Y sign` makes by them: OpenSSH's PROTOCOL.sshsig and PROTOCOL.u2f.

Read more strictly than ssh-keygen does: one text for each key, one encoding for what a signature says.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from builder.signing import weak
from builder.signing.packets import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

ED25519, RSA = "ssh-ed25519", "ssh-rsa"
SK_ED25519, SK_ECDSA = "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"
_ECDSA: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "nistp256": (ec.SECP256R1(), hashes.SHA256()),
    "nistp384": (ec.SECP384R1(), hashes.SHA384()),
    "nistp521": (ec.SECP521R1(), hashes.SHA512()),
}
_ECDSA_KINDS = {f"ecdsa-sha2-{curve}": curve for curve in _ECDSA} | {SK_ECDSA: "nistp256"}
KINDS = (ED25519, RSA, *_ECDSA_KINDS, SK_ED25519)
_RSA_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "rsa-sha2-256": hashes.SHA256(),
    "rsa-sha2-512": hashes.SHA512(),
}
_DIGESTS = ("sha256", "sha512")
# A kind, base64, and a comment that says nothing.
_LINE = re.compile(r"(?P<kind>[a-z0-9@.-]+)[ \t]+(?P<blob>[A-Za-z0-9+/]+={0,2})(?:[ \t]+[^\r\n]*)?\n?")
_BLOCK = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\n(?P<body>(?:[A-Za-z0-9+/=]{1,76}\n)+)-----END SSH SIGNATURE-----\n?"
)
_MAGIC, _VERSION = b"SSHSIG", b"\0\0\0\1"
_ED25519_SIZE, _SK_TAIL, _PRESENT = 32, 5, 1  # octets of a key; of flags and counter; somebody touched it


class SshKey(msgspec.Struct, frozen=True):
    """A public key: its kind and all of it as SSH encodes it; `numbers` makes another's the same key."""

    kind: str
    blob: bytes
    numbers: frozenset[bytes]

    @property
    def text(self) -> str:
        """The key as files hold it, without a comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode('ascii')}"

    @property
    def fingerprint(self) -> str:
        """What `ssh-keygen -l` prints."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii")
        return f"SHA256:{digest.rstrip('=')}"


def read_key(text: str) -> SshKey:
    """Return the key in one line of text; raise Unsupported for what is none, or too weak a one."""
    found = _LINE.fullmatch(text)
    if found is None:
        raise Unsupported("is no SSH public key on one line")
    kind = found["kind"]
    if kind not in KINDS:
        raise Unsupported(f"is of the kind {kind}: ssh-keygen -t ed25519 makes one that counts")
    blob = _decoded(found["blob"])
    if blob is None:
        raise Unsupported("is no whole SSH public key")
    return SshKey(kind, blob, frozenset({_Public(blob, kind).numbers}))


def dearmored(text: str) -> bytes:
    """Return the signature in what `ssh-keygen -Y sign` writes; raise Unsupported for anything else."""
    found = _BLOCK.fullmatch(text.replace("\r\n", "\n"))
    data = _decoded(found["body"].replace("\n", "")) if found else None
    if data is None:
        raise Unsupported("is no SSH signature")
    return data


def verify(key: SshKey, data: bytes, signature: bytes, *, namespace: str) -> None:
    """Raise Unsupported unless `signature`, in its one encoding, is the key's over `data` and namespace."""
    if not signature.startswith(_MAGIC + _VERSION):
        raise Unsupported("is no SSH signature")
    fields = _Fields(signature[len(_MAGIC + _VERSION) :])
    blob, space, reserved, digest, value = (fields.text() for _ in range(5))
    fields.end()
    if blob != key.blob:
        raise Unsupported("is a signature by another key")
    if space != namespace.encode():
        raise Unsupported("is a signature for another purpose")
    name = digest.decode("latin-1")
    if reserved or name not in _DIGESTS:
        raise Unsupported("is a signature of another kind")
    hashed = hashlib.new(name, data).digest()
    signed = _MAGIC + b"".join(map(_text, (space, b"", digest, hashed)))
    _Public(blob, key.kind).verify(value, signed)


class _Fields:
    """What SSH writes one after the other (RFC 4251 section 5)."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def take(self, size: int) -> bytes:
        """Return the next octets."""
        if len(self._rest) < size:
            raise Unsupported("is cut off")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def text(self) -> bytes:
        """Return the next string."""
        return self.take(int.from_bytes(self.take(4)))

    def number(self) -> int:
        """Return the next number, which is above zero and written in its shortest form."""
        octets = self.text()
        value = int.from_bytes(octets)
        if not value or octets != value.to_bytes(value.bit_length() // 8 + 1):
            raise Unsupported("has a number in a form that is not read")
        return value

    def end(self) -> None:
        """Raise Unsupported unless all was read."""
        if self._rest:
            raise Unsupported("goes on behind its end")


class _Public:
    """A public key that was read: what verifies, by its kind."""

    def __init__(self, blob: bytes, kind: str) -> None:
        fields = _Fields(blob)
        if fields.text() != kind.encode():
            raise Unsupported("is a key of another kind than it says")
        self._kind = kind
        self._verify: Callable[[str, bytes, bytes], None]
        if kind == RSA:
            self._rsa(fields)
        elif kind in _ECDSA_KINDS:
            self._ecdsa(fields, _ECDSA_KINDS[kind])
        else:
            self._ed25519(fields)
        self._application = fields.text() if kind in {SK_ED25519, SK_ECDSA} else b""
        fields.end()

    def verify(self, signature: bytes, signed: bytes) -> None:
        """Raise Unsupported unless `signature`, with its algorithm's name, is over `signed`."""
        fields = _Fields(signature)
        name = fields.text().decode("latin-1")
        if name not in (_RSA_DIGESTS if self._kind == RSA else (self._kind,)):
            raise Unsupported("is a signature of another kind")
        value = fields.text()
        if self._kind in {SK_ED25519, SK_ECDSA}:
            # What a security key signs: for what, that somebody was there, how often it has signed, and this.
            tail = fields.take(_SK_TAIL)
            if not tail[0] & _PRESENT:
                raise Unsupported("was made by a security key that nobody touched")
            signed = hashlib.sha256(self._application).digest() + tail + hashlib.sha256(signed).digest()
        fields.end()
        try:
            self._verify(name, value, signed)
        except InvalidSignature:
            raise Unsupported("is no signature of this text by this key") from None

    def _rsa(self, fields: _Fields) -> None:
        exponent, modulus = fields.number(), fields.number()
        weak.refuse_rsa(modulus, exponent)
        key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        self.numbers = modulus.to_bytes((modulus.bit_length() + 7) // 8)
        self._verify = lambda name, value, signed: key.verify(
            value, signed, padding.PKCS1v15(), _RSA_DIGESTS[name]
        )

    def _ecdsa(self, fields: _Fields, name: str) -> None:
        curve, digest = _ECDSA[name]
        if fields.text() != name.encode():
            raise Unsupported("is a key of another curve than it says")
        self.numbers = fields.text()
        key = _point(curve, self.numbers)

        def verify(_: str, value: bytes, signed: bytes) -> None:
            inner = _Fields(value)
            pair = utils.encode_dss_signature(inner.number(), inner.number())
            inner.end()
            key.verify(pair, signed, ec.ECDSA(digest))

        self._verify = verify

    def _ed25519(self, fields: _Fields) -> None:
        self.numbers = fields.text()
        if len(self.numbers) != _ED25519_SIZE:
            raise Unsupported("is no whole SSH public key")
        weak.refuse_ed25519(self.numbers)
        key = ed25519.Ed25519PublicKey.from_public_bytes(self.numbers)
        self._verify = lambda _, value, signed: key.verify(value, signed)


def _point(curve: ec.EllipticCurve, octets: bytes) -> ec.EllipticCurvePublicKey:
    if octets[:1] != b"\4":
        raise Unsupported("is a point in a form that is not read")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve, octets)
    except ValueError:
        raise Unsupported("is no point of its curve") from None


def _text(octets: bytes) -> bytes:
    return len(octets).to_bytes(4) + octets


def _decoded(text: str) -> bytes | None:
    """Return what base64 holds; None where another text would hold the same."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        return None
    return data if base64.b64encode(data).decode("ascii") == text else None
