"""People who approve: throw-away Ed25519 keys, and SSH signatures made in the test (PROTOCOL.sshsig)."""

import base64
import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from builder.signing.approving import NAMESPACE


@dataclass(frozen=True)
class Person:
    """Somebody with a key."""

    name: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """The public key as ssh-keygen writes it."""
        form = serialization.PublicFormat.OpenSSH
        return self.private.public_key().public_bytes(serialization.Encoding.OpenSSH, form).decode()

    def sign(self, text: str, namespace: str = NAMESPACE) -> bytes:
        """Return this person's signature of a text."""
        blob = base64.b64decode(self.public.split()[1])
        return sshsig(blob, namespace, string(b"ssh-ed25519"), text.encode(), self.private.sign)


@functools.cache
def person(name: str) -> Person:
    """Return the person of a name, the same one for a whole test run."""
    return Person(name, Ed25519PrivateKey.generate())


def string(octets: bytes) -> bytes:
    """Return octets as SSH writes a string."""
    return len(octets).to_bytes(4) + octets


def covered(namespace: str, text: bytes, *, digest: str = "sha512") -> bytes:
    """Return what an SSH signature of a text covers."""
    hashed = hashlib.new(digest, text).digest()
    return b"SSHSIG" + b"".join(map(string, (namespace.encode(), b"", digest.encode(), hashed)))


def sshsig(
    blob: bytes,
    namespace: str,
    kind: bytes,
    text: bytes,
    sign: Callable[[bytes], bytes],
    *,
    tail: bytes = b"",
) -> bytes:
    """Return a whole signature; `kind` is its algorithm as a string, `tail` what follows a security key's."""
    value = kind + string(sign(covered(namespace, text))) + tail
    fields = (blob, namespace.encode(), b"", b"sha512", value)
    return b"SSHSIG\0\0\0\1" + b"".join(map(string, fields))
