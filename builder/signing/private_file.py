"""Files that hold a private key or a password: read if nobody else can read them, and written so."""

from __future__ import annotations

import errno
import os
import resource
import stat
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from builder.errors import SignatureError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

MODE = 0o600
_OTHERS = 0o077
_LIMIT = 64 * 1024  # bytes; a key of 16,384 bits has 13,000
LEAST = 2048  # bits
_HINT = "give a file that holds it with --password-file, or run the command on a terminal"
# Opened so, a pipe is not waited for; the link itself is refused, wherever it leads.
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def keep_from_core_dumps() -> None:
    """Let this process, and those that it starts, leave no core dump: what is secret would be in it.

    A limit of one byte is too small for a core, and the one with which Linux hands none to a program such as
    systemd-coredump or apport, either; with 0 it does (fs/coredump.c).
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    limit = 0 if hard == 0 else 1
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))


def read(path: Path) -> bytes:
    """Return what a file holds that only its owner can read; raise SignatureError for any other."""
    keep_from_core_dumps()
    try:
        descriptor = os.open(path, _LOOK)
    except OSError as error:
        raise SignatureError(f"{path}: {_said(error)}") from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)  # a folder's is opened by nothing else, and its error would name a number
        raise SignatureError(f"{path}: is no regular file")
    with os.fdopen(descriptor, "rb") as stream:
        _refuse_readable(path, found)
        data = stream.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise SignatureError(f"{path}: is larger than a private key")
    return data


def read_passwords(path: Path) -> tuple[str, ...]:
    """Return the lines of a file that only its owner can read; raise SignatureError."""
    try:
        lines = tuple(read(path).decode("utf-8").splitlines())
    except UnicodeDecodeError:
        # What it holds must not be shown, so neither is Python's own message.
        raise SignatureError(f"{path}: cannot be read as UTF-8 text") from None
    if not any(lines):
        raise SignatureError(f"{path}: is empty, and was to hold a password")
    return lines


def _said(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "is a link, and a private key is read from no other place than its own"
    return f"cannot be read: {error.strerror}"


def _refuse_readable(path: Path, found: os.stat_result) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if mode & _OTHERS:
        raise SignatureError(
            f"{path}: others may read it: its mode is {mode:04o}",
            hint=f"'chmod 600 {path}'; if somebody may have read it, 'trustpack docs keys' tells what to do",
        )
    if found.st_uid not in {os.geteuid(), 0}:
        raise SignatureError(f"{path}: belongs to another user", hint="keys are read by their owner alone")


# Of a certificate that an authority has issued, and that is no site's.
CertificateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Passwords(msgspec.Struct, frozen=True):
    """How encrypted keys are opened: by one of `given`; without any, `ask` is called with the file's path."""

    given: tuple[str, ...] = ()
    ask: Callable[[str], str] | None = None

    def __repr__(self) -> str:
        """Show nothing of them."""
        return f"{type(self).__name__}()"

    def of(self, path: Path) -> tuple[str, ...]:
        """Return those to try for a file."""
        return self.given or ((self.ask(str(path)),) if self.ask else ())


NO_PASSWORDS = Passwords()


def load(path: Path, passwords: Passwords = NO_PASSWORDS) -> rsa.RSAPrivateKey:
    """Return the RSA key of a PEM file; raise SignatureError, which shows nothing of it."""
    found = _load(path, passwords)
    if not isinstance(found, rsa.RSAPrivateKey) or found.key_size < LEAST:
        raise SignatureError(
            f"{path}: is no RSA key of {LEAST} bits or more", hint="package managers take no other"
        )
    return found


def load_of_certificate(path: Path, passwords: Passwords = NO_PASSWORDS) -> CertificateKey:
    """Return the key of a PEM file that some certificate is about; raise SignatureError likewise."""
    found = _load(path, passwords)
    if not isinstance(found, CertificateKey):
        raise SignatureError(f"{path}: is neither an RSA key nor one on an elliptic curve")
    if isinstance(found, rsa.RSAPrivateKey) and found.key_size < LEAST:
        raise SignatureError(f"{path}: has {found.key_size} bits, and clients take no RSA key below {LEAST}")
    return found


def load_p256(path: Path, passwords: Passwords = NO_PASSWORDS) -> ec.EllipticCurvePrivateKey:
    """Return the key on P-256 of a PEM file; raise SignatureError, which shows nothing of it."""
    found = _load(path, passwords)
    if not isinstance(found, ec.EllipticCurvePrivateKey) or not isinstance(found.curve, ec.SECP256R1):
        raise SignatureError(f"{path}: is no key on P-256", hint="'trustpack keys complete' makes one")
    return found


def _load(path: Path, passwords: Passwords) -> PrivateKeyTypes:
    data = read(path)
    tried = passwords.of(path) if b"ENCRYPTED" in data else ("",)
    for password in tried:
        if (found := _loaded(path, data, password.encode() or None)) is not None:
            return found
    said = ": its password is wrong" if tried else ": is encrypted, and no password was given"
    raise SignatureError(f"{path}{said}", hint=_HINT)


def _loaded(path: Path, data: bytes, password: bytes | None) -> PrivateKeyTypes | None:
    """Return the key, or None where the password is wrong."""
    try:
        return serialization.load_pem_private_key(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library's own words may quote what it read.
        if password is None:
            raise SignatureError(f"{path}: is no private key in PEM, or is damaged") from None
        return None


def is_encrypted(path: Path) -> bool:
    """Tell whether a private key is there and encrypted; raise SignatureError where it cannot be read."""
    return path.exists() and b"ENCRYPTED" in read(path)


def encoded(private: CertificateKey, password: str = "") -> bytes:
    """Return a private key as its file has it, encrypted if there is a password."""
    keep_from_core_dumps()
    form, encoding = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password.encode())
    return private.private_bytes(encoding, form, encryption)
