"""Public keys as somebody has them who checks: folders of keys, or files of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from builder.errors import SignatureError
from builder.signing import key_folder, statement_key, verifying
from builder.signing.generation import ROLES
from builder.signing.site_verifier import SiteVerifier
from builder.text import files
from builder.x509 import keys as private_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from builder.signing.key_folder import KeyFolder

_ARMORED = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_BELIEVED = (*ROLES, "retired")
_PEM = b"-----BEGIN PUBLIC KEY-----"


def read(paths: Iterable[Path]) -> SiteVerifier:
    """Return all keys in files, in folders of such files, and in folders that 'trustpack keys' made.

    The name of a key for apk or for statements is its file's. Raises SignatureError for what holds no public
    key, or a private one.
    """
    found = [one for path in paths for one in _read(path)]
    keys = dict.fromkeys(key for one in found for key in one.keys)
    apk = {name: key for one in found for name, key in one.apk_keys.items()}
    statement = {name: key for one in found for name, key in one.statement_keys.items()}
    return SiteVerifier(tuple(keys), apk, statement)


def _read(path: Path) -> Iterator[SiteVerifier]:
    if (path / key_folder.INDEX).exists():
        yield _of_folder(key_folder.read(path))
    elif path.is_dir():
        inside = [each for each in sorted(path.iterdir()) if each.is_file() and _is_public(each)]
        if not inside:
            raise SignatureError(f"{path}: holds no public keys")
        for each in inside:
            yield from _read(each)
    else:
        data = _content(path)
        private_keys.refuse(data, str(path), hint="give the public keys: nothing else is needed")
        yield of_data(path.name, data, str(path))


def _of_folder(found: KeyFolder) -> SiteVerifier:
    """Return a folder's keys, those too that sign no more: what they signed is still its own."""
    believed = found.in_state(*_BELIEVED)
    statement = {found.statement_file(one): found.statement(one) for one in believed}
    return SiteVerifier(
        tuple(found.certificate(one)[0] for one in believed),
        {one.apk_name: found.apk(one)[0] for one in believed},
        {name: statement_key.pem(key) for name, key in statement.items() if key is not None},
    )


def of_data(name: str, data: bytes, where: str) -> SiteVerifier:
    """Return the keys that a file of this name holds; raise SignatureError where it holds none."""
    if _ARMORED in data:
        return SiteVerifier(verifying.public_keys(data, where), {})
    if name.endswith(statement_key.ENDING) and statement_key.read_public(data):
        return SiteVerifier((), {}, {name: data})
    try:
        found = serialization.load_pem_public_key(data)
    except ValueError:
        found = None
    if not isinstance(found, rsa.RSAPublicKey):
        raise SignatureError(
            f"{where}: is no public key of OpenPGP's, apk's or for statements",
            hint="such as acme.asc, as a site has it",
        )
    return SiteVerifier((), {name: data})


def _is_public(path: Path) -> bool:
    data = _content(path)
    return _ARMORED in data or _PEM in data


def _content(path: Path) -> bytes:
    try:
        return files.read(path)
    except OSError as error:
        raise SignatureError(f"{path}: cannot be read: {error.strerror or error}") from None
