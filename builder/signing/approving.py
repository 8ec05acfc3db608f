"""What people approve with: an SSH key or an OpenPGP certificate, and signatures by them over one text."""

from __future__ import annotations

import binascii
import contextlib
from typing import TYPE_CHECKING

from builder.errors import SignatureError
from builder.signing import armor, person, ssh
from builder.signing.packets import Unsupported
from builder.signing.person import Person
from builder.signing.ssh import SshKey

if TYPE_CHECKING:
    from collections.abc import Iterator

ApproverKey = SshKey | Person
NAMESPACE = "trustpack-lock"  # so that no signature for another purpose counts, nor this one elsewhere
_OPENPGP = "openpgp "


def read_key(text: str, where: str) -> ApproverKey:
    """Return the one public key that a text is: a line as ssh-keygen writes it, or an armored block.

    Raises SignatureError, which says `where`, for any other text, and for a key too weak.
    """
    with _named(where):
        if "-----BEGIN PGP" in text:
            return person.read(_block(text, armor.PUBLIC))
        if text.startswith(_OPENPGP):
            return person.read(_plain(text.removeprefix(_OPENPGP).strip()))
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if len(lines) != 1:
            raise Unsupported("holds several keys" if lines else "holds no key")
        return ssh.read_key(lines[0].strip())


def stored(text: str, where: str) -> ApproverKey:
    """Return the key in one line, as `ApproverKey.text` is; raise SignatureError for any other text."""
    with _named(where):
        if text.startswith(_OPENPGP):
            found: ApproverKey = person.read(_plain(text.removeprefix(_OPENPGP)))
        else:
            found = ssh.read_key(text)
        if found.text != text:
            raise Unsupported("is a key in a form that is not read")
        return found


def verify(key: ApproverKey, text: str, signature: bytes, where: str) -> None:
    """Raise SignatureError unless `signature` is the key's over `text`; ToolError where gpgv is missing."""
    with _named(where):
        if isinstance(key, SshKey):
            ssh.verify(key, text.encode(), signature, namespace=NAMESPACE)
        else:
            person.verify(key, text.encode(), signature)


def kind(key: ApproverKey) -> str:
    """Return what people call such a key."""
    return "ssh" if isinstance(key, SshKey) else "openpgp"


@contextlib.contextmanager
def _named(where: str) -> Iterator[None]:
    try:
        yield
    except Unsupported as fault:
        raise SignatureError(f"{where}: {fault}") from None


def _block(text: str, label: str) -> bytes:
    try:
        found = armor.blocks(text, label)
    except ValueError:
        found = []
    if len(found) != 1:
        raise Unsupported(f"is not one armored block of OpenPGP's, a {label}")
    return found[0]


def _plain(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        raise Unsupported("is no base64") from None
