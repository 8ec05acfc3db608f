"""Read a folder of keys into what signs a site, and what is public of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric import rsa

from builder.errors import SignatureError
from builder.signing import key_folder, private_file, statement_key
from builder.signing.agent import AgentKey
from builder.signing.generation import ROLES, SIGNING
from builder.signing.keyring import Keyring
from builder.signing.keys import ApkKey, RsaOpenPgpKey, in_memory
from builder.signing.outside import Outside
from builder.signing.private_file import NO_PASSWORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from builder.signing.generation import Generation
    from builder.signing.key_folder import KeyFolder
    from builder.signing.keyring import PublicKeys
    from builder.signing.keys import OpenPgpKey
    from builder.signing.openpgp import PublicKey
    from builder.signing.private_file import Passwords
    from builder.signing.statement_key import StatementKey


class SigningPair(NamedTuple):
    """The keys of a generation that signs; one that was made before had none for statements."""

    openpgp: OpenPgpKey
    apk: ApkKey
    statement: StatementKey | None


def read(
    folder: Path,
    *,
    organisation: str = "",
    passwords: Passwords = NO_PASSWORDS,
    signer: Sequence[str] = (),
    stolen: bool = False,
) -> Keyring:
    """Return what signs with the keys in `folder`; `organisation` is their slug.

    `signer` is the program that signs where the keys are not in files. With `stolen`, what withdrawn keys
    have signed counts as the site's own. Raises SignatureError.
    """
    found = key_folder.read(folder, organisation=organisation)
    pairs = [signing(found, one, passwords=passwords, signer=signer) for one in found.in_state(*SIGNING)]
    return Keyring(
        tuple(pair.openpgp for pair in pairs),
        tuple(pair.apk for pair in pairs),
        *_public(found, stolen=stolen),
        found.file.organisation,
        tuple(pair.statement for pair in pairs if pair.statement is not None),
    )


def refuse_inside(folder: Path, published: Path) -> None:
    """Raise SignatureError where keys lie in a folder that others get: a release's or a site's."""
    if folder.resolve().is_relative_to(published.resolve()):
        raise SignatureError(
            f"{folder}: lies in {published}, which is published", hint="move the keys to another place"
        )


def read_public(folder: Path, *, organisation: str = "") -> Keyring:
    """Return a folder's public keys: nothing can be signed with them; raise SignatureError."""
    found = key_folder.read(folder, organisation=organisation)
    return Keyring((), (), *_public(found), found.file.organisation)


def signing(
    found: KeyFolder, one: Generation, *, passwords: Passwords = NO_PASSWORDS, signer: Sequence[str] = ()
) -> SigningPair:
    """Return the keys of a generation, able to sign; raise SignatureError."""
    if "program" in {one.openpgp, one.apk} and not signer:
        raise SignatureError(
            f"{found.path}: a program signs with '{one.label}', and none is named",
            hint="name it as repository.signer in trustpack.yaml",
        )

    def raw(kind: str, keeper: str, public: rsa.RSAPublicKey, file: str) -> Callable[[bytes], bytes]:
        if keeper == "program":
            return Outside(tuple(signer), one.label, public)
        return _raw(found.path / f"{one.number}-{kind}.pem", passwords, public, file)

    public, certificate = found.certificate(one)
    pem, apk_public = found.apk(one)
    openpgp: OpenPgpKey = (
        AgentKey(public, certificate)
        if one.openpgp == "agent"
        else RsaOpenPgpKey(public, certificate, raw("openpgp", one.openpgp, public.numbers, one.certificate))
    )
    apk = ApkKey(one.apk_name, pem, raw("apk", one.apk, apk_public, one.apk_name))
    return SigningPair(openpgp, apk, _statement(found, one, passwords, signer))


def _statement(
    found: KeyFolder, one: Generation, passwords: Passwords, signer: Sequence[str]
) -> StatementKey | None:
    if (public := found.statement(one)) is None:
        return None
    if isinstance(public, rsa.RSAPublicKey):
        return statement_key.statement_key(public, Outside(tuple(signer), one.label, public))
    path = found.path / f"{one.number}-statement.pem"
    private = private_file.load_p256(path, passwords)
    if private.public_key() != public:
        raise SignatureError(f"{path}: is not the private key of {found.statement_file(one)}")
    return statement_key.statement_key(public, statement_key.in_memory(private))


def _public(
    found: KeyFolder, *, stolen: bool = False
) -> tuple[tuple[PublicKeys, ...], tuple[PublicKey, ...]]:
    past = ("retired", "withdrawn") if stolen else ("retired",)
    published = tuple(found.public(one) for one in found.in_state(*ROLES))
    return published, tuple(found.certificate(one)[0] for one in found.in_state(*past))


def _raw(path: Path, passwords: Passwords, public: rsa.RSAPublicKey, file: str) -> Callable[[bytes], bytes]:
    private = private_file.load(path, passwords)
    if private.public_key() != public:
        raise SignatureError(f"{path}: is not the private key of {file}")
    return in_memory(private)
