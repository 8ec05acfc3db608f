"""The folder of a site's keys: keys.json says which there are and what each is for; private ones are 0600.

What is public of a key stays here when its private half is moved to another place.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Annotated

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from builder.errors import SignatureError
from builder.signing import armor, openpgp, statement_key
from builder.signing.generation import ROLES, Generation
from builder.signing.keyring import PublicKeys
from builder.signing.keys import apk_name
from builder.signing.packets import Unsupported
from builder.text import files
from builder.text.values import END, LINE
from builder.x509 import keys as private_keys

if TYPE_CHECKING:
    from pathlib import Path

    from builder.signing.openpgp import PublicKey
    from builder.signing.statement_key import PublicStatementKey

INDEX = "keys.json"
_MODE, _OTHERS_WRITE = 0o700, 0o022
_MISSING = "'trustpack keys new' makes them; 'trustpack docs keys' tells about them"
_RESTORE = "bring the folder back as it was, or see 'trustpack docs keys'"


class KeysFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """keys.json: whose keys they are, by whose name, and every generation, the oldest first."""

    schema: int = 1
    organisation: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]*" + END)]
    user_id: Annotated[str, msgspec.Meta(pattern=LINE)]
    generations: tuple[Generation, ...]


class KeyFolder(msgspec.Struct, frozen=True):
    """A folder of keys as it was read: what is public of it."""

    path: Path
    file: KeysFile

    def __repr__(self) -> str:
        """Say which it is."""
        return f"{type(self).__name__}({str(self.path)!r})"

    def in_state(self, *states: str) -> tuple[Generation, ...]:
        """Return the generations in these states, in the states' order; of one state the newest first."""
        found = self.file.generations
        return tuple(one for state in states for one in reversed(found) if one.state == state)

    def public(self, one: Generation) -> PublicKeys:
        """Return the public keys of a generation; raise SignatureError unless keys.json names them so."""
        certificate, apk = self.certificate(one)[1], self.apk(one)[0]
        if (found := self.statement(one)) is None:
            return PublicKeys(ROLES[one.state], certificate, one.apk_name, apk)
        name, statement = self.statement_file(one), statement_key.pem(found)
        return PublicKeys(ROLES[one.state], certificate, one.apk_name, apk, name, statement)

    def certificate(self, one: Generation) -> tuple[PublicKey, bytes]:
        """Return a generation's OpenPGP key and its certificate's packets; raise SignatureError."""
        path = self.path / one.certificate
        try:
            (packets,) = armor.blocks(_read(path).decode("ascii"), armor.PUBLIC)
            public, _ = openpgp.read_certificate(packets)
        except (Unsupported, ValueError):
            raise SignatureError(
                f"{path}: is damaged, or no OpenPGP public key of RSA", hint=_RESTORE
            ) from None
        if (public.fingerprint, public.created) != (one.fingerprint, one.created):
            raise SignatureError(f"{path}: is not the key that {INDEX} names", hint=_RESTORE)
        return public, packets

    def apk(self, one: Generation) -> tuple[bytes, rsa.RSAPublicKey]:
        """Return a generation's public apk key as PEM and by its numbers; raise SignatureError."""
        path = self.path / one.apk_name
        data = _read(path)
        try:
            found = serialization.load_pem_public_key(data)
        except ValueError:
            found = None
        if not isinstance(found, rsa.RSAPublicKey):
            raise SignatureError(f"{path}: is damaged, or no RSA public key in PEM", hint=_RESTORE)
        if apk_name(found, self.file.organisation) != one.apk_name:
            raise SignatureError(f"{path}: is not the key that its name tells", hint=_RESTORE)
        return data, found

    def statement_file(self, one: Generation) -> str:
        """Return the name of the file that holds a generation's public key for statements; empty for none."""
        name = statement_key.file_name(one.statement_sha256, self.file.organisation)
        return name if one.statement_sha256 else ""

    def statement(self, one: Generation) -> PublicStatementKey | None:
        """Return a generation's public key for statements, None where it has none; raise SignatureError."""
        if not (name := self.statement_file(one)):
            return None
        path = self.path / name
        if (found := statement_key.read_public(_read(path))) is None:
            raise SignatureError(
                f"{path}: is damaged, or no public key of P-256 or RSA in PEM", hint=_RESTORE
            )
        if statement_key.fingerprint(found) != one.statement_sha256:
            raise SignatureError(f"{path}: is not the key that {INDEX} names", hint=_RESTORE)
        return found


def read(path: Path, *, organisation: str = "") -> KeyFolder:
    """Return a folder of keys; raise SignatureError where there is none, or others can enter it."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        raise SignatureError(f"{path}: there are no keys", hint=_MISSING) from None
    except OSError as error:
        raise SignatureError(f"{path}: cannot be read: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode):
        raise SignatureError(f"{path}: is no folder of keys", hint=_MISSING)
    mode = stat.S_IMODE(found.st_mode)
    # What is public may lie in a repository, as git checks it out; nobody else may put keys there.
    if mode & _OTHERS_WRITE or (mode & ~_MODE and any(path.glob("*.pem"))):
        raise SignatureError(f"{path}: others may enter it: its mode is {mode:04o}", hint=f"chmod 700 {path}")
    if found.st_uid not in {os.geteuid(), 0}:
        raise SignatureError(f"{path}: belongs to another user", hint="keys are read by their owner alone")
    folder = KeyFolder(path, _parse(path / INDEX, _read(path / INDEX)))
    if organisation and folder.file.organisation != organisation:
        raise SignatureError(
            f"{path}: holds the keys of '{folder.file.organisation}', not of '{organisation}'",
            hint="name the right folder as repository.keys in trustpack.yaml",
        )
    return folder


def _parse(path: Path, data: bytes) -> KeysFile:
    try:
        found = msgspec.json.decode(data, type=KeysFile)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SignatureError(f"{path}: is damaged, or not trustpack's", hint=_RESTORE) from None
    numbers = [one.number for one in found.generations]
    current = [one for one in found.generations if one.state == "current"]
    if found.schema != 1 or numbers != sorted(set(numbers)) or len(current) != 1:
        raise SignatureError(f"{path}: names no current key, or one twice", hint=_RESTORE)
    return found


def _read(path: Path) -> bytes:
    """Return a public file; raise SignatureError where it cannot be read, or holds what is private."""
    if path.is_symlink():
        raise SignatureError(f"{path}: is a link", hint=_RESTORE)
    try:
        data = files.read(path)
    except OSError as error:
        raise SignatureError(f"{path}: cannot be read: {error.strerror}", hint=_RESTORE) from None
    private_keys.refuse(data, str(path), hint="private keys belong into the files that end in .pem alone")
    return data
