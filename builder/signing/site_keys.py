"""Read a folder of keys into what signs a site, and what is public of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.errors import SignatureError
from builder.signing import key_folder, private_file
from builder.signing.generation import ROLES, SIGNING
from builder.signing.keyring import Keyring
from builder.signing.keys import ApkKey, RsaOpenPgpKey, apk_name, in_memory
from builder.signing.private_file import NO_PASSWORDS

if TYPE_CHECKING:
    from pathlib import Path

    from builder.signing.generation import Generation
    from builder.signing.key_folder import KeyFolder
    from builder.signing.keyring import PublicKeys
    from builder.signing.keys import OpenPgpKey
    from builder.signing.openpgp import PublicKey
    from builder.signing.private_file import Passwords


def read(
    folder: Path,
    *,
    organisation: str = "",
    passwords: Passwords = NO_PASSWORDS,
) -> Keyring:
    """Return what signs with the keys in `folder`; `organisation` is their slug. Raises SignatureError."""
    found = key_folder.read(folder, organisation=organisation)
    signing = found.in_state(*SIGNING)

    def private(one: Generation, kind: str) -> Path:
        return found.path / f"{one.number}-{kind}.pem"

    return Keyring(
        tuple(_openpgp(found, one, private(one, "openpgp"), passwords) for one in signing),
        tuple(_apk(found, one, private(one, "apk"), passwords) for one in signing),
        *_public(found),
    )


def read_public(folder: Path, *, organisation: str = "") -> Keyring:
    """Return a folder's public keys: nothing can be signed with them; raise SignatureError."""
    found = key_folder.read(folder, organisation=organisation)
    return Keyring((), (), *_public(found))


def _public(found: KeyFolder) -> tuple[tuple[PublicKeys, ...], tuple[PublicKey, ...]]:
    published = tuple(found.public(one) for one in found.in_state(*ROLES))
    return published, tuple(found.certificate(one)[0] for one in found.in_state("retired"))


def _openpgp(found: KeyFolder, one: Generation, path: Path, passwords: Passwords) -> OpenPgpKey:
    public, certificate = found.certificate(one)
    private = private_file.load(path, passwords)
    if private.public_key() != public.numbers:
        raise SignatureError(f"{path}: is not the private key of {one.certificate}")
    return RsaOpenPgpKey(public, certificate, in_memory(private))


def _apk(found: KeyFolder, one: Generation, path: Path, passwords: Passwords) -> ApkKey:
    public = found.apk(one)
    private = private_file.load(path, passwords)
    if apk_name(private.public_key(), found.file.organisation) != one.apk_name:
        raise SignatureError(f"{path}: is not the private key of {one.apk_name}")
    return ApkKey(one.apk_name, public, in_memory(private))
