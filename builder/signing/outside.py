"""Keys whose private half never comes here: a program of the owner's makes raw signatures (KMS, PKCS #11).

It takes a digest on standard input, 32 bytes of SHA-256 or 64 of SHA-512, and writes the RSA signature
(PKCS #1 v1.5) of it, nothing else. Every signature is verified before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from builder.errors import SignatureError, ToolError
from builder.signing import program
from builder.signing.keys import ALGORITHMS
from builder.signing.openpgp import verify_raw
from builder.signing.packets import Unsupported
from builder.text.quoting import visible

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa

_HINT = "'trustpack docs keys' says what repository.signer is given and what it must return"


class Outside(msgspec.Struct, frozen=True):
    """A program that signs with the key it calls `label`; `public` is that key.

    In the words of `command`, {key} stands for the label and {hash} for sha256 or sha512.
    """

    command: tuple[str, ...]
    label: str
    public: rsa.RSAPublicKey
    seconds: float = program.SECONDS

    def __call__(self, digest: bytes) -> bytes:
        """Return a raw signature of a digest; raise ToolError or SignatureError."""
        algorithm = ALGORITHMS[len(digest)]
        words = [word.replace("{key}", self.label).replace("{hash}", algorithm.name) for word in self.command]
        answer = program.ask(words, digest, seconds=self.seconds)
        name = visible(self.command[0])
        if answer.status:
            said = f": {answer.said}" if answer.said else ""
            raise ToolError(f"{name}: failed with status {answer.status}{said}", hint=_HINT)
        try:
            verify_raw(self.public, answer.out, digest, algorithm)
        except Unsupported:
            size = f"{len(answer.out)} byte{'s' * (len(answer.out) != 1)}"
            raise SignatureError(
                f"{name}: returned {size} that are no signature by the key '{visible(self.label)}'",
                hint=_HINT,
            ) from None
        return answer.out
