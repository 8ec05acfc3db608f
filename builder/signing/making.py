"""Make a generation of keys: new private ones, or ones that GnuPG's agent or another program signs with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from builder.errors import SignatureError
from builder.signing import agent, keys, openpgp, private_file, statement_key
from builder.signing.generation import Generation, MadeKeys, MadeStatementKey, Pair, make
from builder.signing.outside import Outside
from builder.text import files
from builder.x509 import keys as private_keys

if TYPE_CHECKING:
    from pathlib import Path

    from builder.signing.generation import State, Wanted
    from builder.signing.key_folder import KeyFolder, KeysFile


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """What a new generation is made for; `time` is in seconds since 1970, and `signer` the owner's program.

    `pair` are new private keys where they are not to be made.
    """

    file: KeysFile
    number: int
    state: State
    time: int
    signer: tuple[str, ...] = ()
    pair: Pair | None = None

    def generation(
        self, fingerprint: str, created: int, apk_name: str, statement: statement_key.PublicStatementKey
    ) -> Generation:
        """Return the generation that has these keys, in files."""
        return Generation(
            number=self.number,
            state=self.state,
            created=created,
            since=self.time,
            fingerprint=fingerprint,
            apk_name=apk_name,
            statement_sha256=statement_key.fingerprint(statement),
        )


def made(making: Making, wanted: Wanted) -> MadeKeys:
    """Make a generation of keys; raise SignatureError or ToolError."""
    if wanted.public is not None:
        return _by_program(making, wanted.public)
    return _by_agent(making, wanted.gpg) if wanted.gpg else _in_files(making)


def statement(found: KeyFolder, one: Generation, pair: Pair | None) -> MadeStatementKey:
    """Make the key for statements of a generation that has none; a program signs with the one that it has."""
    by_program = one.apk == "program"
    private = None if by_program else pair.statement if pair else statement_key.new_private()
    public = private.public_key() if private else found.apk(one)[1]
    private_file.keep_from_core_dumps()
    complete = msgspec.structs.replace(
        one,
        statement="program" if by_program else "file",
        statement_sha256=statement_key.fingerprint(public),
    )
    return MadeStatementKey(complete, statement_key.pem(public), private)


def _in_files(making: Making) -> MadeKeys:
    pair, file = making.pair or make(), making.file
    raw = keys.in_memory(pair.openpgp)
    key = keys.openpgp_key(pair.openpgp.public_key(), raw, user_id=file.user_id, created=making.time)
    apk = keys.apk_key(pair.apk.public_key(), keys.in_memory(pair.apk), slug=file.organisation)
    one = making.generation(key.public.fingerprint, making.time, apk.name, pair.statement.public_key())
    statement = statement_key.pem(pair.statement.public_key())
    return MadeKeys(one, key.certificate, apk.public, statement, (pair.openpgp, pair.apk, pair.statement))


def _by_agent(making: Making, fingerprint: str) -> MadeKeys:
    pair = making.pair or make()
    certificate = agent.certificate(fingerprint)
    public, _ = openpgp.read_certificate(certificate)
    # Whether the agent has the private half, too, and that signs by itself.
    agent.AgentKey(public, certificate).sign(openpgp.BINARY, b"", time=making.time)
    apk = keys.apk_key(pair.apk.public_key(), keys.in_memory(pair.apk), slug=making.file.organisation)
    one = making.generation(public.fingerprint, public.created, apk.name, pair.statement.public_key())
    one = msgspec.structs.replace(one, openpgp="agent")
    statement = statement_key.pem(pair.statement.public_key())
    return MadeKeys(one, certificate, apk.public, statement, (pair.apk, pair.statement))


def _by_program(making: Making, path: Path) -> MadeKeys:
    if not making.signer:
        raise SignatureError(
            f"{path}: there is no program that signs with this key",
            hint="name it as repository.signer in trustpack.yaml",
        )
    public, label = _public(path), path.stem
    outside = Outside(making.signer, label, public)
    key = keys.openpgp_key(public, outside, user_id=making.file.user_id, created=making.time)
    apk = keys.apk_key(public, outside, slug=making.file.organisation)
    one = making.generation(key.public.fingerprint, making.time, apk.name, public)
    one = msgspec.structs.replace(one, openpgp="program", apk="program", statement="program", label=label)
    return MadeKeys(one, key.certificate, apk.public, statement_key.pem(public), ())


def _public(path: Path) -> rsa.RSAPublicKey:
    try:
        data = files.read(path)
        private_keys.refuse(
            data, str(path), hint="give the public half alone: the program has the private one"
        )
        found = serialization.load_pem_public_key(data)
    except OSError as error:
        raise SignatureError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise SignatureError(f"{path}: is no public key in PEM") from None
    if not isinstance(found, rsa.RSAPublicKey) or found.key_size < private_file.LEAST:
        raise SignatureError(
            f"{path}: is no RSA key of {private_file.LEAST} bits or more",
            hint="package managers take no other",
        )
    return found
